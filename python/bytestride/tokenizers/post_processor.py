"""The post-processor of a `tokenizer.json`: special tokens by a template, and trimmed offsets.

The rules are those of processors/ in tokenizers 0.23. Read are `ByteLevel`, `TemplateProcessing`,
`RobertaProcessing`, and a `Sequence` of at most a `ByteLevel` and then a template.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bytestride.errors import FormatError
from bytestride.formats.json_fields import as_object, field, unsupported
from bytestride.tokenizers.encoding import Encoding
from bytestride.tokenizers.runs import ConstantRun


@dataclass(frozen=True)
class Sequence:
    """The place of an input sequence in a template: 0 for the first, 1 for the second."""

    number: int
    type_id: int


Piece = Sequence | ConstantRun
Template = tuple[Piece, ...]


@dataclass(frozen=True)
class PostProcessor:
    """What is done to the encodings of one input or of a pair.

    Attributes
    ----------
    trim : bool or None
        As in `TextRun`: None where offsets keep white space.
    single, pair : Template or None
        Special tokens and inputs, in order; None where nothing is put anywhere.
    types_of_overflow : bool
        Whether the types of a template are those of what overflows, too (RobertaProcessing).
    """

    trim: bool | None = None
    single: Template | None = None
    pair: Template | None = None
    types_of_overflow: bool = False

    def n_added(self, is_pair: bool) -> int:
        """How many special tokens there are in the template."""
        template = (self.pair if is_pair else self.single) or ()
        return sum(piece.n for piece in template if isinstance(piece, ConstantRun))

    def process(
        self, encoding: Encoding, pair: Encoding | None, add_special_tokens: bool
    ) -> Encoding:
        """Put one input or a pair together; the arguments are used up."""
        encodings = [encoding] if pair is None else [encoding, pair]
        for i, each in enumerate(encodings):
            each.become_sequence(i)
            if self.trim is not None:
                each.trim(self.trim)
        template = self.single if pair is None else self.pair
        if template is None:
            return Encoding.merge(encodings, growing_offsets=False)
        merged = Encoding()
        for piece in template:
            if isinstance(piece, Sequence):
                part = encodings[piece.number].copy()
                part.retype(
                    piece.type_id,
                    with_overflowing=self.types_of_overflow and add_special_tokens,
                )
                part.set_sequence_id(piece.number)
                merged.append(part)
            elif add_special_tokens:
                merged.append(Encoding.of_run(piece))
        return merged


def default_process(encoding: Encoding, pair: Encoding | None) -> Encoding:
    """Put a pair together where a tokenizer has no post-processor."""
    if pair is None:
        return encoding
    merged = Encoding()
    for i, each in enumerate((encoding, pair)):
        each.set_sequence_id(i)
        merged.append(each)
    return merged


def read_post_processor(value: object) -> PostProcessor | None:
    """Read the `post_processor` of a document.

    Raises
    ------
    FormatError
        It is damaged, or does something that bytestride does not do; the message names it.
    """
    if value is None:
        return None
    parts = _flatten(as_object(value, "post_processor"), "post_processor")
    kinds = [field(part, "type", str, path) for part, path in parts]
    if kinds in ([], ["ByteLevel"], ["TemplateProcessing"], ["RobertaProcessing"]) or kinds == [
        "ByteLevel",
        "TemplateProcessing",
    ]:
        return _read_parts(parts)
    unsupported(value, "post_processor")


def _flatten(node: dict[str, Any], path: str) -> list[tuple[dict[str, Any], str]]:
    waiting, parts = [(node, path)], []
    while waiting:
        part, at = waiting.pop()
        if field(part, "type", str, at) != "Sequence":
            parts.append((part, at))
            continue
        inner = field(part, "processors", list, at)
        below = [f"{at}.processors[{i}]" for i in range(len(inner))]
        waiting += [(as_object(inner[i], below[i]), below[i]) for i in reversed(range(len(inner)))]
    return parts


def _read_parts(parts: list[tuple[dict[str, Any], str]]) -> PostProcessor:
    trim: bool | None = None
    result = PostProcessor()
    for node, path in parts:
        if node["type"] == "RobertaProcessing":
            return _read_roberta(node, path)
        if node["type"] == "ByteLevel":
            trim = _read_trim(node, path)
            result = PostProcessor(trim)
        else:
            tokens = field(node, "special_tokens", dict, path)
            single, pair = (
                _read_template(field(node, key, list, path), f"{path}.{key}", tokens)
                for key in ("single", "pair")
            )
            if any(isinstance(piece, Sequence) and piece.number for piece in single):
                raise FormatError(f"{path}.single has a second sequence")
            result = PostProcessor(trim, single, pair)
    return result


def _read_trim(node: dict[str, Any], path: str) -> bool | None:
    add_prefix_space = field(node, "add_prefix_space", bool, path)
    return add_prefix_space if field(node, "trim_offsets", bool, path) else None


def _read_roberta(node: dict[str, Any], path: str) -> PostProcessor:
    cls, sep = (_read_named_id(node, key, path) for key in ("cls", "sep"))
    first, second = Sequence(0, 0), Sequence(1, 0)
    return PostProcessor(
        _read_trim(node, path),
        (cls, first, sep),
        (cls, first, sep, sep, second, sep),
        types_of_overflow=True,
    )


def _read_named_id(node: dict[str, Any], key: str, path: str) -> ConstantRun:
    value = field(node, key, list, path)
    if len(value) != 2 or not isinstance(value[0], str) or not _is_id(value[1]):
        raise FormatError(f"{path}.{key} must be a token and its id, not {value!r:.80}")
    return ConstantRun((value[1],), (value[0],), 0, 1)


def _read_template(pieces: list[Any], path: str, tokens: dict[str, Any]) -> Template:
    result: list[Piece] = []
    for i, value in enumerate(pieces):
        at = f"{path}[{i}]"
        node = as_object(value, at)
        if set(node) == {"Sequence"}:
            inner = field(node, "Sequence", dict, at)
            name = field(inner, "id", str, f"{at}.Sequence")
            if name not in ("A", "B"):
                raise FormatError(f'{at}.Sequence.id must be "A" or "B", not {name!r:.80}')
            result.append(Sequence("AB".index(name), _read_type(inner, f"{at}.Sequence")))
        elif set(node) == {"SpecialToken"}:
            inner = field(node, "SpecialToken", dict, at)
            name = field(inner, "id", str, f"{at}.SpecialToken")
            type_id = _read_type(inner, f"{at}.SpecialToken")
            result.append(_read_special(tokens, name, type_id, path))
        else:
            raise FormatError(f"{at} must be a Sequence or a SpecialToken, not {value!r:.80}")
    return tuple(result)


def _read_type(node: dict[str, Any], path: str) -> int:
    type_id = field(node, "type_id", int, path)
    if not _is_id(type_id):
        raise FormatError(f"{path}.type_id is {type_id}, which is no type")
    return type_id


def _read_special(tokens: dict[str, Any], name: str, type_id: int, path: str) -> ConstantRun:
    where = f"post_processor special token {name!r:.80}"
    if name not in tokens:
        raise FormatError(f"{path} names {name!r:.80}, which is not in its special_tokens")
    node = as_object(tokens[name], where)
    ids = field(node, "ids", list, where)
    names = field(node, "tokens", list, where)
    if len(ids) != len(names) or not all(map(_is_id, ids)):
        raise FormatError(f"{where} must have as many tokens as ids")
    if not all(isinstance(token, str) for token in names):
        raise FormatError(f"{where} has a token that is no string")
    return ConstantRun(tuple(ids), tuple(names), type_id, 1)


def _is_id(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**32
