"""Byte pair encoding to read and to watch: slow, short, and with every step printed if wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

import regex

from bytestride.tiktoken.core import Encoding
from bytestride.tiktoken.registry import get_encoding

_COLOURS = tuple(f"\033[48;5;{number}m" for number in (167, 179, 185, 77, 80, 68, 134))
_PLAIN = "\033[0m"
_N_BYTES = 256


class SimpleBytePairEncoding:
    """Ranks and a pattern, and the rule: the pair of neighbours with the lowest rank merges first.

    Parameters
    ----------
    pat_str : str
        The regular expression that cuts text into words, as the `regex` package reads it.
    mergeable_ranks : dict[bytes, int]
        Tokens and their ranks.
    """

    def __init__(self, *, pat_str: str, mergeable_ranks: dict[bytes, int]) -> None:
        self.pat_str = pat_str
        self.mergeable_ranks = mergeable_ranks
        self._decoder = {rank: token for token, rank in mergeable_ranks.items()}
        self._pat = regex.compile(pat_str)

    def encode(self, text: str, visualise: str | None = "colour") -> list[int]:
        """Ids of a text; `visualise` ("colour", "simple" or None) prints each step."""
        ids: list[int] = []
        for word in self._pat.findall(text):
            ids += bpe_encode(self.mergeable_ranks, word.encode("utf-8"), visualise=visualise)
        return ids

    def decode_bytes(self, tokens: list[int]) -> bytes:
        """Bytes of ids."""
        return b"".join(self.decode_tokens_bytes(tokens))

    def decode(self, tokens: list[int]) -> str:
        """Text of ids, with U+FFFD where their bytes are not UTF-8."""
        return self.decode_bytes(tokens).decode("utf-8", errors="replace")

    def decode_tokens_bytes(self, tokens: list[int]) -> list[bytes]:
        """Bytes of each id."""
        return [self._decoder[token] for token in tokens]

    @staticmethod
    def train(training_data: str, vocab_size: int, pat_str: str) -> SimpleBytePairEncoding:
        """Learn ranks from a text, and print the steps."""
        ranks = bpe_train(data=training_data, vocab_size=vocab_size, pat_str=pat_str)
        return SimpleBytePairEncoding(pat_str=pat_str, mergeable_ranks=ranks)

    @staticmethod
    def from_tiktoken(encoding: str | Encoding) -> SimpleBytePairEncoding:
        """Take the ranks of an encoding, or of the one of this name."""
        if isinstance(encoding, str):
            encoding = get_encoding(encoding)
        return SimpleBytePairEncoding(
            pat_str=encoding._pat_str, mergeable_ranks=encoding._mergeable_ranks
        )


def bpe_encode(
    mergeable_ranks: dict[bytes, int],
    input: bytes,
    visualise: str | None = "colour",
) -> list[int]:
    """Ids of a word."""
    parts = _single_bytes(input)
    while True:
        if visualise in ("colour", "color"):
            visualise_tokens(parts)
        elif visualise == "simple":
            print(parts)
        ranks = [mergeable_ranks.get(left + right) for left, right in pairwise(parts)]
        known = [rank for rank in ranks if rank is not None]
        if not known:
            break
        at = ranks.index(min(known))
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
    if visualise:
        print()
    return [mergeable_ranks[part] for part in parts]


def bpe_train(
    data: str, vocab_size: int, pat_str: str, visualise: str | None = "colour"
) -> dict[bytes, int]:
    """Learn ranks: the most frequent pair becomes a token, and again, until there are enough.

    Of pairs that are as frequent, the one that comes first in the text is taken.
    """
    if vocab_size < _N_BYTES:
        raise ValueError("vocab_size must be at least 256, so we can encode all bytes")
    ranks = {bytes((byte,)): byte for byte in range(_N_BYTES)}
    words = [_single_bytes(word.encode("utf-8")) for word in regex.findall(pat_str, data)]
    while len(ranks) < vocab_size:
        counts = Counter(pair for word in words for pair in pairwise(word))
        best = max(counts, key=counts.__getitem__)
        token = best[0] + best[1]
        ranks[token] = len(ranks)
        words = [_merge(word, best) for word in words]
        if visualise:
            print(f"The current most common pair is {best[0]!r} + {best[1]!r}")
            print(f"So we made {token!r} our {len(ranks)}th token")
            _show_words(words, visualise)
            print("\n")
    return ranks


def _single_bytes(data: bytes) -> list[bytes]:
    return [bytes((byte,)) for byte in data]


def _merge(word: list[bytes], pair: tuple[bytes, bytes]) -> list[bytes]:
    merged: list[bytes] = []
    i = 0
    while i < len(word):
        if tuple(word[i : i + 2]) == pair:
            merged.append(pair[0] + pair[1])
            i += 2
        else:
            merged.append(word[i])
            i += 1
    return merged


def _show_words(words: list[list[bytes]], visualise: str) -> None:
    if visualise in ("colour", "color"):
        print("Now the first fifty words in our training data look like:")
        visualise_tokens([token for word in words[:50] for token in word])
    elif visualise == "simple":
        print("Now the first twenty words in our training data look like:")
        for word in words[:20]:
            print(word)


def visualise_tokens(token_values: Iterable[bytes]) -> None:
    """Print tokens, each on a colour that its neighbours do not have."""
    n_chars = 0
    last = None
    for token in token_values:
        text = token.decode("utf-8", errors="replace")
        colour = _COLOURS[n_chars % len(_COLOURS)]
        if colour == last:
            colour = _COLOURS[(n_chars + 1) % len(_COLOURS)]
        last = colour
        n_chars += len(text)
        print(colour + text, end="")
    print(_PLAIN)


_SAMPLE = (
    "hello world, said the byte to the byte, and the world said hello: to say hello to the world "
    "is to merge the most frequent pair of the words, and the next, until the world is one token. "
)


def train_simple_encoding() -> SimpleBytePairEncoding:
    """Learn a few tokens from a few lines, printing the steps, and encode two words with them."""
    pattern = r"'s|'t|'re|'ve|'m|'ll|'d| ?[\p{L}]+| ?[\p{N}]+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
    encoding = SimpleBytePairEncoding.train(_SAMPLE, vocab_size=300, pat_str=pattern)
    print("This is the sequence of merges performed in order to encode 'hello world':")
    ids = encoding.encode("hello world")
    assert encoding.decode(ids) == "hello world"
    assert encoding.decode_tokens_bytes(ids) == [b"hello", b" world"]
    return encoding
