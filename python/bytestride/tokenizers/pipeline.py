"""A byte-level tokenizer as a `tokenizer.json` says it: what text becomes and what ids decode to.

Immutable and shared by threads. Truncation, padding and special tokens by a template are not here;
this is what is between them. The engine is built when it is first needed, so that tokens can be
added one by one without building one for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from bytestride import _core
from bytestride.definition import AddedToken, Definition
from bytestride.errors import FormatError
from bytestride.formats import tokenizer_json
from bytestride.formats.json_text import compact
from bytestride.formats.pre_tokenizer import read_pattern
from bytestride.splitting import make_splitter
from bytestride.tokenizers.checks import checked_id
from bytestride.tokenizers.post_processor import PostProcessor, read_post_processor
from bytestride.tokenizers.vocabulary import (
    AddedVocabulary,
    ModelVocabulary,
    decoded_bytes,
    text_of_added,
)


class Model:
    """The BPE model: vocabulary, merges and options; what adding tokens does not change.

    Parameters
    ----------
    definition : Definition
        Whose tokens and merges it has.
    vocab : ModelVocabulary
    options : dict
        `model` of the document without its vocabulary and merges.
    """

    def __init__(
        self, definition: Definition, vocab: ModelVocabulary, options: dict[str, Any]
    ) -> None:
        self.definition = definition
        self.vocab = vocab
        self.options = options

    def to_json(self) -> dict[str, Any]:
        """Write the model as tokenizers 0.23 does."""
        texts = self.vocab.texts
        assert self.definition.merges is not None  # a document lists them
        merges = self.definition.merges.tolist()
        return self.options | {
            "vocab": {token: token_id for token_id, token in texts.items()},
            "merges": [[texts[left], texts[right]] for left, right in merges],
        }

    @cached_property
    def compact_json(self) -> str:
        """The same as text without white space, kept: it is most of every pickle."""
        return compact(self.to_json())


@dataclass(frozen=True, eq=False)
class Pipeline:
    """Model, added tokens, and the parts of the document that say what is done around the model.

    Attributes
    ----------
    model : Model
    added : AddedVocabulary
    nodes : dict
        `normalizer`, `pre_tokenizer`, `post_processor` and `decoder` as the document has them.
    """

    model: Model
    added: AddedVocabulary
    nodes: dict[str, Any]

    @classmethod
    def parse(cls, data: bytes, where: str) -> tuple[Pipeline, dict[str, Any]]:
        """Read a document, and give what else stands in it.

        Raises
        ------
        FormatError
            It is damaged, or asks for something that bytestride does not do.
        """
        parsed = tokenizer_json.parse_whole(data, where)
        document, definition = parsed.document, parsed.definition
        node = document["model"]
        options = {
            key: node.get(key, default) for key, default in tokenizer_json.BPE_OPTIONS.items()
        }
        nodes = {
            key: document.get(key)
            for key in ("normalizer", "pre_tokenizer", "post_processor", "decoder")
        }
        model = Model(definition, ModelVocabulary(parsed.vocab), options)
        try:
            self = cls(model, AddedVocabulary(definition.added_tokens), nodes)
            self._check()
        except FormatError as error:
            raise FormatError(f"{where}: {error}") from None
        return self, document

    def _check(self) -> None:
        """Refuse what the engine would do otherwise than the tokenizers library."""
        _ = self.post_processor
        for token in self.added.by_id.values():
            ordinary = self.model.definition.tokens.get(token.id)
            if ordinary is not None and ordinary != token.content.encode():
                raise FormatError(
                    f"added token {token.content!r} has the id {token.id} of the ordinary token "
                    f"{ordinary!r}, which bytestride does not tell apart"
                )

    def with_node(self, name: str, node: Any) -> Pipeline:
        """Give one with another normalizer, pre-tokenizer, post-processor or decoder.

        Raises
        ------
        FormatError
            It does something that bytestride does not do.
        """
        other = replace(self, nodes=self.nodes | {name: node})
        _ = other.pattern, other.normalizer, other.post_processor  # each raises what it refuses
        tokenizer_json.check_decoder(node if name == "decoder" else None)
        return other

    def with_added(self, tokens: Iterable[AddedToken]) -> tuple[Pipeline, int]:
        """Give one with more added tokens, and how many are new.

        Raises
        ------
        FormatError
            As `parse`.
        """
        added, n_added = self.added.with_tokens(tokens, self.model.vocab)
        other = replace(self, added=added)
        other._check()
        return other, n_added

    # What the nodes say

    @cached_property
    def pattern(self) -> Any:
        """How text is split."""
        return read_pattern(self.nodes["pre_tokenizer"])

    @cached_property
    def normalizer(self) -> str | None:
        """The normal form of text."""
        return tokenizer_json.read_normalizer(self.nodes["normalizer"])

    @cached_property
    def post_processor(self) -> PostProcessor | None:
        """What is done to encodings."""
        return read_post_processor(self.nodes["post_processor"])

    @cached_property
    def engine(self) -> _core.Engine:
        """The engine, with all added tokens."""
        splitter = make_splitter(
            self.pattern,
            self.added.for_splitter(),
            normalizer=self.normalizer,
            dialect="oniguruma",
            stacklevel=None,
        )
        definition = self.model.definition
        return _core.Engine(definition.vocab(), splitter, definition.whole_pieces)

    @cached_property
    def n_texts(self) -> int:
        """How many texts have an id."""
        return len(self.model.vocab) + self.added.n_beyond(self.model.vocab)

    @cached_property
    def overlap(self) -> str | None:
        """A pair of added tokens that `AddedVocabulary.overlap` finds."""
        return self.added.overlap()

    # Ids to texts

    def text_of(self, token_id: int) -> str | None:
        """Text that an id is known by."""
        token = self.added.by_id.get(token_id)
        if token is not None:
            return text_of_added(token, self.normalizer)
        return self.model.vocab.texts.get(token_id)

    @cached_property
    def texts(self) -> dict[int, str]:
        """All texts by id."""
        added = {
            token_id: text_of_added(token, self.normalizer)
            for token_id, token in self.added.by_id.items()
        }
        return self.model.vocab.texts | added

    @cached_property
    def _skipped(self) -> frozenset[int]:
        """Ids that `skip_special_tokens` leaves out."""
        special = self.added.special
        return frozenset(
            token_id
            for token_id in {*self.added.by_id, *map(self.model.vocab.id_of, special)}
            if token_id is not None and self.text_of(token_id) in special
        )

    @cached_property
    def _decodes_plainly(self) -> bool:
        """Whether each added token decodes to its content, as in the engine."""
        return all(
            decoded_bytes(text_of_added(token, self.normalizer)) == token.content.encode()
            for token in self.added.by_id.values()
        )

    def decode(self, ids: Sequence[int], *, skip_special_tokens: bool) -> str:
        """Text of ids; those that are no token's are left out."""
        if self.nodes["decoder"] is None or not self._decodes_plainly:
            return self._decode_one_by_one(ids, skip_special_tokens=skip_special_tokens)
        try:
            kept = ids
            if skip_special_tokens and not self._skipped.isdisjoint(ids):
                kept = [token_id for token_id in ids if token_id not in self._skipped]
            return self.engine.decode(kept)
        except (LookupError, TypeError, ValueError, OverflowError):
            return self._decode_one_by_one(ids, skip_special_tokens=skip_special_tokens)

    def _decode_one_by_one(self, ids: Sequence[int], *, skip_special_tokens: bool) -> str:
        tokens = [
            token
            for token_id in map(checked_id, ids)
            if (token := self.text_of(token_id)) is not None
            and not (skip_special_tokens and token in self.added.special)
        ]
        if self.nodes["decoder"] is None:
            return " ".join(tokens)
        return b"".join(map(decoded_bytes, tokens)).decode("utf-8", "replace")
