"""The encoders that are compared, each by the paths that its users have.

An encoder is always given its own best input, and every way that could be that is here. Packages
are imported when an encoder is made, in a process of its own.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from side_by_side.contender import (
    OPENAI,
    TIKTOKEN_FILES,
    Contender,
    Way,
    from_lists,
    json_file,
    published_file,
)
from side_by_side.texts import SEPARATOR


class Bytestride(Contender):
    name = "bytestride"
    package = "bytestride"
    ways: ClassVar = {
        "offsets": Way("offsets", "array", "flat", "encode_ragged((buffer, offsets))"),
        "buffer": Way(
            "buffer", "array", "cut", "encode_ragged((buffer, cut_documents(buffer, separator)))"
        ),
        "strings": Way("strings", "array", "flat", "encode_ragged(strings)"),
        "lists": Way("strings", "lists", "lists", "encode_batch(strings)"),
    }
    call_names = ("encode_ordinary", "encode")
    reads = "the published file"

    def modules(self) -> None:
        import bytestride  # noqa: F401

    def load(self) -> None:
        from bytestride import Tokenizer

        self.tokenizer = Tokenizer.load(published_file(self.vocab))
        self.calls = {
            "encode_ordinary": self.tokenizer.encode_ordinary,
            "encode": self.tokenizer.encode,
        }

    def flat(self, data: Any) -> Any:
        return self.tokenizer.encode_ragged(data, num_threads=self.n_threads)

    def cut(self, data: bytes) -> Any:
        # Documents are found within the timed part, as gigatoken does with a BytesSource.
        from bytestride import cut_documents

        return self.flat((data, cut_documents(data, SEPARATOR)))

    def lists(self, data: list[str]) -> list[list[int]]:
        return self.tokenizer.encode_batch(data, num_threads=self.n_threads, disallowed_special=())


class Gigatoken(Contender):
    name = "gigatoken"
    package = "gigatoken"
    ways: ClassVar = {
        "buffer": Way("buffer", "array", "flat", "encode_batch(BytesSource(buffer, separator))"),
        "offsets": Way("offsets", "array", "flat", "encode_batch(awkward array of strings)"),
        "strings": Way("strings", "array", "flat", "encode_batch(strings)"),
        "file": Way("file", "array", "file", "encode_files(TextFileSource)"),
        "lists": Way("strings", "lists", "lists", "encode_batch_list(strings)"),
    }
    call_names = ("encode().tolist()",)
    reads = "the published file"

    def modules(self) -> None:
        import awkward  # noqa: F401
        import gigatoken  # noqa: F401

    def load(self) -> None:
        from gigatoken import Tokenizer

        file = published_file(self.vocab)
        openai = self.vocab in TIKTOKEN_FILES
        self.tokenizer = Tokenizer.from_tiktoken(file) if openai else Tokenizer(file)
        encode = self.tokenizer.backend.encode
        self.calls = {"encode().tolist()": lambda text: encode(text).tolist()}

    def prepare(self, form: str, data: Any) -> Any:
        import awkward as ak
        from gigatoken.gigatoken_rs import BytesSource, TextFileSource

        if form == "buffer":
            return BytesSource(data, SEPARATOR)
        if form == "file":
            return TextFileSource([data], SEPARATOR)
        if form == "offsets":
            buffer, offsets = data
            characters = ak.contents.NumpyArray(
                np.frombuffer(buffer, np.uint8), parameters={"__array__": "char"}
            )
            strings = {"__array__": "string"}
            return ak.Array(
                ak.contents.ListOffsetArray(
                    ak.index.Index64(offsets), characters, parameters=strings
                )
            )
        return data

    def flat(self, data: Any) -> Any:
        # With one thread the calling one does the work, without a pool.
        return self.tokenizer.encode_batch(data, parallel=self.n_threads > 1)

    def file(self, data: Any) -> Any:
        return self.tokenizer.encode_files(data, parallel=self.n_threads > 1)

    def lists(self, data: list[str]) -> list[list[int]]:
        return self.tokenizer.encode_batch_list(data, parallel=self.n_threads > 1)

    def arrays(self, output: str, result: Any) -> tuple[np.ndarray, np.ndarray]:
        if output == "lists":
            return from_lists(result)
        return np.asarray(result.layout.content.data), np.asarray(result.layout.offsets.data)


class _Flat(Contender):
    """Those with `encode_batch_flat`: two bytes objects, ids as uint32 and offsets as uint64."""

    ways: ClassVar = {
        "strings": Way("strings", "array", "flat", "encode_batch_flat(strings)"),
        "lists": Way("strings", "lists", "lists", "encode_batch(strings), .ids of each"),
    }

    def flat(self, data: list[str]) -> tuple[bytes, bytes]:
        return self.tokenizer.encode_batch_flat(data)

    def lists(self, data: list[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self.tokenizer.encode_batch(data)]

    def arrays(self, output: str, result: Any) -> tuple[np.ndarray, np.ndarray]:
        if output == "lists":
            return from_lists(result)
        ids, offsets = result
        return np.frombuffer(ids, np.uint32), np.frombuffer(offsets, np.uint64)


class Fastokens(_Flat):
    name = "fastokens"
    package = "fastokens"
    call_names = ("encode_ordinary().ids",)
    reads = "the published file, of gpt2 a tokenizer.json"

    def modules(self) -> None:
        import fastokens  # noqa: F401

    def load(self) -> None:
        from fastokens._native import Tokenizer

        if self.vocab in ("cl100k", "o200k"):
            file = str(published_file(self.vocab))
            name = TIKTOKEN_FILES[self.vocab]
            self.tokenizer = Tokenizer.from_tiktoken(file, encoding=name)
        else:
            self.tokenizer = Tokenizer.from_file(str(json_file(self.vocab)))
        encode = self.tokenizer.encode_ordinary
        self.calls = {"encode_ordinary().ids": lambda text: encode(text).ids}


class Snaptokens(_Flat):
    name = "snaptokens"
    package = "snaptokens"
    call_names = ("encode().ids",)

    def modules(self) -> None:
        import snaptokens  # noqa: F401

    def load(self) -> None:
        from snaptokens._native import Tokenizer

        self.tokenizer = Tokenizer.from_file(str(json_file(self.vocab)))
        encode = self.tokenizer.encode
        self.calls = {"encode().ids": lambda text: encode(text).ids}


class Splintr(_Flat):
    name = "splintr"
    package = "splintr-rs"
    ways: ClassVar = {
        "strings": Way("strings", "array", "flat", "encode_batch_flat(strings)"),
        "lists": Way("strings", "lists", "lists", "encode_batch(strings)"),
    }
    reads = "the published file"

    def modules(self) -> None:
        import splintr  # noqa: F401

    def load(self) -> None:
        import splintr

        file = str(published_file(self.vocab))
        if self.vocab in TIKTOKEN_FILES:
            patterns = {
                "gpt2": splintr.GPT2_PATTERN,
                "cl100k": splintr.CL100K_BASE_PATTERN,
                "o200k": splintr.O200K_BASE_PATTERN,
            }
            self.tokenizer = splintr.Tokenizer(file, patterns[self.vocab], {})
        else:
            self.tokenizer = splintr.from_json(file)
        self.calls = {"encode_ordinary": self.tokenizer.encode_ordinary}

    def lists(self, data: list[str]) -> list[list[int]]:
        return self.tokenizer.encode_batch(data)


class Toktok(Contender):
    name = "toktok"
    package = "toktok-rs"
    vocabularies = ("cl100k", "o200k")
    ways: ClassVar = {
        "strings": Way(
            "strings", "array", "flat", "encode_batch_to_numpy(strings), not a public path"
        ),
    }
    reads = "its own data"

    def modules(self) -> None:
        import toktok  # noqa: F401

    def load(self) -> None:
        import toktok

        self.tokenizer = toktok._encoding(TIKTOKEN_FILES[self.vocab])
        self.calls = {"encode_ordinary": self.tokenizer.encode_ordinary}

    def flat(self, data: list[str]) -> tuple[np.ndarray, np.ndarray]:
        return self.tokenizer.encode_batch_to_numpy(data, self.n_threads)


class Quicktok(Contender):
    name = "quicktok"
    package = "quicktok-v1"
    vocabularies = ("cl100k", "o200k", "llama3", "qwen3")
    ways: ClassVar = {
        "strings": Way("strings", "array", "flat", "encode_batch(strings)"),
    }
    reads = "its own data"

    def modules(self) -> None:
        import quicktok  # noqa: F401

    def load(self) -> None:
        import quicktok

        self.tokenizer = quicktok.get_encoding(TIKTOKEN_FILES.get(self.vocab, self.vocab))
        self.calls = {"encode_ordinary": self.tokenizer.encode_ordinary}

    def flat(self, data: list[str]) -> tuple[np.ndarray, np.ndarray]:
        return self.tokenizer.encode_batch(data, self.n_threads)


class Tiktoken(Contender):
    name = "tiktoken"
    package = "tiktoken"
    vocabularies = OPENAI
    ways: ClassVar = {
        "lists": Way("strings", "lists", "lists", "encode_ordinary_batch(strings)"),
    }
    reads = "the published file"

    def modules(self) -> None:
        import tiktoken.load  # noqa: F401

    def load(self) -> None:
        import tiktoken
        from tiktoken.load import load_tiktoken_bpe
        from tiktoken_ext import openai_public

        # The constructors of tiktoken fetch the file; theirs is replaced by the one at hand.
        path = str(published_file(self.vocab))
        openai_public.load_tiktoken_bpe = lambda *_, **__: load_tiktoken_bpe(path)
        build = getattr(openai_public, TIKTOKEN_FILES[self.vocab])
        self.tokenizer = tiktoken.Encoding(**build())
        self.calls = {"encode_ordinary": self.tokenizer.encode_ordinary}

    def lists(self, data: list[str]) -> list[list[int]]:
        return self.tokenizer.encode_ordinary_batch(data, num_threads=self.n_threads)


class HuggingFace(Contender):
    name = "tokenizers"
    package = "tokenizers"
    call_names = ("encode().ids",)
    ways: ClassVar = {
        "lists": Way("strings", "lists", "lists", "encode_batch_fast(strings), .ids of each"),
    }

    def modules(self) -> None:
        import tokenizers  # noqa: F401

    def load(self) -> None:
        from tokenizers import Tokenizer

        self.tokenizer = Tokenizer.from_file(str(json_file(self.vocab)))
        encode = self.tokenizer.encode
        self.calls = {"encode().ids": lambda text: encode(text, add_special_tokens=False).ids}

    def lists(self, data: list[str]) -> list[list[int]]:
        encodings = self.tokenizer.encode_batch_fast(data, add_special_tokens=False)
        return [encoding.ids for encoding in encodings]


class RsBpe(Contender):
    """Slower than others on text, quick on long runs: it takes part in single calls only."""

    name = "rs_bpe"
    package = "rs-bpe"
    vocabularies = ("cl100k", "o200k")
    ways: ClassVar = {}
    call_names = ("encode",)
    reads = "its own data"

    def modules(self) -> None:
        import rs_bpe  # noqa: F401

    def load(self) -> None:
        from rs_bpe import openai

        self.tokenizer = getattr(openai, TIKTOKEN_FILES[self.vocab])()
        self.calls = {"encode": self.tokenizer.encode}


class Wordchipper(Contender):
    """Slower than others on text, quick on long runs: it takes part in single calls only."""

    name = "wordchipper"
    package = "wordchipper"
    vocabularies = OPENAI
    ways: ClassVar = {}
    call_names = ("encode",)
    reads = "the published file"

    def modules(self) -> None:
        import wordchipper  # noqa: F401

        # It knows published names only, and looks for their files in its own cache.
        name = TIKTOKEN_FILES[self.vocab]
        cache = Path(os.environ["XDG_CACHE_HOME"]) / "io.crates.wordchipper" / "openai" / name
        cache.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(published_file(self.vocab), cache / f"{name}.tiktoken")

    def load(self) -> None:
        import wordchipper

        self.tokenizer = wordchipper.Tokenizer.from_pretrained(TIKTOKEN_FILES[self.vocab])
        if self.tokenizer.vocab_size < 1000:
            raise ValueError("it did not find the vocabulary and took bytes instead")
        self.calls = {"encode": self.tokenizer.encode}


CONTENDERS: dict[str, type[Contender]] = {
    contender.name: contender
    for contender in (
        Bytestride,
        Gigatoken,
        Fastokens,
        Snaptokens,
        Splintr,
        Toktok,
        Quicktok,
        Tiktoken,
        RsBpe,
        Wordchipper,
        HuggingFace,
    )
}
# Those that a whole corpus would hold up for minutes get its first megabytes.
SLOW = {"tokenizers": 10.0, "tiktoken": 30.0}
