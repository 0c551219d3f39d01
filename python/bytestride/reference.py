"""The whole of bytestride in plain Python: slow, obvious, complete.

This is the specification that can be run, the oracle of the tests, and the baseline of the
benchmarks. Read it from top to bottom: count pairs, merge one, split a text into pretokens, train,
encode, decode, cut windows. Nothing here is fast and nothing here should become so.

A token id stands for some bytes. The first 256 ids are the single bytes, in ByteLevel order; each
merge adds one id, 256, 257, and so on; special tokens come last.

Letters, numbers and spaces are what the `regex` library says they are. Its tables are newer than
the engine's, which are those of Unicode 16. The two agree on every character that Unicode 16 has
assigned, but for U+0295: a lower-case letter then, a letter without case since, which only patterns
that tell the cases apart (o200k) can see. What tokenizers takes for digits and for punctuation is
of two other versions, 17 and 8.
"""

from __future__ import annotations

import codecs
import itertools
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import regex

from bytestride.definition import AddedToken
from bytestride.stages import Digits, Pattern, Punctuation, SpaceBefore, Split, Stage

Pair = tuple[int, int]

_PRINTABLE = (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100))
BYTELEVEL_ORDER: tuple[int, ...] = (*_PRINTABLE, *sorted(set(range(256)) - set(_PRINTABLE)))
"""Byte value of each base token: id i is the byte ``BYTELEVEL_ORDER[i]``.

The order of GPT-2's vocabulary: first the bytes that Latin-1 prints as a visible character, then
the other 68. It matters where two pairs have the same count.
"""

STAND_IN = "\ufffe"  # a noncharacter: no letter, number, mark or space
"""What `split_bytes` shows the pattern in place of bytes that are no UTF-8."""


# The two steps of byte-pair encoding.


def count_pairs(ids: Sequence[int]) -> dict[Pair, int]:
    """Count the pairs of neighbours in a sequence of ids (or bytes).

    Every position counts, overlaps too: in ``aaaa`` the pair (a, a) stands three times. The pairs
    come in the order in which they first occur.
    """
    return _count_pairs_in_words([(ids, 1)])


def _count_pairs_in_words(words: Iterable[tuple[Sequence[int], int]]) -> dict[Pair, int]:
    """Count pairs over many words, each given with how often it occurs."""
    counts: dict[Pair, int] = {}
    for ids, times in words:
        for pair in pairwise(ids):
            counts[pair] = counts.get(pair, 0) + times
    return counts


