"""A vocabulary in use: encode, decode, and cut texts where tokens end."""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from bytestride.definition import AddedToken
from bytestride.reference.added_tokens import split_at_added_tokens
from bytestride.reference.merging import Pair, merge_word, token_bytes
from bytestride.reference.splitting import places_of_bytes, split_bytes
from bytestride.reference.texts import characters_of_bytes, to_utf8
from bytestride.stages import Pattern


class Tokenizer:
    """Encodes and decodes with a given vocabulary.

    Parameters
    ----------
    tokens : mapping of int to bytes
        Bytes of each ordinary token; all 256 single bytes are among them, and none stands twice.
    merges : sequence of (int, int), or None
        Pairs of ids in the order of their ranks; what a pair becomes is the token with the joined
        bytes (Hugging Face's rule). None: neighbours merge when their joined bytes are a token, the
        lowest id first (tiktoken's rule).
    pattern : str or tuple of stages
        Regular expression of the pretokens, or splits one after the other.
    special_tokens : mapping of str to int
        Ids of texts that become one id, where the caller of `encode` allows it.
    whole_pieces : bool
        A pretoken that is a token becomes that token before any merge. tiktoken does so always;
        Hugging Face calls it "ignore_merges".
    added_tokens : sequence of AddedToken
        More texts that become one id: the special ones where the caller of `encode` allows it, the
        others always.
    normalise : callable
        Gives the normal form of some UTF-8; by default the bytes as they are.
    """

    def __init__(
        self,
        tokens: Mapping[int, bytes],
        merges: Iterable[Pair] | None,
        pattern: Pattern,
        special_tokens: Mapping[str, int] | None = None,
        whole_pieces: bool = False,
        added_tokens: Sequence[AddedToken] = (),
        normalise: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self.ids = {token: token_id for token_id, token in tokens.items()}
        if len(self.ids) < len(tokens):
            raise ValueError("two tokens have the same bytes")
        if not {bytes([byte]) for byte in range(256)} <= self.ids.keys():
            raise ValueError("some of the 256 single bytes have no token")
        special = (AddedToken(*item) for item in (special_tokens or {}).items())
        self.added_tokens = (*special, *added_tokens)
        self.special_tokens = {t.content: t.id for t in self.added_tokens if t.special}
        self.bytes_of = dict(tokens)
        for token in self.added_tokens:
            self.bytes_of.setdefault(token.id, token.content.encode())
        self.normalise = normalise
        self.pattern = pattern
        self.whole_pieces = whole_pieces
        self.merge_ranks: dict[tuple[bytes, bytes], int] | None = None
        if merges is not None:
            self.merge_ranks = {
                (tokens[left], tokens[right]): rank for rank, (left, right) in enumerate(merges)
            }

    @classmethod
    def from_merges(
        cls, merges: Sequence[Pair], pattern: Pattern, special_tokens: Sequence[str] = ()
    ) -> Tokenizer:
        """Tokenizer of what `train` learned; special tokens get the ids after the last merge."""
        tokens = dict(enumerate(token_bytes(merges)))
        special = {token: len(tokens) + i for i, token in enumerate(special_tokens)}
        return cls(tokens, merges, pattern, special)

    @classmethod
    def from_ranks(
        cls, ranks: Mapping[bytes, int], pattern: Pattern, special_tokens: Mapping[str, int]
    ) -> Tokenizer:
        """Tokenizer of tiktoken's ranks: the id of each token's bytes."""
        tokens = {token_id: token for token, token_id in ranks.items()}
        return cls(tokens, None, pattern, special_tokens, whole_pieces=True)

    def encode_word(self, word: bytes) -> list[int]:
        """Ids of one pretoken."""
        if self.whole_pieces and word in self.ids:
            return [self.ids[word]]
        merge_ranks = self.merge_ranks
        if merge_ranks is None:
            parts = merge_word(word, lambda left, right: self.ids.get(left + right))
        else:
            parts = merge_word(word, lambda left, right: merge_ranks.get((left, right)))
        return [self.ids[part] for part in parts]

    def encode(self, text: str | bytes, allowed_special: Collection[str] = ()) -> list[int]:
        """Ids of a text.

        Special tokens named in `allowed_special` become their ids; the others are ordinary text.
        """
        return [token_id for token_id, _, _ in self._encode_with_places(text, allowed_special)]

    def _encode_with_places(
        self, text: str | bytes, allowed_special: Collection[str]
    ) -> list[tuple[int, int, int]]:
        """Ids of a text, each with the begin and end of its bytes, if that is as normalised."""
        unknown = set(allowed_special) - self.special_tokens.keys()
        if unknown:
            raise ValueError(f"{sorted(unknown)[0]!r} is no special token of this tokenizer")
        wanted = [t for t in self.added_tokens if not t.special or t.content in allowed_special]
        ids = []
        for data, begin, token in split_at_added_tokens(to_utf8(text), wanted, self.normalise):
            if token is not None:
                ids.append((token.id, begin, begin + len(data)))
                continue
            words = split_bytes(data, self.pattern)
            places = iter(places_of_bytes(data, words))
            for token_id in itertools.chain.from_iterable(map(self.encode_word, words)):
                own = [next(places) for _ in self.bytes_of[token_id]]
                ids.append((token_id, begin + own[0][0], begin + own[-1][1]))
        return ids

    def encode_with_offsets(
        self, text: str, unit: str = "char", allowed_special: Collection[str] = ()
    ) -> tuple[list[int], list[tuple[int, int]]]:
        """Ids of a text, and the begin and end of each token in it.

        In bytes of its UTF-8, or in characters: then a part of a character counts as the whole.
        ValueError for a text that the normaliser changes.
        """
        self._refuse_to_align(text)
        characters = characters_of_bytes(text)
        ids, offsets = [], []
        for token_id, begin, end in self._encode_with_places(text, allowed_special):
            ids.append(token_id)
            offsets.append(
                (begin, end) if unit == "byte" else (characters[begin][0], characters[end - 1][1])
            )
        return ids, offsets

    def _refuse_to_align(self, text: str) -> None:
        if self.normalise(to_utf8(text)) != to_utf8(text):
            raise ValueError("the normaliser changes the text; its places are not followed here")

    def cuts(self, text: str, allowed_special: Collection[str] = ()) -> list[int | None]:
        """Where a text may be cut before each of its tokens, and behind the last.

        The index of the character that begins there; None inside of a character, between it and a
        space that was put before it, and where the next token begins before the end of this one.
        ValueError for a text that the normaliser changes.
        """
        self._refuse_to_align(text)
        characters = characters_of_bytes(text)
        first_bytes = {}
        for byte, (begin, _) in reversed(list(enumerate(characters))):
            first_bytes[begin] = byte
        character_at = {byte: begin for begin, byte in first_bytes.items()}
        character_at[len(characters)] = len(text)
        places = [place[1:] for place in self._encode_with_places(text, allowed_special)]
        begins = [begin for begin, _ in places[1:]] + [len(characters)]
        cuts: list[int | None] = [0]
        for (_, end), next_begin in zip(places, begins, strict=False):
            cuts.append(character_at.get(end) if end <= next_begin else None)
        return cuts

    def truncate(self, text: str, max_tokens: int, allowed_special: Collection[str] = ()) -> str:
        """Cut a text behind the last of its first tokens that ends where a character does."""
        cuts = self.cuts(text, allowed_special)[: max_tokens + 1]
        return text[: max(cut for cut in cuts if cut is not None)]

    def chunk(
        self, text: str, max_tokens: int, overlap: int = 0, allowed_special: Collection[str] = ()
    ) -> list[str]:
        """Cut a text into pieces of as many tokens as fit; each begins `overlap` tokens back.

        Where that is within a character the next begins later, and a piece ends earlier.
        """
        cuts = self.cuts(text, allowed_special)
        n_tokens = len(cuts) - 1
        chunks: list[str] = []
        begin = 0
        while begin < n_tokens:
            end = min(begin + max_tokens, n_tokens)
            while cuts[end] is None:
                end -= 1
            if end == begin:
                raise ValueError(f"a character takes more than {max_tokens} tokens")
            chunks.append(text[cuts[begin] : cuts[end]])
            if end == n_tokens:
                break
            begin = max(end - overlap, begin + 1)
            while cuts[begin] is None:
                begin += 1
        return chunks

    def count_till_limit(self, text: str, limit: int) -> int | None:
        """Count the ids of a text; None if there are more than `limit`."""
        n_tokens = len(self.encode(text))
        return n_tokens if n_tokens <= limit else None

    def decode_with_offsets(self, ids: Iterable[int]) -> tuple[str, list[int]]:
        """Text of ids, and the index of the character that each token's first byte is of."""
        tokens = [self.bytes_of[token_id] for token_id in ids]
        text = b"".join(tokens).decode()
        characters = characters_of_bytes(text)
        offsets, position = [], 0
        for token in tokens:
            offsets.append(characters[position][0])
            position += len(token)
        return text, offsets

    def decode_stream(self, ids: Iterable[int], errors: str = "replace") -> list[str]:
        """Give the text that is complete with each id, and at last what is left."""
        decoder = codecs.getincrementaldecoder("utf-8")(errors)
        pieces = [decoder.decode(self.bytes_of[token_id]) for token_id in ids]
        return [*pieces, decoder.decode(b"", final=True)]

    def decode(self, ids: Iterable[int]) -> bytes:
        """Bytes of ids, end to end; KeyError for an id that no token has."""
        return b"".join(self.bytes_of[token_id] for token_id in ids)
