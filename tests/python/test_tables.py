"""Tables as documents: what to_pylist gives, in chunks of any size, from any row."""

import random
import re

import numpy as np
import pytest

from bytestride import FormatError
from bytestride.corpus.chunks import Place
from bytestride.corpus.inputs import Inputs
from bytestride.corpus.reading import Reading
from bytestride.corpus.tables import END_OF_TABLE, row_groups, table_chunks

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
feather = pytest.importorskip("pyarrow.feather")

TEXTS = [
    "low",
    "",
    None,
    "naïve 漢字 of more than twelve bytes",
    "lower 🙂\n",
    "x" * 700,
    None,
    "a",
]
TYPES = {
    **{str(t): t for t in (pa.string(), pa.large_string(), pa.string_view())},
    **{str(t): t for t in (pa.binary(), pa.large_binary(), pa.binary_view())},
    **{f"dictionary of {t}": pa.dictionary(pa.int8(), t) for t in (pa.string(), pa.large_binary())},
}


def texts_of(n: int, seed: int = 1) -> list[str | None]:
    rng = random.Random(seed)
    return [rng.choice(TEXTS) for _ in range(n)]


def table_of(texts, kind=None) -> "pa.Table":
    kind = kind or pa.string()
    if pa.types.is_dictionary(kind):
        array = pa.array(texts, pa.string()).dictionary_encode()
        values = array.dictionary.cast(kind.value_type)
        array = pa.DictionaryArray.from_arrays(array.indices.cast(kind.index_type), values)
    elif str(kind).endswith("view"):
        array = pa.array([t.encode() if t and kind == pa.binary_view() else t for t in texts], kind)
    else:
        array = pa.array(texts, pa.string()).cast(kind)
    return pa.table({"id": range(len(texts)), "text": array, "more": [[1]] * len(texts)})


def write_stream(table, path, rows) -> None:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=rows)


def write_file(table, path, rows) -> None:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=rows)


WRITERS = {
    "plain.parquet": lambda t, p, n: pq.write_table(t, p, row_group_size=n, use_dictionary=False),
    "dictionary.parquet": lambda t, p, n: pq.write_table(t, p, row_group_size=n),
    "mixed.parquet": lambda t, p, n: pq.write_table(
        t,
        p,
        row_group_size=n,
        dictionary_pagesize_limit=500,
        data_page_size=300,
        compression="zstd",
    ),
    "stream.arrow": write_stream,
    "file.arrow": write_file,
    "lz4.feather": lambda t, p, n: feather.write_feather(t, p, compression="lz4", chunksize=n),
}


@pytest.fixture(params=WRITERS)
def write(request, tmp_path):
    def write(table, rows: int = 10**6):
        path = tmp_path / request.param
        WRITERS[request.param](table, path, rows)
        return path

    return write


def inputs_of(path) -> Inputs:
    return Inputs(["other", str(path)], np.array([5, path.stat().st_size]), np.zeros(2, np.int64))


def read(path, begin=0, end=END_OF_TABLE, chunk_bytes=2**21, **reading):
    """All good rows, all rejects, and the chunks."""
    chunks = list(
        table_chunks(inputs_of(path), 1, begin, end, Reading(**reading), chunk_bytes=chunk_bytes)
    )
    rows, rejects = {}, []
    for chunk in chunks:
        texts = chunk.texts()
        documents = [text.as_buffer().to_pybytes() for text in texts.documents]
        assert texts.offsets is None
        assert texts.sources == 1
        assert texts.n_documents == len(documents)
        assert texts.n_text_bytes == sum(map(len, documents))
        assert texts.text_lengths().tolist() == [len(document) for document in documents]
        places = [texts.place_of(i) for i in range(len(documents))]
        assert all(place.source == 1 for place in places)
        rows.update((place.offset, text) for place, text in zip(places, documents, strict=True))
        rejects += texts.rejects
    assert list(rows) == sorted(rows)
    return rows, rejects, chunks


def expected(texts, begin=0, end=None):
    rows = range(len(texts))[begin:end]
    good = {i: texts[i].encode() for i in rows if texts[i] is not None}
    return good, [i for i in rows if texts[i] is None]


@pytest.mark.parametrize("kind", TYPES)
def test_a_table_is_what_to_pylist_gives(write, kind):
    texts = texts_of(150)
    path = write(table_of(texts, TYPES[kind]), rows=40)
    for chunk_bytes in (1, 900, 2**21) if kind == "string" else (900,):
        rows, rejects, chunks = read(path, chunk_bytes=chunk_bytes)
        assert (rows, [reject.offset for reject in rejects]) == expected(texts)
        assert {reject[2:] for reject in rejects} == {("missing-field", "'text' is null", b"")}
        assert [c.end.offset for c in chunks][-1] == 150
        n_file_bytes = sum(chunk.n_file_bytes for chunk in chunks)
        assert 0 <= path.stat().st_size - n_file_bytes <= 8  # the mark at a stream's end
        if chunk_bytes == 900:
            assert all(c.texts().n_text_bytes < 900 + 700 for c in chunks)
            assert 5 < len(chunks) < 50
    ranges = ((0, 1), (39, 41), (40, 80), (50, 130), (149, 1000), (150, 200), (5, 5))
    for begin, end in ranges if kind == "string" else ranges[3:4]:
        rows, rejects, _ = read(path, begin, end, 1000)
        assert (rows, [reject.offset for reject in rejects]) == expected(texts, begin, end)


