"""The vocabulary in a GGUF file of llama.cpp: `tokenizer.ggml.*` of model `gpt2`, byte-level BPE.

The file names its way of splitting (`tokenizer.ggml.pre`) and does not say it. Read are the names
whose regular expression in llama.cpp is one of ours; with another name, give `pattern`. Tokens of
type CONTROL and UNKNOWN are special, USER_DEFINED ones are added and always matched, UNUSED ones
are left out, and all others are ordinary. As llama.cpp does, nothing is normalised (Qwen's own
tokenizer makes NFC); the ids of beginning and end that a model wants are not added.
"""

from __future__ import annotations

import os
from typing import Final, TypeVar

from bytestride.definition import AddedToken, Definition
from bytestride.errors import FormatError, shown
from bytestride.formats.bpe_model import ordinary_tokens, read_merges
from bytestride.formats.files import open_file
from bytestride.formats.gguf_metadata import Value, read_metadata
from bytestride.published import PATTERNS, resolve_pattern

_MODEL: Final = "tokenizer.ggml.model"
_PRE: Final = "tokenizer.ggml.pre"
_TOKENS: Final = "tokenizer.ggml.tokens"
_TYPES: Final = "tokenizer.ggml.token_type"
_MERGES: Final = "tokenizer.ggml.merges"

_NORMAL, _UNKNOWN, _CONTROL, _USER_DEFINED, _UNUSED = 1, 2, 3, 4, 5

# Names of `src/llama-vocab.cpp` by the pattern that they stand for.
_PATTERN_OF_PRE: Final = {
    pre: pattern
    for pattern, names in {
        "gpt2": "gpt-2 phi-2 jina-es jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 mellum "
        "modern-bert exaone4 jina-v1-en jina-v2-code roberta-bpe",
        "llama3": "llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano "
        "dbrx smaug-bpe",
        "qwen2": "qwen2 deepseek-r1-qwen kormo f2llmv2 stablelm2 megrez hunyuan solar-open",
        "qwen35": "qwen35",
        "o200k": "gpt-4o llama4 kanana2 talkie",
        "tekken": "tekken",
        "deepseek_v3": "deepseek-v3",
        "kimi_k2": "kimi-k2",
        "starcoder": "starcoder refact command-r smollm codeshell exaone minerva-7b",
    }.items()
    for pre in names.split()
}
# Of these, a piece that is a token becomes it before any merge.
_WHOLE_PIECES: Final = frozenset(
    (
        *("llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0"),
        *("lfm2", "jina-v5-nano", "tekken"),
    )
)

T = TypeVar("T")


def read(path: str | os.PathLike[str], *, pattern: str | None = None) -> Definition:
    """Read the vocabulary of a GGUF file; of the file, only its metadata.

    Parameters
    ----------
    path : path of the file
    pattern : str, optional
        The name or text of the pattern, where the file's way of splitting is not known here.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, PermissionError
        There is no file to read at this path.
    FormatError
        The file is damaged, or holds a vocabulary of another kind.
    """
    try:
        with open_file(path) as file:
            metadata = read_metadata(file, {_MODEL, _PRE, _TOKENS, _TYPES, _MERGES})
        return _definition(metadata, pattern)
    except ValueError as error:
        raise FormatError(f"{path}: {error}") from None


def _definition(metadata: dict[str, Value], pattern: str | None) -> Definition:
    model = _get(metadata, _MODEL, str)
    if model != "gpt2":
        raise FormatError(f"{_MODEL} is {shown(model)}; only gpt2, byte-level BPE, is read")
    pre = _get(metadata, _PRE, str)
    if pattern is None and pre not in _PATTERN_OF_PRE:
        raise FormatError(f"{_PRE} is {shown(pre)}, whose pattern is not known; give pattern=")
    texts = _strings(metadata, _TOKENS)
    types = _get(metadata, _TYPES, list)
    if len(types) != len(texts):
        raise FormatError(f"{_TYPES} has {len(types)} items, and {_TOKENS} {len(texts)}")
    vocab: dict[str, int] = {}
    added = []
    for token_id, (text, kind) in enumerate(zip(texts, types, strict=True)):
        if kind in (_UNKNOWN, _CONTROL, _USER_DEFINED):
            added.append(AddedToken(text, token_id, special=kind != _USER_DEFINED))
        elif kind == _NORMAL:
            if text in vocab:
                raise FormatError(f"{_TOKENS}[{token_id}] is {shown(text)}, as is {vocab[text]}")
            vocab[text] = token_id
        elif kind != _UNUSED:
            raise FormatError(f"{_TYPES}[{token_id}] is {shown(kind)}, which no such token has")
    merges = read_merges({"merges": list(_strings(metadata, _MERGES))}, vocab)
    return Definition(
        tokens=ordinary_tokens(vocab, merges, set()),
        merges=merges,
        pattern=PATTERNS[_PATTERN_OF_PRE[pre]] if pattern is None else resolve_pattern(pattern),
        added_tokens=tuple(added),
        whole_pieces=pre in _WHOLE_PIECES,
    )


def _get(metadata: dict[str, Value], key: str, kind: type[T]) -> T:
    value = metadata.get(key)
    if type(value) is not kind:
        what = "is missing" if value is None else f"is {shown(value)}"
        raise FormatError(f"{key} {what}; it must be of type {kind.__name__}")
    return value


def _strings(metadata: dict[str, Value], key: str) -> list[str]:
    values = _get(metadata, key, list)
    if set(map(type, values)) - {str}:
        raise FormatError(f"{key} must hold strings, not {shown(values)}")
    return values
