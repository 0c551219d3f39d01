"""`vocab.json` and `merges.txt`, the two files that GPT-2 and models after it come in.

The first holds tokens in the ByteLevel alphabet with their ids, the second the merges in order.
Neither says how text is split or which tokens are special. That is taken from, in this order:

- the arguments `pattern` and `special_tokens`;
- `tokenizer_config.json`, `added_tokens.json` and `special_tokens_map.json` beside them, where they
  are: the class that the first names has a pattern (`GPT2Tokenizer` and `CodeGenTokenizer` "gpt2",
  `Qwen2Tokenizer` "qwen2" and NFC), and all three list added tokens;
- GPT-2's ways: its pattern, and `<|endoftext|>` special where the vocabulary has it, no merge makes
  it, and nobody names the tokens of beginning, end and unknown.

Ids are those of `tokenizers.models.BPE.from_file` with that pattern, and of the class in
transformers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from bytestride.definition import AddedToken, Definition, Source
from bytestride.errors import FormatError, shown
from bytestride.formats import bytelevel
from bytestride.formats.bpe_model import only_added, ordinary_tokens, read_merges, read_vocab
from bytestride.formats.files import read_file, write_file
from bytestride.formats.json_fields import as_object, field
from bytestride.formats.json_text import parse_json
from bytestride.formats.recovered_merges import proved_merges
from bytestride.formats.token_lists import (
    added_tokens_decoder,
    tokens_said_to_be_special,
    write_decoder,
)
from bytestride.formats.tokenizer_json import place_added_tokens
from bytestride.published import GPT2_TIKTOKEN, PATTERNS, resolve_pattern
from bytestride.stages import Pattern, SpaceBefore, Split

VOCAB: Final = "vocab.json"
MERGES: Final = "merges.txt"
CONFIG: Final = "tokenizer_config.json"
ADDED: Final = "added_tokens.json"
SPECIAL: Final = "special_tokens_map.json"

_END_OF_TEXT: Final = "<|endoftext|>"
_LIKE_GPT2: Final = ("GPT2", "CodeGen")
_LIKE_QWEN2: Final = ("Qwen2",)
_GPT2: Final = (PATTERNS["gpt2"], GPT2_TIKTOKEN)  # one grammar, in two texts


def read(
    path: str | os.PathLike[str],
    *,
    pattern: str | None = None,
    special_tokens: Mapping[str, int] | None = None,
) -> Definition:
    """Read the two files, from the path of either or of their folder.

    Files with something before their names, as `small-vocab.json` and `small-merges.txt`, belong
    together too.

    Parameters
    ----------
    path : path of a folder or of one of the files
    pattern : str, optional
        The name or text of the pattern.
    special_tokens : mapping of str to int, optional
        Content to id; then no other added tokens are looked for.

    Raises
    ------
    FileNotFoundError
        One of the two is not there.
    FormatError
        One of the files is damaged, or asks for something that bytestride does not do.
    """
    vocab_path, merges_path = _paths(Path(path))
    vocab_data, merges_data = read_file(vocab_path), read_file(merges_path)
    beside = [(merges_path.name, merges_data)]
    for name in (CONFIG, ADDED, SPECIAL):
        if (vocab_path.parent / name).is_file():
            beside.append((name, read_file(vocab_path.parent / name)))
    source = Source("vocab.json", vocab_data, tuple(beside))
    return parse(source, str(vocab_path.parent), pattern=pattern, special_tokens=special_tokens)


def _paths(path: Path) -> tuple[Path, Path]:
    if path.is_dir():
        vocab, merges = path / VOCAB, path / MERGES
    elif path.name.endswith(MERGES):
        vocab, merges = path.with_name(path.name[: -len(MERGES)] + VOCAB), path
    else:
        merges = path.with_name(path.name.removesuffix(VOCAB) + MERGES)
        vocab, merges = path, merges if path.name.endswith(VOCAB) else path.parent / MERGES
    for part, other in ((vocab, merges), (merges, vocab)):
        if not part.exists():
            raise FileNotFoundError(f"{part} is not there, and without it {other} is half of two")
    return vocab, merges


def parse(
    source: Source,
    where: str,
    *,
    pattern: str | None = None,
    special_tokens: Mapping[str, int] | None = None,
) -> Definition:
    """Read the content of the files; `where` names their folder in messages."""
    at = f"{where}: {VOCAB}"
    try:
        vocab = read_vocab({"vocab": as_object(parse_json(source.data), "the document")})
        at = f"{where}: {MERGES}"
        (_, merges_data), *others = source.beside
        merges = read_merges({"merges": _lines(merges_data)}, vocab)
        at = where
        files = {}
        for name, data in others:
            at = f"{where}: {name}"
            files[name] = as_object(parse_json(data), "the document")
        at = f"{where}: {CONFIG}"
        way, normalizer = _way_of_splitting(files.get(CONFIG, {}), pattern)
        at = where
        if special_tokens is not None:
            added = tuple(AddedToken(*item) for item in special_tokens.items())
        else:
            added = _added_tokens(files, vocab, merges)
        return Definition(
            tokens=ordinary_tokens(vocab, merges, {token.content for token in added}),
            merges=merges,
            pattern=way,
            added_tokens=added,
            normalizer=normalizer,
            source=source,
        )
    except ValueError as error:
        raise FormatError(f"{at}: {error}") from None
    except RecursionError:
        raise FormatError(f"{at}: nested too deeply to be a tokenizer") from None


def _lines(data: bytes) -> list[str]:
    """Lines of merges, as tokenizers takes them."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(f"not UTF-8 text at byte {error.start}") from None
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines, 1):
        if line.count(" ") != 1 and not line.startswith("#version"):
            raise FormatError(f"line {number} is {shown(line)}, not two tokens and a space")
    return [line for line in lines if not line.startswith("#version")]