def test_any_chunk_can_be_the_one_to_go_on_from(write):
    texts = texts_of(100)
    path = write(table_of(texts), rows=32)
    whole, _, chunks = read(path, chunk_bytes=3000)
    for chunk in chunks:
        row = chunk.end.offset
        assert chunk.end.source == 1
        after, _, _ = read(path, row, chunk_bytes=3000)
        assert after == {i: text for i, text in whole.items() if i >= row}


def test_row_groups(tmp_path):
    path = tmp_path / "groups.parquet"
    texts = texts_of(100)
    pq.write_table(table_of(texts), path, row_group_size=30, use_dictionary=False)
    groups = row_groups(inputs_of(path), 1, Reading())
    assert groups.rows.tolist() == [0, 30, 60, 90, 100]
    n_bytes = [sum(len((t or "").encode()) for t in texts[i : i + 30]) for i in range(0, 100, 30)]
    assert all(n <= size < n + 1000 for n, size in zip(n_bytes, groups.text_bytes, strict=True))
    parts = {}
    for begin, end in zip(groups.rows, groups.rows[1:], strict=False):
        parts.update(read(path, int(begin), int(end))[0])
    assert parts == expected(texts)[0]
    for name in ("file.arrow", "stream.arrow"):
        WRITERS[name](table_of(texts), tmp_path / name, 30)
        groups = row_groups(inputs_of(tmp_path / name), 1, Reading())
        assert groups.rows.tolist() == [0, END_OF_TABLE]
        assert groups.text_bytes.tolist() == [(tmp_path / name).stat().st_size]


def test_empty_tables(write):
    assert read(write(table_of([])))[:2] == ({}, [])
    assert read(write(table_of([None] * 5)))[0] == {}
    assert read(write(table_of([""] * 5)))[0] == dict.fromkeys(range(5), b"")


def test_bad_rows(write):
    texts = ["good", "long" * 10, None, "bad \xff here", "", "cut \xc3", "é", "x" * 300 + "\xff"]
    raw = [
        t if t is None else t.encode("latin-1" if "\xff" in t or "\xc3" in t else "utf-8")
        for t in texts
    ]
    table = pa.table({"text": pa.array(raw, pa.binary())})
    rows, rejects, _ = read(write(table), max_document_bytes=39)
    assert rows == {0: b"good", 4: b"", 6: "é".encode()}
    assert [tuple(reject) for reject in rejects] == [
        (1, 1, "too-long", "40 bytes; a row may hold 39", b"long" * 10),
        (1, 2, "missing-field", "'text' is null", b""),
        (1, 3, "invalid-utf8", "byte 4 of the text, 0xff, is not UTF-8", b"bad \xff here"),
        (1, 5, "invalid-utf8", "byte 4 of the text, 0xc3, is not UTF-8", b"cut \xc3"),
        (1, 7, "too-long", "301 bytes; a row may hold 39", b"x" * 200),
    ]
    rows, rejects, _ = read(write(table), keep_invalid_utf8=True)
    assert list(rows.values()) == [text for text in raw if text is not None]
    assert [reject.offset for reject in rejects] == [2]


def test_strings_are_checked_too(write):
    views = pa.array([b"ok", b"bad \xff", b"ok"], pa.binary()).view(pa.string())
    rows, rejects, _ = read(write(pa.table({"text": views})))
    assert rows == {0: b"ok", 2: b"ok"}
    assert [(r.offset, r.reason) for r in rejects] == [(1, "invalid-utf8")]


def test_columns_that_are_not_there(write):
    path = write(pa.table({"a.b": ["dotted"], "id": [1], "list": [["x"]], "é": ["letters"]}))
    assert read(path, column="a.b")[0] == {0: b"dotted"}
    assert read(path, column="é")[0] == {0: b"letters"}
    no_column = re.escape(f"{path} has no column 'text'; its columns are 'a.b', 'id', 'list', 'é'")
    for ask in (
        lambda c: read(path, column=c),
        lambda c: row_groups(inputs_of(path), 1, Reading(column=c)),
    ):
        if ask.__code__.co_names[0] == "row_groups" and path.suffix != ".parquet":
            continue
        with pytest.raises(FormatError, match=no_column):
            ask("text")
        with pytest.raises(FormatError, match="column 'id' holds int64"):
            ask("id")
        with pytest.raises(FormatError, match="column 'list' holds list<"):
            ask("list")


def test_two_columns_of_one_name(tmp_path):
    table = pa.table([["a"], ["b"]], names=["text", "text"])
    write_file(table, tmp_path / "two.arrow", 10)
    with pytest.raises(FormatError, match="has 2 columns 'text'"):
        read(tmp_path / "two.arrow")


