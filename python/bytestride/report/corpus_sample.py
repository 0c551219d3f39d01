"""What a store's text is like: pieces of it, evenly spread, decoded and looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bytestride.errors import FormatError
from bytestride.report.corpus_scripts import SCRIPTS, script_of
from bytestride.report.corpus_text import ratio
from bytestride.report.token_text import short
from bytestride.store.megatron import Ids
from bytestride.store.shards import ShardFiles
from bytestride.store.views import OpenShard

if TYPE_CHECKING:
    from bytestride.tokenizer import Tokenizer

PIECE_TOKENS = 4096

_N_FREQUENT = 40
_HELD_TOKENS = 1 << 20


@dataclass(frozen=True)
class ScriptRow:
    """The pieces of one script.

    Attributes
    ----------
    script
        One of `corpus_scripts.SCRIPTS`.
    n_pieces, n_tokens, n_text_bytes
        What was looked at.
    bytes_per_token
        Of that.
    share
        Of the store's tokens, estimated: each piece stands for its part of its document.
    """

    script: str
    n_pieces: int
    n_tokens: int
    n_text_bytes: int
    bytes_per_token: float | None
    share: float


@dataclass(frozen=True)
class FrequentToken:
    """A token, its bytes made visible, and its share of the sample's tokens."""

    id: int
    text: str
    n: int
    share: float


@dataclass(frozen=True)
class Sample:
    """Pieces of a store.

    Tokens that end documents are left out of all numbers here.

    Attributes
    ----------
    tokenizer
        Name of the tokenizer that decoded them; None for one without a published name.
    n_pieces, n_tokens, n_text_bytes
        How much was looked at.
    bytes_per_token
        Of that.
    n_distinct
        How many different tokens are in it.
    scripts
        In the order of `corpus_scripts.SCRIPTS`; those without a piece are left out.
    frequent
        The most frequent tokens.
    """

    tokenizer: str | None
    n_pieces: int
    n_tokens: int
    n_text_bytes: int
    bytes_per_token: float | None
    n_distinct: int
    scripts: tuple[ScriptRow, ...]
    frequent: tuple[FrequentToken, ...]


class Piece(NamedTuple):
    """Some tokens of a document, and how many of its tokens they stand for."""

    document: int
    ids: Ids
    is_last: bool
    weight: float