def _way_of_splitting(config: dict[str, Any], given: str | None) -> tuple[Pattern, str | None]:
    """Pattern, the given one if there is one, and normaliser of the class that is named."""
    kind = field(config, "tokenizer_class", str, default="GPT2Tokenizer")
    family = kind.removesuffix("Fast").removesuffix("Tokenizer")
    pattern, normalizer = PATTERNS["gpt2"], None
    if family in _LIKE_QWEN2:
        pattern, normalizer = PATTERNS["qwen2"], "NFC"
    elif family not in _LIKE_GPT2 and given is None:
        raise FormatError(
            f"tokenizer_class is {shown(kind)}, whose way of splitting text is not known from "
            "these files; give pattern=, or the tokenizer.json"
        )
    pattern = pattern if given is None else resolve_pattern(given)
    if field(config, "add_prefix_space", bool, default=False):
        return (SpaceBefore(), Split(pattern)), normalizer
    return pattern, normalizer


def _added_tokens(
    files: Mapping[str, dict[str, Any]],
    vocab: dict[str, int],
    merges: npt.NDArray[np.uint32],
) -> tuple[AddedToken, ...]:
    config = files.get(CONFIG, {})
    tokens = {token.content: token for token in added_tokens_decoder(config)}
    special = list(tokens_said_to_be_special(config))
    roles = dict(config)
    if "added_tokens_decoder" not in config:
        special += tokens_said_to_be_special(files.get(SPECIAL, {}))
        roles |= files.get(SPECIAL, {})
        contents = {token.content for token in special}
        for content in files.get(ADDED, {}):
            token_id = field(files[ADDED], content, int, ADDED)
            is_special = content in contents
            token = AddedToken(content, token_id, special=is_special, normalized=not is_special)
            tokens.setdefault(content, token)
    is_default = any(f"{role}_token" not in roles for role in ("bos", "eos", "unk"))
    if is_default and _END_OF_TEXT in only_added(vocab, merges, {_END_OF_TEXT}):
        special.append(AddedToken(_END_OF_TEXT, 0))
    for token in special:
        known = tokens.get(token.content)
        if known is not None:
            tokens[token.content] = replace(known, special=True)
        elif token.content in vocab:
            tokens[token.content] = replace(token, id=vocab[token.content])
        else:
            raise FormatError(
                f"the special token {shown(token.content)} has no id, in {VOCAB} or in what lists "
                "added tokens; give special_tokens="
            )
    return tuple(sorted(tokens.values(), key=lambda token: token.id))


def write(definition: Definition, folder: str | os.PathLike[str]) -> None:
    """Write the two files, and `tokenizer_config.json` with all else, into a folder.

    `tokenizers` and transformers read them with the same ids. A definition that was read from such
    files is written as the same bytes.

    Raises
    ------
    ValueError
        The files cannot hold this tokenizer exactly; the message says why.
    OSError
        As `write_file`.
    """
    files = serialize(definition)
    folder = Path(folder)
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        write_file(folder / name, data)


def serialize(definition: Definition) -> dict[str, bytes]:
    """Content of the files that `write` writes, by their names."""
    source = definition.source
    if source is not None and source.kind == "vocab.json" and _reads_back(definition, source):
        (_, merges_data), *others = source.beside
        return {VOCAB: source.data, MERGES: merges_data, **dict(others)}
    remedy = "save it as tokenizer.json instead"
    config: dict[str, Any] = {"add_prefix_space": False}
    pattern = definition.pattern
    if isinstance(pattern, tuple) and pattern[:1] == (SpaceBefore(),):
        pattern, config["add_prefix_space"] = _one_pattern(pattern[1:]), True
    if pattern in _GPT2 and definition.normalizer is None:
        config["tokenizer_class"] = "GPT2Tokenizer"
    elif (pattern, definition.normalizer) == (PATTERNS["qwen2"], "NFC"):
        config["tokenizer_class"] = "Qwen2Tokenizer"
    else:
        raise ValueError(
            f"{VOCAB} and {MERGES} do not say how to split text, and no class of transformers that "
            f"reads them has the pattern {shown(definition.pattern)} with the normaliser "
            f"{definition.normalizer}; {remedy}"
        )
    if definition.whole_pieces and len(unreachable := definition.vocab().unreachable()):
        first = int(unreachable[0])
        raise ValueError(
            f"{len(unreachable)} tokens are never made by merging (the first is id {first}, "
            f"{shown(definition.tokens[first])}), and these files cannot say that a pretoken that "
            f"is such a token becomes it; {remedy}"
        )
    merges = definition.merges if definition.merges is not None else proved_merges(definition)
    config["added_tokens_decoder"] = write_decoder(definition.added_tokens)
    text_of = {
        token_id: bytelevel.to_text(token) for token_id, token in sorted(definition.tokens.items())
    }
    vocab = {text: token_id for token_id, text in text_of.items()}
    place_added_tokens(definition, vocab)
    lines = ["#version: 0.2", *(f"{text_of[a]} {text_of[b]}" for a, b in merges.tolist()), ""]
    return {
        VOCAB: json.dumps(vocab, ensure_ascii=False).encode(),
        MERGES: "\n".join(lines).encode(),
        CONFIG: json.dumps(config, ensure_ascii=False, indent=2).encode(),
    }


def _one_pattern(stages: tuple[Any, ...]) -> Pattern:
    is_one = len(stages) == 1 and isinstance(stages[0], Split) and stages[0].behavior == "isolated"
    return stages[0].pattern if is_one else stages


def _reads_back(definition: Definition, source: Source) -> bool:
    """Whether the files say all of it: what was given by arguments, they do not."""
    return parse(source, "source") == definition
