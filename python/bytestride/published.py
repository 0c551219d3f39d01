r"""Published patterns and vocabularies: names, texts, hashes, special tokens.

Nothing here opens a network connection. Facts about vocabularies are those of tiktoken 0.14
(`tiktoken_ext/openai_public.py`); a file is trusted by its SHA-256 alone.

A pattern is named after the vocabulary that made it known. Some grammars have two texts: "gpt2" is
written here as in GPT-2's release and Hugging Face's ByteLevel, while tiktoken has `GPT2_TIKTOKEN`,
which gives the same pieces; "cl100k" is tiktoken's text, and "llama3" the one that Hugging Face
files use for the same vocabulary: it cuts white space after the last newline even at the end of a
text, which gives other pieces though, with that vocabulary, the same ids. The texts of
"deepseek_v3" and "starcoder" are ours: files write those as splits one after the other, which
`stages.SEQUENCES` holds.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bytestride import _core

_KNOWN: Final = _core.known_patterns()

PATTERNS: Final[Mapping[str, str]] = MappingProxyType(
    {name: dict(reversed(_KNOWN))[name] for name, _ in _KNOWN}
)
"""Regular expression texts by name, the one that we write where a name has several."""

GPT2_TIKTOKEN: Final = next(
    pattern for name, pattern in _KNOWN if name == "gpt2" and pattern != PATTERNS[name]
)
"""tiktoken's text of the "gpt2" grammar, for r50k and p50k too."""


def resolve_pattern(pattern: str) -> str:
    """Turn the name of a pattern into its text; a regular expression is given back as it is.

    Raises
    ------
    ValueError
        The text is empty, or looks like a name (letters, digits, `_` and `-` only), an unknown one.
    """
    if not isinstance(pattern, str):
        raise TypeError(f"pattern must be a str, not {type(pattern).__name__}")
    if pattern in PATTERNS:
        return PATTERNS[pattern]
    if re.fullmatch(r"[A-Za-z0-9_-]*", pattern):
        raise ValueError(
            f"{pattern!r} is no known pattern; the names are {', '.join(PATTERNS)}, "
            "and anything else must be a regular expression"
        )
    return pattern


@dataclass(frozen=True)
class VocabFile:
    """A file that published vocabularies are kept in.

    Attributes
    ----------
    name : str
        Its plain name.
    sha256 : str
        SHA-256 of its content, in hex.
    cache_name : str
        Its name in tiktoken's cache: SHA-1, in hex, of the address it is published at.
    """

    name: str
    sha256: str
    cache_name: str


@dataclass(frozen=True)
class Published:
    """A published vocabulary.

    Attributes
    ----------
    name : str
        The name tiktoken knows it by.
    file_name : str
        The plain name of its file of ranks.
    sha256 : str
        SHA-256 of that file, in hex.
    cache_name : str
        The name of that file in tiktoken's cache: SHA-1, in hex, of the address it is published at.
    pattern : str
        Its regular expression.
    special_tokens : Mapping[str, int]
        Content to id; where two contents share an id, the first is what the id decodes to.
    """

    name: str
    file_name: str
    sha256: str
    cache_name: str
    pattern: str
    special_tokens: Mapping[str, int]


_END_OF_TEXT = "<|endoftext|>"
_END_OF_PROMPT = "<|endofprompt|>"
_FILL_IN_THE_MIDDLE = ("<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>")

# SHA-256 of the content, SHA-1 of the address.
_HASHES = {
    "r50k_base.tiktoken": (
        "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
        "0ea1e91bbb3a60f729a8dc8f777fd2fc07cd8df4",
    ),
    "p50k_base.tiktoken": (
        "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069",
        "ec7223a39ce59f226a68acc30dc1af2788490e15",
    ),
    "cl100k_base.tiktoken": (
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
    ),
    "o200k_base.tiktoken": (
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        "fb374d419588a4632f3f557e76b4b70aebbca790",
    ),
    # GPT-2's own two files hold the ranks of r50k_base in another form.
    "vocab.bpe": (
        "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
        "6d1cbeee0f20b3d9449abfede4726ed8212e3aee",
    ),
    "encoder.json": (
        "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783",
        "6c7ea1a7e38e3a7f062df639a5b80947f075ffe6",
    ),
}

