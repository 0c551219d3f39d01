"""A tokenizer in many hands: threads, forked and spawned processes, pickles."""

import copy
import multiprocessing
import os
import pickle
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from bytestride import Tokenizer

TEXT = "It's naïve 漢字 🙂 of 1234567 low lower,  lowest\t\n\n"
DOCUMENTS = [f"{TEXT} {i}" * 4 for i in range(2000)]
LARGE = TEXT * 40_000
# Python 3.12 warns of any fork while other threads run, such as those of numpy's libraries.
may_fork = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
needs_fork = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="no fork on this system"
)


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.train(TEXT * 3, 256 + 100 + 1, special_tokens=["<|end|>"])


def answers(tokenizer, n_threads=2):
    return (
        tokenizer.encode(TEXT),
        tokenizer.encode_ragged(DOCUMENTS, num_threads=n_threads).tokens.tolist(),
    )


def send_answers(tokenizer, pipe):
    pipe.send(answers(tokenizer))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles(tokenizer, protocol):
    again = pickle.loads(pickle.dumps(tokenizer, protocol))
    assert type(again) is Tokenizer
    assert again.definition == tokenizer.definition
    assert answers(again) == answers(tokenizer)
    assert again.encode("<|end|>", allowed_special="all") == [tokenizer.vocab_size - 1]


def test_copies(tokenizer):
    for again in (copy.copy(tokenizer), copy.deepcopy(tokenizer)):
        assert again.definition == tokenizer.definition
        assert answers(again) == answers(tokenizer)


def test_a_published_vocabulary_keeps_its_name(published):
    again = pickle.loads(pickle.dumps(published("r50k_base")))
    assert repr(again) == "<Tokenizer 'r50k_base', vocab_size=50257>"
    assert again.encode("Hello, world") == [15496, 11, 995]


class Mine(Tokenizer):
    """A subclass, as users write them."""

    def encode_line(self, line):
        return self.encode(line.rstrip())


def test_subclasses(tokenizer):
    mine = Mine.train(TEXT, 300)
    assert type(mine) is Mine
    assert mine.encode_line("low \n") == mine.encode("low")
    again = pickle.loads(pickle.dumps(Mine(tokenizer.definition)))
    assert type(again) is Mine
    assert again.encode(TEXT) == tokenizer.encode(TEXT)


def test_a_tokenizer_without_an_engine():
    # What a subclass makes that forgets super().__init__.
    class Forgets(Tokenizer):
        def __init__(self):
            pass

    with pytest.raises(TypeError, match="definition"):
        Forgets().encode("a")


def test_eight_threads_at_once(tokenizer):
    single = tokenizer.encode(TEXT)
    batch = tokenizer.encode_ragged(DOCUMENTS, num_threads=1).tokens.tolist()
    large = tokenizer.encode_ordinary(LARGE)
    start = threading.Barrier(8)

    def work(number):
        start.wait()
        for _ in range(3):
            for n_threads in (1, 2, 7):
                ragged = tokenizer.encode_ragged(DOCUMENTS, num_threads=n_threads)
                if ragged.tokens.tolist() != batch:
                    return "batch"
            for _ in range(200):
                if tokenizer.encode(TEXT) != single or tokenizer.decode(single) != TEXT:
                    return "single"
            if number < 2 and tokenizer.encode_ordinary(LARGE) != large:
                return "large"
        return None

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [None] * 8


def test_a_tokenizer_may_go_while_its_ids_stay(tokenizer):
    again = copy.copy(tokenizer)
    ragged = again.encode_ragged(DOCUMENTS, num_threads=2)
    del again
    assert tokenizer.decode(ragged.document(7)) == DOCUMENTS[7]


def in_a_child(context, tokenizer):
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=send_answers, args=(tokenizer, there))
    child.start()
    there.close()
    try:
        assert here.poll(60), "the child hangs"
        return here.recv()
    finally:
        child.kill()
        child.join()


@needs_fork
@may_fork
def test_fork_after_use(tokenizer):
    expected = answers(tokenizer, 7)
    context = multiprocessing.get_context("fork")
    for _ in range(3):
        assert in_a_child(context, tokenizer) == expected
        assert answers(tokenizer, 7) == expected


@needs_fork
@may_fork
def test_fork_while_other_threads_encode(tokenizer):
    expected = answers(tokenizer)
    stop = threading.Event()
    wrong = []

    def work():
        while not stop.is_set():
            if answers(tokenizer) != expected:
                wrong.append("batch")

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        context = multiprocessing.get_context("fork")
        for _ in range(5):
            assert in_a_child(context, tokenizer) == expected
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not wrong


def test_spawn(tokenizer, monkeypatch):
    # A spawned child finds the package and this file as we did.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    assert in_a_child(multiprocessing.get_context("spawn"), tokenizer) == answers(tokenizer)


def test_cores(tokenizer):
    # num_threads=None is answered whatever the number of cores is.
    assert tokenizer.encode_ragged(DOCUMENTS).tokens.tolist() == answers(tokenizer)[1]
