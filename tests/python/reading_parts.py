"""Files for the tests of readers, and what a reader gives, put together again."""

import gzip
import itertools

import numpy as np

from bytestride.corpus.chunks import Place, Range
from bytestride.corpus.inputs import Inputs
from bytestride.corpus.reading import read_chunks


def write(folder, *datas, suffix=""):
    paths = []
    for number, data in enumerate(datas):
        paths.append(folder / f"{number}.txt{suffix}")
        paths[-1].write_bytes(gzip.compress(data, 1) if suffix else data)
    return paths


def inputs_of(*paths):
    stats = [path.stat() for path in paths]
    return Inputs(
        [str(path) for path in paths],
        np.array([one.st_size for one in stats], np.int64),
        np.array([one.st_mtime_ns for one in stats], np.int64),
    )


def whole(inputs):
    return [Range(Place(0, 0), Place(len(inputs), 0))]


def documents_of(data, separator):
    """The documents of a file, and where they begin, as bytes.split tells them."""
    if separator is None:
        return [(0, data)]
    documents = data.split(separator)
    begins = itertools.accumulate((len(one) + len(separator) for one in documents), initial=0)
    found = list(zip(begins, documents, strict=False))
    return found if documents[-1] else found[:-1]


def read(inputs, ranges, reading, chunk_bytes=64):
    """Documents by place, put together from their pieces, and rejects by place."""
    documents, rejects = {}, {}
    open_at, open_text = None, None  # the document that goes on; its text is None once it is bad
    last_end = Place(0, 0)
    for chunk in read_chunks(inputs, ranges, reading, chunk_bytes=chunk_bytes):
        texts = chunk.texts()
        assert chunk.n_file_bytes >= 0
        assert last_end <= chunk.end
        last_end = chunk.end
        pieces = pieces_of(texts)
        assert len(pieces) == texts.n_documents
        assert sum(map(len, pieces)) == texts.n_text_bytes
        assert [len(piece) for piece in pieces] == texts.text_lengths().tolist()
        for reject in texts.rejects:
            rejects.setdefault(Place(reject.source, reject.offset), reject)
        assert texts.continues == (open_at is not None)
        is_one = texts.continues and texts.goes_on
        numbers = list(range(len(pieces)))
        if texts.continues:
            if texts.first_is_bad:
                assert open_at in rejects
                open_text = None
            else:
                piece = pieces[numbers.pop(0)]
                open_text = None if open_text is None else open_text + piece
            if not is_one:
                if open_text is not None:
                    assert open_at not in documents
                    documents[open_at] = open_text
                open_at = None
        if texts.goes_on and not is_one:
            if texts.last_is_bad:
                open_at, open_text = Place(*texts.rejects[-1][:2]), None
            else:
                number = numbers.pop()
                open_at, open_text = texts.place_of(number), pieces[number]
        for number in numbers:
            place = texts.place_of(number)
            sources = texts.sources
            assert place.source == (sources if isinstance(sources, int) else sources[number])
            assert place not in documents
            documents[place] = pieces[number]
    assert open_at is None
    return documents, rejects


def pieces_of(texts):
    if texts.offsets is None:
        return [text.encode() for text in texts.documents.to_pylist()]
    data = bytes(texts.documents)
    if texts.offsets.ndim == 1:
        return [data[i:j] for i, j in itertools.pairwise(texts.offsets.tolist())]
    return [data[i:j] for i, j in texts.offsets.tolist()]
