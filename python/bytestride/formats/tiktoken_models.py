"""`.tiktoken` files of models, whose own code adds a pattern and special tokens to them.

Known by their content are Llama 3's `tokenizer.model` and Qwen's `qwen.tiktoken`; and by the class
that `tokenizer_config.json` beside the file names: Kimi's `tiktoken.model`, whose special tokens
that file lists, and Qwen's again. Facts are those of the models' own code: `llama/tokenizer.py` of
Llama 3, `tokenization_qwen.py` of Qwen and `tokenization_kimi.py` of Kimi-K2. Ids are those of
`tiktoken.Encoding` as that code makes it; the code of Llama 3 and of Kimi cuts texts after 400,000
characters, and runs without a space after 25,000, which is not done here.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bytestride.definition import AddedToken
from bytestride.errors import FormatError
from bytestride.formats.files import read_file
from bytestride.formats.json_fields import as_object, field
from bytestride.formats.json_text import parse_json
from bytestride.formats.token_lists import added_tokens_decoder
from bytestride.published import PATTERNS

CONFIG: Final = "tokenizer_config.json"

_LLAMA3: Final = "82e9d31979e92ab929cd544440f129d9ecd797b69e327f80f17e1c50d5551b55"
_QWEN: Final = "b2b1b8dfb5cc5f024bafc373121c6aba3f66f9a5a0269e243470a1de16a33186"

# Special tokens of Kimi that its file gives no name are called by their ids.
_KIMI_SPECIAL_TOKENS: Final = 256


@dataclass(frozen=True)
class Conventions:
    """What the code of a model adds to its file; `beside` are the files that were read for it."""

    name: str
    pattern: str
    added_tokens: tuple[AddedToken, ...]
    normalizer: str | None = None
    beside: tuple[tuple[str, bytes], ...] = ()


def conventions_of(
    data: bytes, n_tokens: int, path: str | os.PathLike[str] | None
) -> Conventions | None:
    """Find whose file this is; None for one that is not known.

    Parameters
    ----------
    data
        The content of the file.
    n_tokens
        How many tokens it has: special tokens come behind them.
    path
        Where it lies, if it does: a `tokenizer_config.json` beside it is read.

    Raises
    ------
    FormatError
        `tokenizer_config.json` is damaged.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 == _LLAMA3:
        return Conventions("llama3", PATTERNS["llama3"], _special(_llama3_contents(), n_tokens))
    config_path = None if path is None else Path(path).parent / CONFIG
    kind, config, raw = "", {}, b""
    if config_path is not None and config_path.is_file():
        raw = read_file(config_path)
        try:
            config = as_object(parse_json(raw), "the document")
            kind = field(config, "tokenizer_class", str, default="")
            if kind == "TikTokenTokenizer":
                added = _kimi_special_tokens(config, n_tokens)
                return Conventions("kimi_k2", PATTERNS["kimi_k2"], added, beside=((CONFIG, raw),))
        except ValueError as error:
            raise FormatError(f"{config_path}: {error}") from None
    if sha256 == _QWEN or kind == "QWenTokenizer":
        # Its code brings the whole text to NFC before it looks for special tokens.
        added = _special(_qwen_contents(), n_tokens, normalized=True)
        beside = ((CONFIG, raw),) if kind == "QWenTokenizer" else ()
        return Conventions("qwen", PATTERNS["qwen2"], added, "NFC", beside)
    return None


def _special(contents: list[str], first_id: int, **flags: bool) -> tuple[AddedToken, ...]:
    return tuple(AddedToken(content, first_id + i, **flags) for i, content in enumerate(contents))


def _llama3_contents() -> list[str]:
    reserved = [f"<|reserved_special_token_{i}|>" for i in range(251)]
    return [
        "<|begin_of_text|>",
        "<|end_of_text|>",
        *reserved[:4],
        "<|start_header_id|>",
        "<|end_header_id|>",
        reserved[4],
        "<|eot_id|>",
        *reserved[5:],
    ]


def _qwen_contents() -> list[str]:
    named = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    return [*named, *(f"<|extra_{i}|>" for i in range(205))]


def _kimi_special_tokens(config: Mapping[str, Any], n_tokens: int) -> tuple[AddedToken, ...]:
    listed = added_tokens_decoder(config)
    contents = {token.id: token.content for token in listed}
    for token_id in contents:
        if not n_tokens <= token_id < n_tokens + _KIMI_SPECIAL_TOKENS:
            raise FormatError(
                f"added_tokens_decoder.{token_id} is outside the {_KIMI_SPECIAL_TOKENS} special "
                f"tokens behind the {n_tokens} of the file"
            )
    return tuple(
        AddedToken(contents.get(token_id, f"<|reserved_token_{token_id}|>"), token_id)
        for token_id in range(n_tokens, n_tokens + _KIMI_SPECIAL_TOKENS)
    )