FILES: Final[Mapping[str, VocabFile]] = MappingProxyType(
    {name: VocabFile(name, *hashes) for name, hashes in _HASHES.items()}
)
"""Files by plain name."""


def _harmony_special_tokens() -> dict[str, int]:
    named = {
        _END_OF_TEXT: 199999,
        _END_OF_PROMPT: 200018,
        "<|startoftext|>": 199998,
        "<|return|>": 200002,
        "<|constrain|>": 200003,
        "<|channel|>": 200005,
        "<|start|>": 200006,
        "<|end|>": 200007,
        "<|message|>": 200008,
        "<|call|>": 200012,
    }
    # From 200013 on every id has a reserved name, 200018 too, which so has two.
    reserved = (200000, 200001, 200004, 200009, 200010, 200011, *range(200013, 201088))
    return named | {f"<|reserved_{token_id}|>": token_id for token_id in reserved}


def _published(name: str, file: str, pattern: str, special_tokens: dict[str, int]) -> Published:
    kept_in = FILES[f"{file}.tiktoken"]
    return Published(
        name,
        kept_in.name,
        kept_in.sha256,
        kept_in.cache_name,
        pattern,
        MappingProxyType(special_tokens),
    )


# The first vocabulary of a file is the one that its content is taken for.
PUBLISHED: Final[Mapping[str, Published]] = MappingProxyType(
    {
        record.name: record
        for record in (
            _published("r50k_base", "r50k_base", GPT2_TIKTOKEN, {_END_OF_TEXT: 50256}),
            _published("gpt2", "r50k_base", GPT2_TIKTOKEN, {_END_OF_TEXT: 50256}),
            _published("p50k_base", "p50k_base", GPT2_TIKTOKEN, {_END_OF_TEXT: 50256}),
            _published(
                "p50k_edit",
                "p50k_base",
                GPT2_TIKTOKEN,
                {_END_OF_TEXT: 50256}
                | {content: 50281 + i for i, content in enumerate(_FILL_IN_THE_MIDDLE)},
            ),
            _published(
                "cl100k_base",
                "cl100k_base",
                PATTERNS["cl100k"],
                {_END_OF_TEXT: 100257}
                | {content: 100258 + i for i, content in enumerate(_FILL_IN_THE_MIDDLE)}
                | {_END_OF_PROMPT: 100276},
            ),
            _published(
                "o200k_base",
                "o200k_base",
                PATTERNS["o200k"],
                {_END_OF_TEXT: 199999, _END_OF_PROMPT: 200018},
            ),
            _published("o200k_harmony", "o200k_base", PATTERNS["o200k"], _harmony_special_tokens()),
        )
    }
)
"""Published vocabularies by name."""


def identify(data: bytes) -> Published | None:
    """Tell whether `data` is the file of a published vocabulary, by its SHA-256.

    Of names that share a file, the one it is named after is given (r50k_base, not gpt2).
    """
    sha256 = hashlib.sha256(data).hexdigest()
    return next((record for record in PUBLISHED.values() if record.sha256 == sha256), None)


def identify_file(data: bytes) -> VocabFile | None:
    """Tell whether `data` is a file of a published vocabulary, by its SHA-256."""
    sha256 = hashlib.sha256(data).hexdigest()
    return next((file for file in FILES.values() if file.sha256 == sha256), None)


def published(name: str) -> Published:
    """Record of a published vocabulary; ValueError, listing the names, for another name."""
    try:
        return PUBLISHED[name]
    except KeyError:
        raise ValueError(
            f"{name!r} is no published vocabulary; the names are {', '.join(PUBLISHED)}"
        ) from None
