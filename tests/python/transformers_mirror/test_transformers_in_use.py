"""As programs use a tokenizer: in data sets, and in data loaders that fork."""

import multiprocessing
import warnings

import pytest
import torch

datasets = pytest.importorskip("datasets", reason="datasets is not installed")

from datasets import Dataset  # noqa: E402
from datasets.fingerprint import Hasher  # noqa: E402
from torch.utils.data import DataLoader  # noqa: E402

from bytestride.tokenizers import Tokenizer  # noqa: E402

TEXTS = [f"the lowest fox {i}'s\n\n naïve 漢字" * (i % 7) for i in range(200)]
# Python 3.12 warns of any fork while other threads run, such as those of numpy's libraries.
may_fork = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
needs_fork = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="no fork on this system"
)


@pytest.fixture(autouse=True)
def no_files(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    datasets.disable_progress_bars()


class Encode:
    """A class, so that what is hashed and sent is the tokenizer and not this file."""

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer

    def __call__(self, batch):
        assert isinstance(self.tokenizer._tokenizer, Tokenizer) == self.expected_here
        return self.tokenizer(batch["text"], truncation=True, max_length=9)

    expected_here = True


class EncodeThere(Encode):
    expected_here = False


@may_fork
@pytest.mark.filterwarnings("ignore::dill.PicklingWarning")
def test_a_data_set_maps_it_in_two_processes(ours, theirs):
    data = Dataset.from_dict({"text": TEXTS})
    mapped = data.map(Encode(ours), batched=True, batch_size=25, num_proc=2)
    expected = data.map(EncodeThere(theirs), batched=True, batch_size=25)
    assert mapped[:] == expected[:]


def test_its_fingerprint_does_not_depend_on_calls(ours):
    before = Hasher.hash(ours)
    assert Hasher.hash(ours) == before
    ours(TEXTS, padding=True, truncation=True, max_length=5)
    ours(TEXTS[:9], TEXTS[:9], padding="max_length", truncation=True, max_length=9, stride=1)
    assert Hasher.hash(ours) == before
    ours.add_tokens(["fox"])
    assert Hasher.hash(ours) != before


class Collate:
    def __init__(self, tokenizer):
        self.tokenizer = tokenizer

    def __call__(self, texts):
        # Not verbose: that a text is longer than the model's most is not what is tested.
        return self.tokenizer(texts, padding=True, return_tensors="pt", verbose=False)


@may_fork
@needs_fork
@pytest.mark.parametrize("padding_in_parent", [False, True])
def test_a_data_loader_forks_after_it_was_used(ours, theirs, capfd, padding_in_parent):
    ours(TEXTS, padding=padding_in_parent, verbose=False)  # with threads
    loader = DataLoader(
        TEXTS,
        batch_size=40,
        num_workers=2,
        collate_fn=Collate(ours),
        multiprocessing_context="fork",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        batches = list(loader)
    for i, batch in enumerate(batches):
        expected = Collate(theirs)(TEXTS[40 * i : 40 * i + 40])
        assert torch.equal(batch["input_ids"], expected["input_ids"])
        assert torch.equal(batch["attention_mask"], expected["attention_mask"])
    assert len(batches) == 5
    # The tokenizers library would say here that it turns threads off.
    said = capfd.readouterr().err.splitlines()
    assert not [line for line in said if not line.startswith("[transformers] Token indices")]
    assert len(ours(TEXTS)["input_ids"]) == 200  # with threads again