def apply_merge(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    """Replace a pair by a new id: from left to right, and never one element twice.

    So three ``a`` become ``[aa][a]``.
    """
    result = []
    i = 0
    while i < len(ids):
        if i + 1 < len(ids) and (ids[i], ids[i + 1]) == pair:
            result.append(new_id)
            i += 2
        else:
            result.append(ids[i])
            i += 1
    return result


# From a text to its pretokens.


def split(text: str, pattern: Pattern) -> list[str]:
    """Split a text into pretokens, which no token ever crosses.

    Each match of the pattern is a pretoken, and so is what lies between two matches. None is empty,
    and joined they are the text. This is what Hugging Face calls "Isolated". Stages cut one after
    the other: each takes every piece of the one before as a text.

    A pattern is a regular expression of the `regex` library, by its version 0 rules; by those of
    version 1 where it has ``&&``, the intersection of two classes.
    """
    pieces = [text]
    for stage in (Split(pattern),) if isinstance(pattern, str) else pattern:
        pieces = [part for piece in pieces for part in _split_by_stage(piece, stage)]
    return [piece for piece in pieces if piece]


_DIGIT = r"\p{N}"
# What has become punctuation since Unicode 8.
_NEWER_PUNCTUATION = (
    "\u061d\u09fd\u0a76\u0c77\u0c84\u1b4e-\u1b4f\u1b7d-\u1b7f\u2e43-\u2e4f\u2e52-\u2e5d"
    "\U00010d6e\U00010ead\U00010f55-\U00010f59\U00010f86-\U00010f89\U000113d4-\U000113d5"
    "\U000113d7-\U000113d8\U0001144b-\U0001144f\U0001145a-\U0001145b\U0001145d"
    "\U00011660-\U0001166c\U000116b9\U0001183b\U00011944-\U00011946\U000119e2"
    "\U00011a3f-\U00011a46\U00011a9a-\U00011a9c\U00011a9e-\U00011aa2\U00011b00-\U00011b09"
    "\U00011be1\U00011c41-\U00011c45\U00011c70-\U00011c71\U00011ef7-\U00011ef8"
    "\U00011f43-\U00011f4f\U00011fff\U00012ff1-\U00012ff2\U00016d6d-\U00016d6f"
    "\U00016e97-\U00016e9a\U00016fe2\U0001e5ff\U0001e95e-\U0001e95f"
)
_PUNCTUATION = rf"(?![{_NEWER_PUNCTUATION}])[!-/:-@\[-`{{-~\p{{P}}\u166d\U000111c9]"
# A piece and the next are one where the first is, and the second is, a match, by the behavior.
_JOINED = {
    "contiguous": (True, True),
    "merged_with_previous": (False, True),
    "merged_with_next": (True, False),
}


def _split_by_stage(text: str, stage: Stage) -> list[str]:
    """Split one piece by one stage."""
    match stage:
        case SpaceBefore():
            return [text if text.startswith(" ") or not text else " " + text]
        case Split(pattern, behavior):
            pass
        case Digits(individual):
            pattern, behavior = _DIGIT, "isolated" if individual else "contiguous"
        case Punctuation(behavior):
            pattern = _PUNCTUATION
    pieces: list[str] = []
    previous_is_match = None
    for piece, is_match in _matches_and_gaps(text, pattern):
        if (previous_is_match, is_match) == _JOINED.get(behavior):
            pieces[-1] += piece
        else:
            pieces.append(piece)
        previous_is_match = is_match
    return pieces


def _matches_and_gaps(text: str, pattern: str) -> list[tuple[str, bool]]:
    """Cut a text at its matches; tells of each piece, none empty, whether it is one."""
    result = []
    last = 0
    for match in regex.finditer(pattern, text, flags=regex.V1 if "&&" in pattern else 0):
        result += [(text[last : match.start()], False), (match.group(), True)]
        last = match.end()
    result.append((text[last:], False))
    return [(piece, is_match) for piece, is_match in result if piece]


def split_bytes(data: bytes, pattern: Pattern) -> list[bytes]:
    """Split bytes into pretokens as `split` does.

    Where the bytes are no UTF-8, each maximal ill-formed sequence (Unicode 16, section 3.9: the
    longest start of some character, or else one byte) counts as one character that is no letter,
    number, mark or space.
    """
    try:
        return [piece.encode() for piece in split(data.decode(), pattern)]
    except UnicodeDecodeError:
        pass
    # One stage after the other, for a space that one puts in has no source in the data.
    pieces = [data]
    for stage in (Split(pattern),) if isinstance(pattern, str) else pattern:
        pieces = [part for piece in pieces for part in _split_bytes_by_stage(piece, stage)]
    return [piece for piece in pieces if piece]


def _split_bytes_by_stage(data: bytes, stage: Stage) -> list[bytes]:
    """Split a piece of bytes by one stage."""
    if isinstance(stage, SpaceBefore):
        return [data if data.startswith(b" ") or not data else b" " + data]
    characters = _characters(data)
    pieces = []
    i = 0
    for piece in split("".join(character for character, _ in characters), (stage,)):
        pieces.append(b"".join(source for _, source in characters[i : i + len(piece)]))
        i += len(piece)
    return pieces


def _characters(data: bytes) -> list[tuple[str, bytes]]:
    """Characters of any bytes, each with the bytes it comes from."""
    result = []
    position = 0
    while position < len(data):
        window = data[position : position + 4]  # no character is longer
        try:
            character = window.decode()[0]
        except UnicodeDecodeError as error:
            if error.start > 0:  # what comes first is a character; the fault is behind it
                character = window[: error.start].decode()[0]
            else:
                result.append((STAND_IN, window[: error.end]))
                position += error.end
                continue
        result.append((character, character.encode()))
        position += len(character.encode())
    return result


def to_utf8(text: str | bytes) -> bytes:
    """UTF-8 of a text; bytes stay as they are.

    Half of a surrogate pair has no UTF-8: it becomes U+FFFD, as in tiktoken. Two that make a pair
    become their character.
    """
    if isinstance(text, bytes):
        return text
    if not isinstance(text, str):
        raise TypeError(f"a text must be str or bytes, not {type(text).__name__}")
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def characters_of_bytes(text: str) -> list[tuple[int, int]]:
    """For each byte of a text's UTF-8: the indices where its character begins and ends.

    A surrogate pair is one character of two indices, for it is one in UTF-8.
    """
    result = []
    i = 0
    while i < len(text):
        is_pair = "\ud800" <= text[i] <= "\udbff" and "\udc00" <= text[i + 1 : i + 2] <= "\udfff"
        end = i + 2 if is_pair else i + 1
        result += [(i, end)] * len(to_utf8(text[i:end]))
        i = end
    return result


def cut_documents(buffer: bytes, separator: bytes) -> list[tuple[int, int]]:
    """Cut a buffer at separators: begin and end of each document.

    A separator ends a document and belongs to none; what follows the last is a document if there is
    anything.
    """
    documents = []
    begin = 0
    for document in buffer.split(separator):
        documents.append((begin, begin + len(document)))
        begin += len(document) + len(separator)
    return documents if documents[-1][0] < len(buffer) else documents[:-1]


def split_at_special_tokens(
    data: bytes, special_tokens: Collection[str]
) -> tuple[list[bytes], list[str]]:
    """Cut bytes at special tokens: the leftmost first and, of those that start there, the longest.

    Gives the segments before, between and behind them, some perhaps empty, and the special tokens
    that were found, one fewer.
    """
    if not special_tokens:
        return [data], []
    if "" in special_tokens:
        raise ValueError("a special token must not be empty")
    longest_first = sorted((token.encode() for token in special_tokens), key=len, reverse=True)
    alternatives = b"|".join(re.escape(token) for token in longest_first)
    pieces = re.split(b"(" + alternatives + b")", data)
    return pieces[0::2], [token.decode() for token in pieces[1::2]]


_WHITE_SPACE = r"\p{White_Space}*"
_WORD_CHARACTER = r"[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]"


class Segment(NamedTuple):
    """A part of some bytes, and where it begins; of an added token, or None for a text between."""

    data: bytes
    begin: int
    token: AddedToken | None


def find_added_tokens(data: bytes, tokens: Mapping[bytes, AddedToken]) -> list[Segment]:
    """Cut bytes at added tokens, with their flags; `tokens` says what each is matched by.

    Texts are found as special tokens are. One with `single_word` counts only where no word
    character stands beside it. One with `lstrip` or `rstrip` takes the white space on that side,
    but on the left none that was taken before. A text may stand in the white space that the one
    before it took: then both count, unless nothing is left of the second, and what follows the
    second is text again.
    """
    if not tokens:
        return [Segment(data, 0, None)] if data else []
    longest_first = sorted(tokens, key=len, reverse=True)
    segments = []
    done = 0
    for match in re.finditer(b"|".join(map(re.escape, longest_first)), data):
        begin, end = match.span()
        token = tokens[match.group()]
        before = data[:begin].decode(errors="replace")
        after = data[end:].decode(errors="replace")
        if token.single_word and (
            regex.search(_WORD_CHARACTER + r"\Z", before) or regex.match(_WORD_CHARACTER, after)
        ):
            continue
        if token.lstrip:
            white = regex.search(_WHITE_SPACE + r"\Z", before).group()
            begin = max(begin - len(white.encode()), done)
        if token.rstrip:
            end += len(regex.match(_WHITE_SPACE, after).group().encode())
        if begin >= end:
            continue
        if done < begin:
            segments.append(Segment(data[done:begin], done, None))
        segments.append(Segment(data[begin:end], begin, token))
        done = end
    if done < len(data):
        segments.append(Segment(data[done:], done, None))
    return segments


def split_at_added_tokens(
    data: bytes, tokens: Iterable[AddedToken], normalise: Callable[[bytes], bytes]
) -> list[Segment]:
    """Cut bytes at added tokens in two rounds, as Hugging Face does; the text comes normalised.

    First those that are not `normalized`, in the text as it is; then, in each normalised stretch
    between them, the others, by their normalised content. Where a segment begins has a meaning only
    if the normaliser leaves the bytes as they are.
    """
    tokens = list(tokens)
    first = {token.content.encode(): token for token in tokens if not token.normalized}
    second = {normalise(token.content.encode()): token for token in tokens if token.normalized}
    segments = []
    for segment in find_added_tokens(data, first):
        if segment.token is not None:
            segments.append(segment)
            continue
        for inner in find_added_tokens(normalise(segment.data), second):
            segments.append(inner._replace(begin=segment.begin + inner.begin))
    return segments


def places_of_bytes(data: bytes, words: Iterable[bytes]) -> list[tuple[int, int]]:
    """Where in some bytes each byte of their pretokens lies: its begin and end.

    A space that a stage put before a pretoken lies where the character behind it does.
    """
    places = []
    position = 0
    for word in words:
        if word.startswith(b" ") and not data.startswith(b" ", position):
            [(_, character), *_] = _characters(data[position : position + 4])
            places.append((position, position + len(character)))
            word = word[1:]
        places += [(i, i + 1) for i in range(position, position + len(word))]
        position += len(word)
    return places


# Training.


def count_words(
    texts: Iterable[str | bytes], pattern: Pattern, special_tokens: Collection[str] = ()
) -> Counter[bytes]:
    """Count the pretokens of texts; special tokens in them are cut out and not counted."""
    if isinstance(texts, (str, bytes)):
        raise TypeError("texts must be an iterable of texts; put a single text into a list")
    counts: Counter[bytes] = Counter()
    for text in texts:
        segments, _ = split_at_special_tokens(to_utf8(text), special_tokens)
        for segment in segments:
            counts.update(split_bytes(segment, pattern))
    return counts


def learn_merges(
    word_counts: Mapping[bytes, int],
    n_merges: int,
    *,
    tie_break: str = "smaller_ids",
    bytes_in_order: Sequence[int] = BYTELEVEL_ORDER,
    min_count: int = 1,
    max_token_bytes: int | None = None,
) -> list[Pair]:
    """Learn merges from counted words: the pair with the highest count, again and again.

    It ends early when no pair is left.

    Parameters
    ----------
    word_counts : mapping of bytes to int
        For "first_seen" in the order in which the words first stand in the text.
    n_merges : int
        How many merges at most.
    tie_break : {"smaller_ids", "greater_bytes", "first_seen"}
        Which of the pairs with the highest count is merged: the one of the smaller (left id, right
        id), as in Hugging Face's trainer; the one of the greater (left bytes, right bytes), as in
        the course CS336; the one that stands first in the text as merged so far, as in minbpe.
    bytes_in_order : sequence of int
        The byte of each of the first 256 ids.
    min_count : int
        A pair with a lower count is not merged.
    max_token_bytes : int, optional
        Only two bytes, or a pair that is shorter than this, are merged; Hugging Face's rule.
    """
    base_id = {byte: i for i, byte in enumerate(bytes_in_order)}
    tokens = [bytes([byte]) for byte in bytes_in_order]
    words: list[tuple[list[int], int]] = [
        ([base_id[byte] for byte in word], count) for word, count in word_counts.items()
    ]
    merges: list[Pair] = []
    while len(merges) < n_merges:
        counts = {
            pair: count
            for pair, count in _count_pairs_in_words(words).items()
            if count >= min_count
            and (
                max_token_bytes is None
                or max(pair) < 256
                or sum(len(tokens[i]) for i in pair) < max_token_bytes
            )
        }
        if not counts:
            break
        most = max(counts.values())
        best = _chosen([pair for pair, count in counts.items() if count == most], tokens, tie_break)
        new_id = len(tokens)
        merges.append(best)
        tokens.append(tokens[best[0]] + tokens[best[1]])
        words = [(apply_merge(ids, best, new_id), count) for ids, count in words]
    return merges


def _chosen(pairs: Sequence[Pair], tokens: Sequence[bytes], tie_break: str) -> Pair:
    """Choose one of the pairs with the highest count, which come in the order of first sight."""
    match tie_break:
        case "smaller_ids":
            return min(pairs)
        case "greater_bytes":
            return max(pairs, key=lambda pair: (tokens[pair[0]], tokens[pair[1]]))
        case "first_seen":
            return pairs[0]
    raise ValueError(f"unknown tie_break: {tie_break!r}")


def train(
    texts: Iterable[str | bytes],
    vocab_size: int,
    pattern: Pattern,
    special_tokens: Sequence[str] = (),
) -> list[Pair]:
    """Learn a vocabulary by bytestride's default rule.

    Parameters
    ----------
    texts : iterable of str or bytes
        Documents; no pretoken crosses from one to the next.
    vocab_size : int
        256 bytes, the merges and the special tokens together. Fewer merges are learned when no pair
        is left.
    pattern : str or tuple of stages
        Regular expression of the pretokens, or splits one after the other.
    special_tokens : sequence of str
        They get the ids after the last merge. Where they stand in a text they are cut out, so that
        nothing is learned from them.

    Returns
    -------
    list of (int, int)
        Merge i joins two ids to the new id ``256 + i``.

    Raises
    ------
    ValueError
        `vocab_size` leaves no room for the bytes and special tokens, or a special token is empty or
        stands twice.
    """
    if len(set(special_tokens)) < len(special_tokens):
        raise ValueError("a special token stands twice in special_tokens")
    smallest = 256 + len(special_tokens)
    if vocab_size < smallest:
        raise ValueError(
            f"vocab_size {vocab_size} is too small: 256 bytes and {len(special_tokens)} special "
            f"tokens need at least {smallest}"
        )
    return learn_merges(count_words(texts, pattern, special_tokens), vocab_size - smallest)


def token_bytes(merges: Iterable[Pair]) -> list[bytes]:
    """Bytes of every token: of the 256 base tokens and of each merge, in the order of their ids."""
    tokens = [bytes([byte]) for byte in BYTELEVEL_ORDER]
    for left, right in merges:
        tokens.append(tokens[left] + tokens[right])
    return tokens


# Encoding and decoding.


def merge_word(word: bytes, rank_of: Callable[[bytes, bytes], int | None]) -> list[bytes]:
    """Merge the bytes of a word until no two neighbours can be merged.

    Each step joins the two neighbours of the lowest rank, the leftmost such pair first. `rank_of`
    gives the rank of two neighbours, or None where they do not merge.
    """
    parts = [bytes([byte]) for byte in word]
    while True:
        best_rank, best = None, 0
        for i, (left, right) in enumerate(pairwise(parts)):
            rank = rank_of(left, right)
            if rank is not None and (best_rank is None or rank < best_rank):
                best_rank, best = rank, i
        if best_rank is None:
            return parts
        parts[best : best + 2] = [parts[best] + parts[best + 1]]


def encode_word(word: bytes, ranks: Mapping[bytes, int]) -> list[int]:
    """Encode one pretoken by tiktoken's rule, where the rank of a token is its id.

    A word that is a token becomes that token; otherwise two neighbours can be merged when together
    they are a token.
    """
    if word in ranks:
        return [ranks[word]]
    return [ranks[part] for part in merge_word(word, lambda left, right: ranks.get(left + right))]


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


# Windows.


def window_starts(n_tokens: int, max_length: int, stride: int) -> list[int]:
    """First positions of the windows over a sequence of tokens.

    A window takes ``max_length + 1`` tokens, for its last target lies one behind its inputs.
    ValueError where `n_tokens` is negative, or `max_length` or `stride` below 1.
    """
    if n_tokens < 0:
        raise ValueError(f"n_tokens must not be negative, but is {n_tokens}")
    if max_length < 1:
        raise ValueError(f"max_length must be at least 1, but is {max_length}")
    if stride < 1:
        raise ValueError(f"stride must be at least 1, but is {stride}")
    return list(range(0, n_tokens - max_length, stride))


def windows(
    tokens: Sequence[int], max_length: int, stride: int
) -> list[tuple[list[int], list[int]]]:
    """Cut the inputs and targets of every window: targets are the inputs moved on by one token."""
    result = []
    for start in window_starts(len(tokens), max_length, stride):
        end = start + max_length
        result.append((list(tokens[start:end]), list(tokens[start + 1 : end + 1])))
    return result