def test_other_names_and_none(tmp_path):
    path = tmp_path / "table.bin"
    pq.write_table(table_of(["a"]), path)
    assert read(path, format="parquet")[0] == {0: b"a"}
    with pytest.raises(FileNotFoundError):
        list(table_chunks(Inputs(["gone.arrow"], np.array([1]), np.array([1])), 0, 0, 9, Reading()))
    with pytest.raises(FormatError, match="cannot come from standard input"):
        list(
            table_chunks(
                Inputs(["-"], np.array([-1]), np.array([0])), 0, 0, 9, Reading(format="arrow")
            )
        )


def test_remote_tables(write):
    fsspec = pytest.importorskip("fsspec")
    path = write(table_of(texts_of(50)), rows=20)
    url = f"memory://tables/{path.name}"
    with fsspec.open(url, "wb") as file:
        file.write(path.read_bytes())
    inputs = Inputs([url], np.array([path.stat().st_size]), np.zeros(1, np.int64))
    chunks = list(table_chunks(inputs, 0, 0, 50, Reading()))
    assert sum(chunk.texts().n_documents for chunk in chunks) == len(expected(texts_of(50))[0])


def check_damaged(path, texts, data: bytes, has_checksum: bool) -> str:
    """Whatever the damage: rows, and at most one reject that says so, or the one error."""
    path.write_bytes(data)
    try:
        row_groups(inputs_of(path), 1, Reading())
        rows, rejects, _ = read(path, chunk_bytes=500)
    except FormatError:
        return "refused"  # another column, or another type
    damaged = [reject for reject in rejects if reject.reason == "damaged-file"]
    assert len(damaged) <= 1
    if damaged:
        assert rejects[-1] == damaged[0]
        assert all(row < damaged[0].offset for row in rows)
    if has_checksum:
        assert rows.items() <= expected(texts)[0].items()
    return "damaged" if damaged else "read"


def test_truncated_tables(write):
    texts = texts_of(120)
    path = write(table_of(texts), rows=30)
    data = path.read_bytes()
    seen = [
        check_damaged(path, texts, data[:n], True) for n in range(0, len(data), len(data) // 12)
    ]
    assert "damaged" in seen
    assert set(seen) <= {"damaged", "read"}  # a stream may end between batches
    if path.name == "stream.arrow":
        path.write_bytes(data[: len(data) * 2 // 3])
        rows, rejects, _ = read(path)
        assert rows.items() >= expected(texts, 0, 30)[0].items()
        assert rejects[-1].offset == max(rows) + 1 or texts[rejects[-1].offset - 1] is None


def test_what_is_before_the_damage_is_used(tmp_path):
    path = tmp_path / "torn.parquet"
    texts = texts_of(90)
    pq.write_table(table_of(texts), path, row_group_size=30, compression="zstd")
    third = pq.ParquetFile(path).metadata.row_group(2).column(1)
    data = bytearray(path.read_bytes())
    begin = third.dictionary_page_offset
    data[begin : begin + third.total_compressed_size] = b"\xff" * third.total_compressed_size
    path.write_bytes(data)
    rows, rejects, chunks = read(path)
    assert rows == expected(texts, 0, 60)[0]
    assert (rejects[-1].offset, rejects[-1].reason, rejects[-1].source) == (60, "damaged-file", 1)
    assert rejects[-1].detail.startswith("damaged after row 60: ")
    assert chunks[-1].end == Place(1, END_OF_TABLE)


def check_flips(path, texts, n: int, seed: int) -> None:
    rng = random.Random(seed)
    data = path.read_bytes()
    for _ in range(n):
        bad = bytearray(data)
        for _ in range(rng.choice([1, 1, 4])):
            bad[rng.randrange(len(bad))] = rng.choice([0, 1, 0x7F, 0xFF, rng.randrange(256)])
        check_damaged(path, texts, bytes(bad), False)


def test_flipped_bytes(write):
    texts = texts_of(60)
    check_flips(write(table_of(texts), rows=20), texts, 8, 1)


@pytest.mark.slow
def test_many_flipped_bytes(write):
    texts = texts_of(60)
    for kind in (pa.string(), pa.dictionary(pa.int8(), pa.string())):
        check_flips(write(table_of(texts, kind), rows=20), texts, 300, 2)


def test_memory_of_one_text_in_many_rows(tmp_path):
    # A dictionary of one text of a megabyte, 200 times, and small rows: 200 MB if decoded at once.
    path = tmp_path / "many.parquet"
    texts = pa.array(["x" * 1_000_000, "y"]).take(pa.array([0] * 200 + [1] * 2000))
    pq.write_table(pa.table({"text": texts}), path)
    del texts
    pool = pa.default_memory_pool()
    before, peak, n_rows = pool.bytes_allocated(), 0, 0
    for chunk in table_chunks(inputs_of(path), 1, 0, END_OF_TABLE, Reading()):
        peak = max(peak, pool.bytes_allocated() - before)
        n_rows += chunk.texts().n_documents
    assert n_rows == 2200
    assert peak < 80e6
