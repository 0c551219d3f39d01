"""Stores written here are opened by the trainers' own code, and theirs are opened here.

Megatron's ``IndexedDataset`` and datatrove are of the ``test`` extra. OLMo-core is not, for what it
needs (clients of two clouds): ``pip install ai2-olmo-core`` beside the same torch, and its tests
run too.
"""

import importlib.util
import os
import sys
import types
import warnings
from pathlib import Path

import numpy as np
import pytest

from bytestride import TokenStoreWriter, open_tokens
from bytestride.store import convert_store

EOS = 0
random = np.random.default_rng(7)
DOCUMENTS = [
    [*random.integers(1, 40_000, length).tolist(), EOS]
    for length in (3, 1, 0, 700, 12, 5_000, 2, 2, 40)
]
FLAT = np.concatenate([np.array(document) for document in DOCUMENTS])
ENDS = np.cumsum([len(document) for document in DOCUMENTS])


def imported(name, package):
    """Import a module of a package that may not be there; what it warns of is not ours."""
    pytest.importorskip(name.partition(".")[0], reason=f"needs {package}: pip install {package}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name)


def write(path, dtype="uint16", documents=DOCUMENTS, **options):
    with TokenStoreWriter(path, dtype=dtype, **options) as writer:
        for document in documents:
            writer.append(document, [len(document)])
    return path


def check(path, dtype, named=None, documents=DOCUMENTS):
    with open_tokens(path, named, verify=True) as store:
        assert store.dtype == np.dtype(dtype)
        n = store.n_documents
        assert [store.document(i).tolist() for i in range(n)] == documents


# Megatron-LM


MEGATRON = "megatron.core.datasets.indexed_dataset"


@pytest.fixture(params=["module", pytest.param("package", marks=pytest.mark.slow)])
def megatron(request, monkeypatch):
    """Megatron's module of indexed datasets.

    Its package imports compilers and kernels for 5 seconds and more, of which the module uses one
    logging function. The quick tests give the module that, and import its own file alone.
    """
    if request.param == "package":
        return imported(MEGATRON, "megatron-core")
    pytest.importorskip("torch")
    found = importlib.util.find_spec("megatron")
    if found is None:
        pytest.skip("needs megatron-core: pip install megatron-core")
    (root,) = found.submodule_search_locations
    for name in [name for name in sys.modules if name.startswith("megatron")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("megatron.core", "megatron.core.datasets", "megatron.core.utils"):
        package = types.ModuleType(name)
        package.__path__ = [str(Path(root, *name.split(".")[1:]))]
        monkeypatch.setitem(sys.modules, name, package)
    package.log_single_rank = lambda *_: None
    try:
        return imported(MEGATRON, "megatron-core")
    finally:
        for name in [name for name in sys.modules if name.startswith("megatron")]:
            del sys.modules[name]


@pytest.mark.parametrize("dtype", ["uint16", "int32"])
@pytest.mark.parametrize("mmap", [True, False])
def test_megatron_opens_ours(megatron, tmp_path, dtype, mmap):
    folder = write(tmp_path / "s", dtype, shard_tokens=1000)
    found, ends = [], [0]
    for shard in sorted(folder.glob("*.bin")):
        prefix = str(shard.with_suffix(""))
        assert megatron.IndexedDataset.exists(prefix)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            dataset = megatron.IndexedDataset(prefix, mmap=mmap)
            assert dataset.index.dtype == np.dtype(dtype)
            assert dataset.document_indices.tolist() == list(range(len(dataset) + 1))
            found += [dataset[i].tolist() for i in range(len(dataset))]
            ends.append(len(found))
            del dataset
    assert found == DOCUMENTS
    assert ends == [0, 6, 9]


@pytest.mark.parametrize("dtype", ["uint16", "int32", "uint8"])
def test_we_open_megatrons(megatron, tmp_path, dtype):
    torch = pytest.importorskip("torch")
    documents = [[token % 251 for token in document] for document in DOCUMENTS]
    builder = megatron.IndexedDatasetBuilder(f"{tmp_path}/m.bin", getattr(np, dtype))
    for number, document in enumerate(documents):
        if number % 2 and len(document) > 3:  # a document of three sequences
            lengths = [2, 0, len(document) - 2]
            builder.add_document(document, lengths)
        else:
            builder.add_item(torch.tensor(document))
            builder.end_document()
    builder.finalize(f"{tmp_path}/m.idx")
    check(tmp_path / "m", dtype, documents=documents)
    made = convert_store(tmp_path / "m", tmp_path / "s")
    check(made, "int32" if dtype == "int32" else "uint16", documents=documents)
    again = convert_store(made, tmp_path / "again", format="megatron")
    assert again.read_bytes() == (made / "shard-00000.bin").read_bytes()


@pytest.mark.parametrize("vocab_size", [65_499, 65_500, 65_536, 65_537])
def test_the_type_is_the_headers_and_not_guessed(megatron, tmp_path, vocab_size):
    """Megatron takes uint16 below 65,500 tokens and we up to 65,536; each reads the other's."""
    theirs = megatron.DType.optimal_dtype(vocab_size)
    ids = [0, vocab_size - 1]
    builder = megatron.IndexedDatasetBuilder(f"{tmp_path}/m.bin", theirs)
    builder.add_document(ids, [2])
    builder.finalize(f"{tmp_path}/m.idx")
    check(tmp_path / "m", theirs, documents=[ids])
    with TokenStoreWriter(tmp_path / "s", vocab_size=vocab_size) as writer:
        writer.append(ids, [2])
    dataset = megatron.IndexedDataset(str(tmp_path / "s/shard-00000"))
    assert dataset[0].tolist() == ids


def test_megatron_opens_a_converted_pair(megatron, tmp_path):
    folder = write(tmp_path / "s", shard_tokens=1000)
    path = convert_store(folder, tmp_path / "text_document", format="megatron")
    dataset = megatron.IndexedDataset(str(path.with_suffix("")))
    assert [dataset[i].tolist() for i in range(len(dataset))] == DOCUMENTS


# datatrove


@pytest.fixture
def datatrove():
    pytest.importorskip("torch")
    return imported("datatrove.utils.dataset", "datatrove")


@pytest.mark.parametrize(("dtype", "size"), [("uint16", 2), ("int32", 4)])
def test_datatrove_opens_ours(datatrove, tmp_path, dtype, size):
    folder = write(tmp_path / "s", dtype, emit=["datatrove"])
    dataset = datatrove.DatatroveFileDataset(
        str(folder / "shard-00000.ds"), 9, size, return_positions=True
    )
    n = FLAT.size // 10
    assert len(dataset) == n
    lengths = np.diff(ENDS, prepend=0)
    place = np.arange(FLAT.size) - np.repeat(ENDS - lengths, lengths)
    for i in range(n):
        item = dataset[i]
        begin = 10 * i
        assert item["input_ids"].tolist() == FLAT[begin : begin + 10].tolist()
        # Theirs restart at the window's beginning too.
        expected = np.minimum(place[begin : begin + 10], np.arange(10))
        assert item["positions"].tolist() == expected.tolist()
    whole = datatrove.DatatroveFolderDataset(str(folder), 9, "*.ds", token_size=size)
    assert len(whole) == n


@pytest.mark.parametrize(("dtype", "size"), [("uint16", 2), ("uint32", 4)])
@pytest.mark.parametrize("tokenizer", [None, "openai-community/gpt2", "a|b"])
def test_we_open_datatroves(tmp_path, dtype, size, tokenizer):
    tokens = imported("datatrove.pipeline.tokens.tokenizer", "datatrove")
    file = tokens.TokenizedFile(
        str(tmp_path),
        "00000_unshuffled.ds",
        tokenizer_name_or_path=tokenizer,
        save_final_metadata=True,
        token_size=size,
    )
    for document in DOCUMENTS[:4]:
        file.write(document, None)
    ends = np.cumsum([len(document) for document in DOCUMENTS[4:]]).tolist()
    several = np.concatenate([np.array(document) for document in DOCUMENTS[4:]])
    file.write_bytes(several.astype(dtype).tobytes(), ends)
    file.close()
    check(tmp_path / "00000_unshuffled.ds", dtype)
    check(tmp_path, dtype)
    stored = "uint16" if size == 2 else "int32"
    ours = convert_store(tmp_path, tmp_path / "o.ds", format="datatrove", dtype=stored)
    for suffix in ("", ".index"):
        theirs = (tmp_path / f"00000_unshuffled.ds{suffix}").read_bytes()
        assert Path(f"{ours}{suffix}").read_bytes() == theirs


def test_metadata_is_as_datatroves(tmp_path):
    imported("datatrove.utils.dataset", "datatrove")
    humanize = pytest.importorskip("humanize")
    from bytestride.store.sidecars.datatrove import in_short

    for n in [0, 1, 12, 999, 1000, 1004, 1006, 99_949, 99_951, 123_456_789, 10**9, 5 * 10**12]:
        assert in_short(n) == humanize.metric(n, unit="T")
    folder = write(tmp_path / "s", emit=["datatrove"], metadata={"tokenizer": {"name": "gpt2"}})
    tokens = imported("datatrove.pipeline.tokens.tokenizer", "datatrove")
    theirs = tokens.TokenizedFile(
        str(tmp_path), "x.ds", tokenizer_name_or_path="gpt2", save_final_metadata=True
    )
    theirs.write(FLAT.tolist(), None)
    theirs.close()
    assert (folder / "shard-00000.ds.metadata").read_bytes() == (
        tmp_path / "x.ds.metadata"
    ).read_bytes()


# OLMo-core


@pytest.fixture
def olmo():
    return imported("olmo_core.data.utils", "ai2-olmo-core")


@pytest.mark.parametrize(("dtype", "unsigned"), [("uint16", np.uint16), ("int32", np.uint32)])
def test_olmo_opens_ours(olmo, tmp_path, dtype, unsigned):
    folder = write(tmp_path / "s", dtype, emit=["olmo"])
    path = folder / "shard-00000.npy"
    spans = [(int(begin), int(end)) for begin, end in zip([0, *ENDS[:-1]], ENDS, strict=True)]
    in_file = list(olmo.iter_document_indices(path, use_array_if_local=False, dtype=unsigned))
    assert in_file == spans
    assert list(olmo.iter_document_indices(path, eos_token_id=EOS, dtype=unsigned)) == spans
    data = imported("olmo_core.data.numpy_dataset", "ai2-olmo-core")
    dataset = data.NumpyFSLDataset(
        path,
        sequence_length=64,
        pad_token_id=1,
        eos_token_id=EOS,
        vocab_size=40_001,
        dtype=unsigned,
    )
    dataset.prepare()
    assert len(dataset) == FLAT.size // 64
    for i in range(len(dataset)):
        assert dataset[i]["input_ids"].tolist() == FLAT[64 * i : 64 * (i + 1)].tolist()


@pytest.mark.parametrize("dtype", ["uint16", "uint32"])
def test_we_open_olmos(olmo, tmp_path, dtype):
    path = tmp_path / "part-0.npy"
    array = np.memmap(path, dtype=dtype, mode="w+", shape=(FLAT.size,))
    array[:] = FLAT
    array.flush()
    olmo.write_document_indices(path, dtype=np.dtype(dtype), eos_token_id=EOS)
    check(path, dtype, named=dtype)
    ours = convert_store(path, tmp_path / "o.npy", format="olmo", source_dtype=dtype)
    assert ours.read_bytes() == path.read_bytes()
    assert list(olmo.iter_document_indices(ours)) == list(olmo.iter_document_indices(path))


# nanoGPT


def test_nanogpts_line(tmp_path):
    """The line of nanoGPT's ``train.py`` that opens its data, on ours."""
    data_dir = write(tmp_path / "s", emit=["nanogpt"], shard_tokens=1000)
    data = np.memmap(os.path.join(data_dir, "train.bin"), dtype=np.uint16, mode="r")  # noqa: PTH118
    assert data.tolist() == FLAT.tolist()


def test_we_open_nanogpts(tmp_path):
    array = np.memmap(tmp_path / "val.bin", dtype=np.uint16, mode="w+", shape=(FLAT.size,))
    array[:] = FLAT
    array.flush()
    check(tmp_path / "val.bin", "uint16", "uint16", [FLAT.tolist()])
    check(
        convert_store(tmp_path / "val.bin", tmp_path / "s", source_dtype="uint16", ends_with=EOS),
        "uint16",
    )


# Hugging Face datasets, pyarrow


def test_datasets_opens_our_tables(tmp_path):
    datasets = imported("datasets", "datasets")
    folder = write(tmp_path / "s", emit=["parquet", "arrow"], shard_tokens=1000)
    files = sorted(map(str, folder.glob("*.parquet")))
    found = datasets.Dataset.from_parquet(files, cache_dir=str(tmp_path / "cache"))
    assert found["input_ids"][:] == DOCUMENTS
    from pyarrow import feather

    tables = [feather.read_table(str(path)) for path in sorted(folder.glob("*.arrow"))]
    assert [row for table in tables for row in table["input_ids"].to_pylist()] == DOCUMENTS


@pytest.mark.parametrize("kind", [None, "int32", "uint16"])
def test_we_open_saved_datasets(tmp_path, kind):
    datasets = imported("datasets", "datasets")
    features = None
    if kind is not None:
        features = datasets.Features({"input_ids": datasets.List(datasets.Value(kind))})
    data = datasets.Dataset.from_dict({"input_ids": DOCUMENTS}, features=features)
    data.save_to_disk(tmp_path / "d", num_shards=2)
    check(tmp_path / "d", kind or "int32")
    data.to_parquet(tmp_path / "p.parquet")
    check(tmp_path / "p.parquet", kind or "int32")
    data.select([2, 0]).save_to_disk(tmp_path / "e")  # rows chosen by indices are written out
    check(tmp_path / "e", kind or "int32", documents=[DOCUMENTS[2], DOCUMENTS[0]])
