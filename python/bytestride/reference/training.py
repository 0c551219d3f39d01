"""From texts to merges: count the words, then merge the commonest pair again and again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from bytestride.reference.added_tokens import split_at_special_tokens
from bytestride.reference.merging import BYTELEVEL_ORDER, Pair, apply_merge, count_pairs_in_words
from bytestride.reference.splitting import split_bytes
from bytestride.reference.texts import to_utf8
from bytestride.stages import Pattern


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
            for pair, count in count_pairs_in_words(words).items()
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
