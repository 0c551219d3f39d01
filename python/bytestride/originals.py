"""The libraries that `bytestride verify` compares with, as something that encodes a batch."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Literal, Protocol

from bytestride.definition import Definition
from bytestride.formats.live_objects import to_hf, to_tiktoken
from bytestride.published import GPT2_TIKTOKEN, PATTERNS
from bytestride.stages import Split

Library = Literal["tokenizers", "tiktoken"]


class Reference(Protocol):
    """What ids are compared with.

    Attributes
    ----------
    name : str
        The library and its version.
    notes : list of str
        What was left out or done in another way than usual, for both sides or for one.
    """

    name: str
    notes: list[str]

    def encode(self, texts: list[str], *, num_threads: int, allow_special: bool) -> list[list[int]]:
        """Encode texts; special tokens in them are matched, or are text like any other."""
        ...


def reference_of(
    library: Library,
    definition: Definition,
    path: str | os.PathLike[str],
    *,
    encoding: str | None = None,
) -> Reference:
    """Make the library's tokenizer for a file.

    Parameters
    ----------
    library
        Whose.
    definition
        What bytestride read from the file.
    path
        The file: where the library reads such files itself, it does.
    encoding
        The name of an encoding that tiktoken has, instead.

    Raises
    ------
    ModuleNotFoundError
        The library is not there.
    ValueError
        It cannot express this tokenizer; the message says why.
    """
    if library == "tiktoken":
        return TiktokenReference(definition, encoding)
    if encoding is not None:
        raise ValueError("--encoding names one of tiktoken's; it goes with --against tiktoken")
    return TokenizersReference(definition, path)


def pattern_notes(definition: Definition) -> list[str]:
    """Say which patterns bytestride does not scan itself."""
    pattern = definition.pattern
    known = {*PATTERNS.values(), GPT2_TIKTOKEN}
    return [
        f"fallback: the pattern {stage.pattern!r} is not one that bytestride scans itself; it goes "
        "through the regex package, exactly but slowly and on one thread"
        for stage in ((Split(pattern),) if isinstance(pattern, str) else pattern)
        if isinstance(stage, Split) and (stage.pattern not in known or stage.behavior != "isolated")
    ]


class TiktokenReference:
    """A `tiktoken.Encoding` of the definition, or one of tiktoken's own."""

    def __init__(self, definition: Definition, encoding: str | None) -> None:
        tiktoken: Any = _import("tiktoken")
        self.name = f"tiktoken {tiktoken.__version__}"
        self.notes: list[str] = []
        if encoding is not None:
            self._encoding = tiktoken.get_encoding(encoding)
            self.name += f" {encoding}"
        else:
            self._encoding = to_tiktoken(definition)
            self.notes.append(
                "tiktoken got the tokens, the pattern and the special tokens that bytestride read"
            )

    def encode(self, texts: list[str], *, num_threads: int, allow_special: bool) -> list[list[int]]:
        """Encode texts, on threads of Python's."""
        ids: list[list[int]]
        if num_threads == 1 and allow_special:
            ids = [self._encoding.encode(text, allowed_special="all") for text in texts]
        elif num_threads == 1:
            ids = [self._encoding.encode_ordinary(text) for text in texts]
        elif allow_special:
            ids = self._encoding.encode_batch(texts, num_threads=num_threads, allowed_special="all")
        else:
            ids = self._encoding.encode_ordinary_batch(texts, num_threads=num_threads)
        return ids


class TokenizersReference:
    """A `tokenizers.Tokenizer` of the same file, where that is its own, or of the definition."""

    def __init__(self, definition: Definition, path: str | os.PathLike[str]) -> None:
        tokenizers: Any = _import("tokenizers")
        self.name = f"tokenizers {tokenizers.__version__}"
        self.notes: list[str] = []
        source = definition.source
        if source is not None and source.kind == "tokenizer.json":
            self._tokenizer = tokenizers.Tokenizer.from_str(source.data.decode())
            self.notes += _left_out(json.loads(source.data))
        else:
            self._tokenizer = to_hf(definition)
            self.notes.append(
                f"tokenizers cannot read {Path(path).name}; it got a tokenizer.json that "
                "bytestride wrote"
            )
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def encode(self, texts: list[str], *, num_threads: int, allow_special: bool) -> list[list[int]]:
        """Encode texts; on more than one thread, on as many as the library takes."""
        tokenizer = self._tokenizer
        tokenizer.encode_special_tokens = not allow_special
        if num_threads == 1:
            return [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
        encode_batch = getattr(tokenizer, "encode_batch_fast", tokenizer.encode_batch)
        return [encoded.ids for encoded in encode_batch(texts, add_special_tokens=False)]


def _left_out(document: dict[str, Any]) -> list[str]:
    notes = []
    for key in ("truncation", "padding"):
        if document.get(key) is not None:
            notes.append(f"the {key} in the file is not applied, by either side")
    processor = document.get("post_processor")
    kinds = [str(part.get("type")) for part in _parts(processor)]
    kinds = [kind for kind in kinds if kind != "ByteLevel"]  # that one moves offsets only
    if kinds:
        notes.append(
            f"the post-processor in the file ({', '.join(kinds)}) is not applied, by either side: "
            "no special tokens are added"
        )
    return notes


def _parts(processor: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    if not isinstance(processor, dict):
        return []
    parts: list[dict[str, Any]] = processor.get("processors") or [processor]
    return parts


def _import(name: str) -> Any:  # noqa: ANN401
    import importlib

    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"comparing with {name} needs it: pip install {name}") from error