def take_pieces(shards: Sequence[ShardFiles], n_pieces: int) -> Iterator[Piece]:
    """Go through pieces of at most `PIECE_TOKENS` tokens, the same ones every time.

    Of a store with more documents than ``n_pieces``, the beginnings of so many documents, evenly
    spread. Of one with fewer, each document has its equal share of the pieces, evenly spread too:
    all of it if that is enough. Documents of no tokens have no piece.

    Raises
    ------
    FormatError
        If an index is damaged, or a file has shrunk.
    """
    n_documents = sum(shard.n_documents for shard in shards)
    n_chosen = min(n_documents, n_pieces)
    each = n_pieces // max(n_chosen, 1)
    chosen = iter([i * n_documents // n_chosen for i in range(n_chosen)])
    document = next(chosen, None)
    base = 0
    for files in shards:
        if document is None:
            return
        after = base + files.n_documents
        if document < after:
            shard = OpenShard(files, "read")
            try:
                while document is not None and document < after:
                    yield from _pieces_of(shard, document, document - base, each)
                    document = next(chosen, None)
            finally:
                shard.close()
        base = after


def _pieces_of(shard: OpenShard, document: int, i: int, each: int) -> Iterator[Piece]:
    begin = shard.document_begin(i)
    is_last = i + 1 == shard.files.n_documents
    end = shard.files.n_tokens if is_last else shard.document_begin(i + 1)
    if end < begin:
        where = f"{shard.files.bin_path}: document {i:,}"
        raise FormatError(f"{where} ends before it begins; `bytestride store verify` says more")
    n_parts = -(-(end - begin) // PIECE_TOKENS)
    n_taken = min(n_parts, each)
    for k in range(n_taken):
        first = begin + k * n_parts // n_taken * PIECE_TOKENS
        last = min(first + PIECE_TOKENS, end)
        yield Piece(document, shard.read(first, last), last == end, (end - begin) / n_taken)


def look_at(
    shards: Sequence[ShardFiles], tokenizer: Tokenizer, end_id: int | None, n_pieces: int
) -> Sample:
    """Decode pieces of a store and say what they are.

    Parameters
    ----------
    shards
        The store's.
    tokenizer
        What decodes the ids.
    end_id
        The token that ends documents, if there is one.
    n_pieces
        How many pieces to take at most (`take_pieces`).

    Raises
    ------
    FormatError
        If an id is no token of the tokenizer, or the store is damaged.
    """
    sums = {script: [0, 0, 0] for script in SCRIPTS}
    weights = dict.fromkeys(SCRIPTS, 0.0)
    use = _TokenUse()
    for piece in take_pieces(shards, n_pieces):
        ids = piece.ids
        if piece.is_last and ids.size and ids[-1] == end_id:
            ids = ids[:-1]
        if not ids.size:
            continue
        text = _decode(tokenizer, ids, piece.document)
        script = script_of(text)
        for k, n in enumerate((1, ids.size, len(text))):
            sums[script][k] += n
        weights[script] += piece.weight
        use.add(ids)
    n_taken, n_tokens, n_text_bytes = (sum(column) for column in zip(*sums.values(), strict=True))
    total = sum(weights.values())
    return Sample(
        tokenizer.name,
        n_taken,
        n_tokens,
        n_text_bytes,
        ratio(n_text_bytes, n_tokens),
        use.n_distinct,
        tuple(
            ScriptRow(script, n, size, n_bytes, ratio(n_bytes, size), weights[script] / total)
            for script, (n, size, n_bytes) in sums.items()
            if n
        ),
        tuple(
            FrequentToken(i, short(tokenizer.token_bytes(i)), count, count / n_tokens)
            for i, count in use.most_frequent(_N_FREQUENT)
        ),
    )


def _decode(tokenizer: Tokenizer, ids: Ids, document: int) -> bytes:
    try:
        return tokenizer.decode_bytes(ids)
    except (LookupError, ValueError, OverflowError) as error:
        said = error.args[0] if error.args else error
        raise FormatError(
            f"document {document:,} of the store does not decode: {said}; name the tokenizer that "
            "wrote the store, or find damage with `bytestride store verify`"
        ) from None


class _TokenUse:
    """How often each id was seen; memory is that of the different ones."""

    def __init__(self) -> None:
        self._ids: NDArray[np.int64] = np.empty(0, np.int64)
        self._counts: NDArray[np.int64] = np.empty(0, np.int64)
        self._held: list[Ids] = []
        self._n_held = 0

    def add(self, ids: Ids) -> None:
        self._held.append(ids)
        self._n_held += ids.size
        if self._n_held >= _HELD_TOKENS:
            self._fold()

    def _fold(self) -> None:
        if not self._held:
            return
        new, repeats = np.unique(np.concatenate(self._held), return_counts=True)
        ids, places = np.unique(np.concatenate((self._ids, new)), return_inverse=True)
        counts = np.zeros(ids.size, np.int64)
        np.add.at(counts, places, np.concatenate((self._counts, repeats)))
        self._ids, self._counts = ids.astype(np.int64), counts
        self._held, self._n_held = [], 0

    @property
    def n_distinct(self) -> int:
        self._fold()
        return int(self._ids.size)

    def most_frequent(self, n: int) -> list[tuple[int, int]]:
        """Ids and counts, those with the most first, of those with as many the smaller id."""
        self._fold()
        order = np.argsort(-self._counts, kind="stable")[:n]
        return list(zip(self._ids[order].tolist(), self._counts[order].tolist(), strict=True))
