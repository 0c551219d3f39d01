"""Encoded chunks to shards and rows, against lists: pieces, bad documents, shard ends, restarts."""

import itertools
import random
from pathlib import Path

import numpy as np
import pytest

from bytestride.corpus.chunks import Place, Texts
from bytestride.corpus.reading import Reading
from bytestride.corpus.rejects import INVALID_UTF8, Reject
from bytestride.jobs.part_writer import EncodedChunk, PartWriter
from bytestride.jobs.rows import is_done, read_rows
from bytestride.jobs.settings import Settings
from bytestride.store.megatron import read_document_offsets, read_header

END = 9
FILES = 3


def settings_of(shard_tokens):
    return Settings(None, "f", 10, Reading(), "<end>", END, "uint16", shard_tokens)


def random_documents(rng):
    """Documents as (place, pieces of ids, number of the first bad piece or None)."""
    documents = []
    for source in range(FILES):
        offset = 0
        for _ in range(rng.randint(0, 8)):
            n_pieces = rng.choice([1, 1, 1, 2, 3, 5])
            pieces = [[rng.randrange(9) for _ in range(rng.randint(0, 5))] for _ in range(n_pieces)]
            bad = rng.choice([None, None, None, rng.randrange(n_pieces)])
            documents.append((Place(source, offset), pieces, bad))
            offset += 1 + sum(map(len, pieces))
    return documents


def as_chunks(rng, documents, end):
    """Cut a row of pieces anywhere; a document of several pieces is cut between any two."""
    chunks = []
    held = []  # (place, ids, is first, is last, is bad)

    def flush():
        if held:
            chunks.append(chunk_of(held, end))
            held.clear()

    for place, pieces, bad in documents:
        for number, ids in enumerate(pieces):
            held.append((place, ids, number == 0, number == len(pieces) - 1, number == bad))
            if number < len(pieces) - 1 or rng.random() < 0.4:
                flush()
    flush()
    # Where a chunk ends with a document, the next one's place is where it ends.
    for i, chunk in enumerate(chunks[:-1]):
        following = chunks[i + 1].texts
        places = [following.place_of(j) for j in range(following.n_documents)]
        places += [Place(*reject[:2]) for reject in following.rejects]
        if not chunk.texts.goes_on:
            chunks[i] = chunk._replace(end=min(places))
    return chunks


def chunk_of(held, end):
    good = [(place, ids, last) for place, ids, _, last, bad in held if not bad]
    with_end = [[*ids, END] if last else ids for _, ids, last in good]
    offsets = np.cumsum([0, *map(len, with_end)]).astype(np.int64)
    places = [place for place, _, _ in good]
    texts = Texts(
        documents=None,
        offsets=None,
        n_documents=len(good),
        n_text_bytes=sum(len(ids) for _, ids, _ in good),
        place_of=places.__getitem__,
        text_lengths=lambda: np.array([len(ids) for _, ids, _ in good], np.int64),
        sources=np.array([place.source for place in places], np.int32),
        continues=not held[0][2],
        goes_on=not held[-1][3],
        first_is_bad=not held[0][2] and held[0][4],
        last_is_bad=not held[-1][3] and held[-1][4],
        rejects=[Reject(*place, INVALID_UTF8, "", b"") for place, _, _, _, bad in held if bad],
    )
    tokens = np.array([i for ids in with_end for i in ids], np.uint16)
    return EncodedChunk(texts, tokens, offsets, end, 1)


def expected_shards(documents, shard_tokens):
    shards = [[]]
    for _, pieces, bad in documents:
        if bad is None:
            if sum(map(len, shards[-1])) >= shard_tokens:
                shards.append([])
            shards[-1].append([i for piece in pieces for i in piece] + [END])
    return shards if shards[0] else []


def shard_documents(path: Path):
    tokens = np.fromfile(f"{path}.bin", "<u2")
    offsets = read_document_offsets(read_header(Path(f"{path}.idx"), 2 * len(tokens)))
    return [tokens[a:b].tolist() for a, b in itertools.pairwise(offsets)]


@pytest.mark.parametrize("seed", range(150))
def test_shards_are_the_documents_in_order(tmp_path, seed):
    rng = random.Random(seed)
    documents = random_documents(rng)
    shard_tokens = rng.choice([1, 5, 12, 10_000])
    settings = settings_of(shard_tokens)
    end = Place(FILES, 0)
    (tmp_path / "attempt").mkdir()
    # Each run ends after some chunks; the next goes on at the place where the last shard ended.
    while not is_done(rows := read_rows(tmp_path, 4)):
        at = rows[-1].next if rows else Place(0, 0)
        left = [each for each in documents if each[0] >= at]
        chunks = as_chunks(rng, left, end)
        writer = PartWriter(tmp_path, tmp_path / "attempt", settings, 4, rows)
        stop = rng.choice([len(chunks), rng.randint(0, len(chunks))])
        for chunk in chunks[:stop]:
            writer.add(chunk)
        if stop == len(chunks):
            writer.finish()
        writer.discard()
    with_shard = [row for row in rows if row.entry is not None]
    shards = [shard_documents(tmp_path / row.name) for row in with_shard]
    assert shards == expected_shards(documents, shard_tokens)
    for row, shard in zip(with_shard, shards, strict=True):
        assert row.entry.n_documents == len(shard)
        assert row.entry.n_tokens == sum(map(len, shard))
    for source in range(FILES):
        mine = [(pieces, bad) for place, pieces, bad in documents if place.source == source]
        good = [sum(map(len, pieces)) for pieces, bad in mine if bad is None]
        counts = [row.sources[source] for row in rows if source in row.sources]
        assert sum(each.documents for each in counts) == len(good)
        assert sum(each.text_bytes for each in counts) == sum(good)
        assert sum(each.tokens for each in counts) == sum(good) + len(good)
        assert sum(each.rejects for each in counts) == len(mine) - len(good)
    kept = [Place(*reject[:2]) for row in rows for reject in row.kept]
    assert kept == [place for place, _, bad in documents if bad is not None]
    assert list((tmp_path / "attempt").iterdir()) == []
