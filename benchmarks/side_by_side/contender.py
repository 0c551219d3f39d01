"""What an encoder that is compared has to offer: ways, calls, and a vocabulary from a file.

A way is one public path: what it takes, what it gives. Ways of different encoders are compared
when they give the same: one array of ids and one of offsets, or a list of lists.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from side_by_side.environment import CACHE
from side_by_side.texts import DATA

OPENAI = ("gpt2", "cl100k", "o200k")
ALL = (*OPENAI, "llama3", "qwen3")
TIKTOKEN_FILES = {"gpt2": "r50k_base", "cl100k": "cl100k_base", "o200k": "o200k_base"}


def published_file(vocab: str) -> Path:
    """The file that a vocabulary is published as."""
    if vocab in TIKTOKEN_FILES:
        return DATA / "vocab" / f"{TIKTOKEN_FILES[vocab]}.tiktoken"
    return DATA / "vocab" / f"{vocab}.tokenizer.json"


def json_file(vocab: str) -> Path:
    """The vocabulary as a tokenizer.json; OpenAI's are written once, by bytestride.

    As Hugging Face's own copies have it, for others know the patterns by that wording (same
    pieces), and GPT-2's by no pattern at all: fastokens is ten times slower with any other form.
    Without special tokens, which no document holds and which leave gaps between ids that
    snaptokens refuses.
    """
    if vocab not in TIKTOKEN_FILES:
        return published_file(vocab)
    path = CACHE / "vocab" / f"{vocab}.tokenizer.json"
    if not path.exists():
        from bytestride import Tokenizer
        from bytestride.published import PATTERNS

        path.parent.mkdir(parents=True, exist_ok=True)
        definition = Tokenizer.load(published_file(vocab)).definition
        # The two wordings of cl100k differ in white space at the end of a text, not in ids.
        pattern = PATTERNS["llama3" if vocab == "cl100k" else vocab]
        Tokenizer(
            replace(definition, pattern=pattern, added_tokens=(), source=None, name=None)
        ).save(path)
        if vocab == "gpt2":
            document = json.loads(path.read_text())
            document["pre_tokenizer"] = {
                "type": "ByteLevel",
                "add_prefix_space": False,
                "trim_offsets": True,
                "use_regex": True,
            }
            document["model"]["ignore_merges"] = False
            path.write_text(json.dumps(document))
    return path


@dataclass(frozen=True)
class Way:
    """One path: the forms of its input (see texts.as_input) and output, and what to call."""

    form: str
    output: str  # "array": one array of ids and one of offsets; "lists": a list of lists
    method: str
    note: str


class Contender:
    """One encoder with one vocabulary and a number of threads.

    ``load`` is file to ready; ``prepare`` turns a form of input into the encoder's own, untimed.
    ``calls`` are, by name, its calls that encode one string to a list, there after ``load``.
    """

    name: ClassVar[str]
    package: ClassVar[str]
    vocabularies: ClassVar[tuple[str, ...]] = ALL
    ways: ClassVar[dict[str, Way]]
    call_names: ClassVar[tuple[str, ...]] = ("encode_ordinary",)
    reads: ClassVar[str] = "tokenizer.json"

    calls: dict[str, Callable[[str], list[int]]]

    def __init__(self, vocab: str, n_threads: int) -> None:
        self.vocab = vocab
        self.n_threads = n_threads
        self.modules()

    def modules(self) -> None:
        """Import what a call would import, so that no timing holds it."""

    def load(self) -> None:
        raise NotImplementedError

    def prepare(self, form: str, data: Any) -> Any:
        """Give the input the type that the encoder takes."""
        return data

    def arrays(self, output: str, result: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return a result as uint32 ids and int64 offsets."""
        if output == "lists":
            return from_lists(result)
        ids, offsets = result
        return np.asarray(ids), np.asarray(offsets)


def from_lists(lists: Iterable[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Return lists of ids as ids and offsets."""
    lengths = [len(ids) for ids in lists]
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    ids = np.fromiter(chain.from_iterable(lists), dtype=np.uint32, count=int(offsets[-1]))
    return ids, offsets
