"""The texts and ids of a `tokenizer.json`'s model, and the tokens added to them.

The rules are those of added_vocabulary.rs in tokenizers 0.23. Both classes are immutable: adding
tokens makes another `AddedVocabulary`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property

from bytestride import _core
from bytestride.definition import AddedToken
from bytestride.formats import bytelevel


class ModelVocabulary:
    """Texts of a model, in the ByteLevel alphabet, and their ids.

    Parameters
    ----------
    vocab : Mapping[str, int]
        `model.vocab` as it stands in the file.
    """

    def __init__(self, vocab: Mapping[str, int]) -> None:
        self._vocab = vocab

    def __len__(self) -> int:
        return len(self._vocab)

    def id_of(self, token: str) -> int | None:
        """Give the id of a text."""
        return self._vocab.get(token)

    @cached_property
    def texts(self) -> dict[int, str]:
        """Text of each id, ascending by id."""
        return {token_id: token for token, token_id in sorted(self._vocab.items(), key=_id_of_item)}

    def to_dict(self) -> dict[str, int]:
        """Make a new dict of all texts and ids."""
        return dict(self._vocab.items())


def _id_of_item(item: tuple[str, int]) -> int:
    return item[1]


class AddedVocabulary:
    """Tokens that are found in the text before it is split.

    Parameters
    ----------
    tokens : iterable of AddedToken
    special : frozenset of str
        Contents that count as special: skipped in decoding, and left to the model where a call asks
        for that. A content stays special when it is added again as one that is not.
    """

    def __init__(
        self, tokens: Iterable[AddedToken] = (), special: frozenset[str] = frozenset()
    ) -> None:
        self._by_content = {token.content: token for token in tokens}
        self._special = special | {
            token.content for token in self._by_content.values() if token.special
        }

    @cached_property
    def by_id(self) -> dict[int, AddedToken]:
        """All tokens, ascending by id."""
        tokens = sorted(self._by_content.values(), key=lambda token: token.id)
        return {token.id: token for token in tokens}

    @property
    def special(self) -> frozenset[str]:
        """Contents that count as special."""
        return self._special

    def id_of(self, content: str) -> int | None:
        """Give the id of a content."""
        token = self._by_content.get(content)
        return None if token is None else token.id

    def ids(self) -> dict[str, int]:
        """Ids by content."""
        return {content: token.id for content, token in self._by_content.items()}

    def n_beyond(self, model: ModelVocabulary) -> int:
        """How many of them are not in the model's vocabulary."""
        return sum(model.id_of(content) is None for content in self._by_content)

    def for_splitter(self) -> list[AddedToken]:
        """Give the tokens as the engine takes them: special is what counts as special here."""
        return [
            replace(token, special=token.content in self._special) for token in self.by_id.values()
        ]

    def with_tokens(
        self, tokens: Iterable[AddedToken], model: ModelVocabulary
    ) -> tuple[AddedVocabulary, int]:
        """Add tokens, whose ids in the arguments mean nothing, and count those that are new.

        A content of the model's vocabulary has its id there; other new ones come behind the last.
        """
        merged = dict(self._by_content)
        next_id = max(max(self.by_id, default=-1) + 1, len(model))
        special, n_added = set(self._special), 0
        for token in tokens:
            if not token.content:
                continue
            old = merged.get(token.content)
            token_id = old.id if old is not None else model.id_of(token.content)
            if token_id is None:
                token_id = next_id
                next_id += 1
            new = replace(token, id=token_id)
            if new == old:
                continue
            merged[token.content] = new
            if new.special:
                special.add(token.content)
            n_added += 1
        return AddedVocabulary(merged.values(), frozenset(special)), n_added

    def overlap(self) -> str | None:
        """Name a special and an ordinary added token that may lie across each other in a text.

        Where special tokens are left to the model, the original passes over their texts whole, and
        finds no other token that begins or ends inside of one.
        """
        ordinary = [content for content in self._by_content if content not in self._special]
        for content in self._special:
            for other in ordinary:
                if other in content or content in other or _meet(content, other):
                    return f"{content!r} and {other!r}"
        return None


def _meet(one: str, other: str) -> bool:
    """Whether an end of one text is a begin of the other."""
    for left, right in ((one, other), (other, one)):
        for n in range(1, min(len(left), len(right))):
            if left.endswith(right[:n]):
                return True
    return False


def text_of_added(token: AddedToken, normalizer: str | None) -> str:
    """Give the text that an added token is known by: its content, normalised where it is to be."""
    if token.normalized and normalizer is not None:
        return _core.normalize_nfc(token.content).decode()
    return token.content


def decoded_bytes(text: str) -> bytes:
    """Bytes that a token's text decodes to: what its characters stand for, or else its UTF-8."""
    try:
        return bytelevel.to_bytes(text)
    except UnicodeEncodeError:
        return text.encode()
