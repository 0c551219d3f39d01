"""`tokenizer.json`, the file of Hugging Face's `tokenizers` library, for byte-level BPE.

What is read gives the ids of that library's ``encode(text, add_special_tokens=False)``, without the
truncation and padding that a file may ask for: post-processor, truncation and padding are kept in
the document and not applied. Decoding joins bytes, also for a file without a decoder (where the
other library joins printable forms with spaces). What bytestride cannot do exactly is refused, by
name.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from bytestride.definition import Definition, Source
from bytestride.errors import FormatError, shown
from bytestride.formats import bytelevel
from bytestride.formats.added_tokens import assigned_ids, entry_of, read_added_tokens
from bytestride.formats.bpe_model import ListedModel
from bytestride.formats.files import read_file, write_file
from bytestride.formats.json_fields import ELSEWHERE, MAX_PATH_CHARS, as_object, field, unsupported
from bytestride.formats.json_text import parse_json
from bytestride.formats.pre_tokenizer import read_pattern, write_pattern
from bytestride.formats.recovered_merges import proved_merges
from bytestride.formats.regex_dialect import dialect_of
from bytestride.formats.scanned_model import ScannedModel, scan


def read(path: str | os.PathLike[str]) -> Definition:
    """Read a `tokenizer.json`.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, PermissionError
        There is no file to read at this path.
    FormatError
        The file is no JSON, is damaged (the message gives the key), or asks for something that
        bytestride does not do (the message names it).
    """
    return parse(read_file(path), str(path))


BPE_OPTIONS: Final[Mapping[str, Any]] = {
    "type": "BPE",
    "dropout": None,
    "unk_token": None,
    "continuing_subword_prefix": None,
    "end_of_word_suffix": None,
    "fuse_unk": False,
    "byte_fallback": False,
    "ignore_merges": False,
}
"""Members of `model` beside the vocabulary and the merges, in their order, with their defaults."""


@dataclass(frozen=True)
class Parsed:
    """A `tokenizer.json`, read.

    Attributes
    ----------
    definition : Definition
    document : dict
        The file; what stands in it for the vocabulary and the merges means nothing.
    vocab : Mapping[str, int]
        `model.vocab`, with what stands in it only as an added token.
    """

    definition: Definition
    document: dict[str, Any]
    vocab: Mapping[str, int]


def parse(data: bytes, where: str) -> Definition:
    """Read the content of a `tokenizer.json`; `where` names it in messages."""
    return parse_whole(data, where).definition


def parse_whole(data: bytes, where: str) -> Parsed:
    """Read the content of a `tokenizer.json`, as `parse`, and give also what no definition has."""
    scanned = scan(data)
    if scanned is not None:
        # Read again, in the way that can say what is wrong.
        with suppress(ValueError, RecursionError):
            return _parsed(*scanned, data)
    try:
        return _parsed(_document(data), None, data)
    except ValueError as error:
        raise FormatError(f"{where}: {error}") from None
    except RecursionError:
        raise FormatError(f"{where}: nested too deeply to be a tokenizer") from None


def _document(data: bytes) -> dict[str, Any]:
    return as_object(parse_json(data), "the document")


def _parsed(document: dict[str, Any], scanned: ScannedModel | None, data: bytes) -> Parsed:
    version = field(document, "version", str, default="1.0")
    if version != "1.0":
        raise FormatError(f"version is {shown(version)}; only 1.0 is known")
    if "model" not in document:
        raise FormatError(
            "there is no 'model', so this is no tokenizer.json (a vocab.json is only a part of one)"
        )
    model = field(document, "model", dict)
    _check_model(model)
    check_decoder(document.get("decoder"))
    normalizer = read_normalizer(document.get("normalizer"))
    pattern = read_pattern(document.get("pre_tokenizer"))
    bpe = ListedModel(model) if scanned is None else scanned
    added = read_added_tokens(field(document, "added_tokens", list, default=[]), bpe.vocab)
    definition = Definition(
        tokens=bpe.ordinary_tokens({token.content for token in added}),
        merges=bpe.merges,
        pattern=pattern,
        added_tokens=added,
        whole_pieces=field(model, "ignore_merges", bool, "model", default=False),
        normalizer=normalizer,
        source=Source("tokenizer.json", data),
    )
    return Parsed(definition, document, bpe.vocab)


def _check_model(model: dict[str, Any]) -> None:
    kind = field(model, "type", str, "model", default="BPE" if "merges" in model else "missing")
    if kind != "BPE":
        raise FormatError(f"model.type is {kind[:40]}; only BPE over bytes is read. {ELSEWHERE}")
    # unk_token and fuse_unk may say anything: they act on a character that has no token, and
    # Definition sees to it that all 256 bytes have one.
    for key in ("dropout", "byte_fallback", "continuing_subword_prefix", "end_of_word_suffix"):
        if model.get(key):  # null, false, 0 and "" are all "none"
            unsupported(model[key], f"model.{key}")


def check_decoder(node: object) -> None:
    """Refuse a decoder that does more than join bytes; FormatError says which."""
    if (
        node is not None
        and field(as_object(node, "decoder"), "type", str, "decoder") != "ByteLevel"
    ):
        unsupported(node, "decoder")


def read_normalizer(value: object, path: str = "normalizer") -> str | None:
    """Find which normal form a normalizer makes; FormatError where it does anything else."""
    while value is not None:
        node = as_object(value, path)
        kind = field(node, "type", str, path)
        if kind == "NFC":
            return "NFC"
        parts = field(node, "normalizers", list, path) if kind == "Sequence" else [None, None]
        if len(parts) > 1:
            unsupported(node, path)
        # A sequence of one is that one, of none is none.
        value, path = parts[0] if parts else None, f"{path}.normalizers[0]"
        if len(path) > MAX_PATH_CHARS:
            raise FormatError("normalizer: sequences nested too deeply")
    return None


def write(definition: Definition, path: str | os.PathLike[str]) -> None:
    """Write a `tokenizer.json` that tokenizers reads with the same ids.

    A definition that was read from such a file is written as the same bytes; any other as a new
    document, laid out as that library lays it out.

    Raises
    ------
    ValueError
        The format cannot hold this tokenizer exactly; the message says why.
    OSError
        As `write_file`.
    """
    write_file(path, serialize(definition))


def serialize(definition: Definition) -> bytes:
    """Content of the file that `write` writes."""
    source = definition.source
    if source is None or source.kind != "tokenizer.json":
        return json.dumps(_new_document(definition), ensure_ascii=False, indent=2).encode()
    if parse(source.data, "source") != definition:
        raise ValueError(
            "the definition is not what its source says any more; set its source to None to write "
            "a new document, which will have no post-processor, truncation or padding"
        )
    return source.data


def _new_document(definition: Definition) -> dict[str, Any]:
    merges = definition.merges
    if merges is None:
        merges = proved_merges(definition)
    text_of = {
        token_id: bytelevel.to_text(token) for token_id, token in sorted(definition.tokens.items())
    }
    vocab = {text: token_id for token_id, text in text_of.items()}
    added_tokens = place_added_tokens(definition, vocab)
    decoder = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": True,
        "use_regex": False,
    }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added_tokens,
        "normalizer": definition.normalizer and {"type": definition.normalizer},
        "pre_tokenizer": write_pattern(definition.pattern, dialect_of(definition.source)),
        "post_processor": None,
        "decoder": decoder,
        "model": {
            **BPE_OPTIONS,
            "ignore_merges": definition.whole_pieces,
            "vocab": vocab,
            "merges": [[text_of[left], text_of[right]] for left, right in merges.tolist()],
        },
    }


def place_added_tokens(definition: Definition, vocab: dict[str, int]) -> list[dict[str, Any]]:
    """Entries of the added tokens; puts them into `vocab` where only that keeps their ids."""
    tokens = sorted(definition.added_tokens, key=lambda token: token.id)
    content_of: dict[int, str] = {}
    for token in tokens:
        if token.id in content_of:
            raise ValueError(
                f"added tokens {shown(content_of[token.id])} and {shown(token.content)} share id "
                f"{token.id}, and a tokenizer.json holds one text for an id; leave one of them out"
            )
        content_of[token.id] = token.content
        id_in_vocab = vocab.get(token.content)
        if id_in_vocab != token.id and (id_in_vocab is not None or token.id in definition.tokens):
            raise ValueError(
                f"added token {shown(token.content)} with id {token.id} would be taken for an "
                "ordinary token in a tokenizer.json, which writes bytes as printable characters"
            )
    if assigned_ids(content_of.values(), vocab) != list(content_of):
        vocab.update((token.content, token.id) for token in tokens)
    return [entry_of(token) for token in tokens]
