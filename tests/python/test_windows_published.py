"""Windows that others have published, each by one call: from the reference and from the engine.

Where they come from is said at each test; the numbers are theirs.
"""

import math

import numpy as np
import pytest
from windows_parts import by_engine, by_reference

PREFIX = 60_000
WORDS = ["Lorem", "ipsum", "dolor", "sit", "amet,", "consectetur", "adipiscing", "elit."]


@pytest.fixture(params=[by_reference, by_engine], ids=["reference", "engine"])
def cut(request):
    """Cut documents into rows."""
    return request.param


@pytest.fixture(scope="module")
def verdict(data_file):
    return data_file("fixtures/the-verdict.txt").read_text(encoding="utf-8")


# S. Raschka, Build a Large Language Model (From Scratch): ch02.ipynb, exercise-solutions.ipynb,
# ch05.ipynb and dataloader-intuition.ipynb of github.com/rasbt/LLMs-from-scratch.

SIDE_BY_SIDE = [
    [40, 367, 2885, 1464],
    [1807, 3619, 402, 271],
    [10899, 2138, 257, 7026],
    [15632, 438, 2016, 257],
    [922, 5891, 1576, 438],
    [568, 340, 373, 645],
    [1049, 5975, 284, 502],
    [284, 3285, 326, 11],
]
AFTER_THEM = 287


def test_raschka_s_first_batches(cut, verdict, published):
    ids = published("r50k_base").encode(verdict)
    assert len(ids) == 5145
    made = cut([ids[:200]], 4, 4)
    stream = [token for row in SIDE_BY_SIDE for token in row]
    assert made.x[:8] == SIDE_BY_SIDE
    assert [token for row in made.y[:8] for token in row] == [*stream[1:], AFTER_THEM]
    # Exercise 2.2.
    assert cut([ids[:200]], 2, 2).x[:4] == [[40, 367], [2885, 1464], [1807, 3619], [402, 271]]
    assert cut([ids[:200]], 8, 2).x[:4] == [stream[i : i + 8] for i in (0, 2, 4, 6)]
    assert cut([ids[:200]], 8, 2).x[1] == [2885, 1464, 1807, 3619, 402, 271, 10899, 2138]


@pytest.mark.parametrize(
    ("max_length", "stride", "n"), [(4, 1, 5141), (4, 4, 1286), (256, 128, 39), (256, 256, 20)]
)
def test_raschka_s_counts(cut, max_length, stride, n):
    assert len(cut([range(5145)], max_length, stride).x) == n


def test_raschka_s_training_and_validation_batches(cut, verdict, published):
    """Batches of two: the training set drops what is left, the validation set keeps it."""
    end = int(0.9 * len(verdict))
    training, validation = (
        cut([published("r50k_base").encode(text)], 256, 256).x
        for text in (verdict[:end], verdict[end:])
    )
    assert len(training) // 2 == 9
    assert math.ceil(len(validation) / 2) == 1
    assert len(training) // 2 * 2 * 256 == 4608
    assert len(validation) * 256 == 512


def test_raschka_s_numbers(cut):
    made = cut([range(1001)], 4, 1)
    assert (made.x[0], made.y[0]) == ([0, 1, 2, 3], [1, 2, 3, 4])
    assert (made.x[2], made.y[2]) == ([2, 3, 4, 5], [3, 4, 5, 6])
    assert (made.x[-1], made.y[-1]) == ([996, 997, 998, 999], [997, 998, 999, 1000])
    made = cut([range(1001)], 4, 4)
    assert made.x[-2:] == [[992, 993, 994, 995], [996, 997, 998, 999]]
    assert made.y[-2:] == [[993, 994, 995, 996], [997, 998, 999, 1000]]


# HackTricks, AI, LLM architecture, 2. Data sampling.


def test_hacktricks_words(cut):
    def in_words(made):
        return [
            (" ".join(WORDS[t] for t in x), " ".join(WORDS[t] if t >= 0 else "?" for t in y))
            for x, y in zip(made.x, made.y, strict=True)
        ]

    assert in_words(cut([range(8)], 4, 1)) == [
        ("Lorem ipsum dolor sit", "ipsum dolor sit amet,"),
        ("ipsum dolor sit amet,", "dolor sit amet, consectetur"),
        ("dolor sit amet, consectetur", "sit amet, consectetur adipiscing"),
        ("sit amet, consectetur adipiscing", "amet, consectetur adipiscing elit."),
    ]
    # The page gives a third window at stride 2, whose last target, "sed", is not in the text.
    assert len(in_words(cut([range(8)], 4, 2))) == 2
    padded = cut([range(8)], 4, 2, tail="pad")
    assert in_words(padded)[:2] == in_words(cut([range(8)], 4, 2))
    assert len(padded.x) == 3
    assert padded.x[2] == [4, 5, 6, 7]
    assert padded.y[2] == [5, 6, 7, -100]


def test_hacktricks_batch(cut):
    stream = [40, 367, 2885, 1464, 1807, 3619, 402, 271, 10899, 2138, 257, 7026, 15632]
    made = cut([stream], 4, 1)
    assert made.x[0] == [40, 367, 2885, 1464]
    assert made.x[7] == [271, 10899, 2138, 257]
    assert made.y[7] == [10899, 2138, 257, 7026]


# EleutherAI's lm-evaluation-harness, tests/test_utils.py: rolling windows v1 to v6.


def rolling(first, *others):
    """Gold lists, with the runs of numbers that they are made of written as their ends."""
    n = first[1]
    gold = [([PREFIX, *range(n - 1)], list(range(n)))]
    for (a, b), (c, d) in others:
        gold.append((list(range(a, b + 1)), list(range(c, d + 1))))
    return gold


# (tokens, max_seq_len, context_len), and what each window is given and what it predicts.
GOLD = {
    "v1": (
        (34, 10, 1),
        rolling((0, 10), ((9, 18), (10, 19)), ((19, 28), (20, 29)), ((23, 32), (30, 33))),
    ),
    "v2": (
        (34, 10, 8),
        rolling(
            (0, 10),
            ((2, 11), (10, 12)),
            ((5, 14), (13, 15)),
            ((8, 17), (16, 18)),
            ((11, 20), (19, 21)),
            ((14, 23), (22, 24)),
            ((17, 26), (25, 27)),
            ((20, 29), (28, 30)),
            ((23, 32), (31, 33)),
        ),
    ),
    "v3": ((34, 10, 10), rolling((0, 10), *(((t - 10, t - 1), (t, t)) for t in range(10, 34)))),
    "v4": ((30, 10, 10), rolling((0, 10), *(((t - 10, t - 1), (t, t)) for t in range(10, 30)))),
    "v5": ((30, 10, 1), rolling((0, 10), ((9, 18), (10, 19)), ((19, 28), (20, 29)))),
    "v6": (
        (9, 2, 1),
        rolling((0, 2), ((1, 2), (2, 3)), ((3, 4), (4, 5)), ((5, 6), (6, 7)), ((6, 7), (8, 8))),
    ),
}


@pytest.mark.parametrize("version", GOLD)
def test_lm_eval_s_rolling_windows(cut, version):
    (n_tokens, max_seq_len, context_len), gold = GOLD[version]
    made = rolling_windows(cut, list(range(n_tokens)), max_seq_len, context_len)
    assert made == gold


def rolling_windows(cut, ids, max_seq_len, context_len):
    """lm-eval's windows, as one call: what each is given, and what it predicts."""
    made = cut(
        [ids],
        max_seq_len,
        max_seq_len - context_len + 1,
        per_document=True,
        bos_id=PREFIX,
        tail="anchor",
        mask_overlap=True,
    )
    result = []
    for x, y, mask, row in zip(made.x, made.y, made.loss_mask, made.rows, strict=True):
        n_inputs = min(len(ids), max_seq_len)
        predicted = [t for t, scored in zip(y, mask, strict=True) if scored]
        assert predicted == row[n_inputs + 1 - len(predicted) : n_inputs + 1]
        result.append((x[:n_inputs], predicted))
    return result


def test_lm_eval_without_tokens_and_with_few(cut):
    assert rolling_windows(cut, [], 2, 1) == []
    assert rolling_windows(cut, [5], 10, 1) == [([PREFIX], [5])]
    assert rolling_windows(cut, [5, 6], 10, 3) == [([PREFIX, 5], [5, 6])]


# Hugging Face, Transformers: Perplexity of fixed-length models.


def strided_labels(n_tokens, max_length, stride):
    """What that page's loop evaluates: windows of ids, and the positions that count in each.

    There a window is `max_length` tokens, of which the model predicts all but the first, and each
    is labelled that no window before it had.
    """
    had = 0
    found = []
    for begin in range(0, n_tokens, stride):
        end = min(begin + max_length, n_tokens)
        counted = set(range(had, end)) - {begin}
        found.append((list(range(begin, end)), counted & set(range(begin, end))))
        had = end
        if end == n_tokens:
            break
    return found


@pytest.mark.parametrize(
    ("n_tokens", "max_length", "stride"),
    [(50, 8, 4), (50, 8, 3), (53, 8, 8), (50, 8, 7), (50, 8, 1), (5, 8, 4), (9, 8, 8), (17, 8, 8)],
)
def test_hugging_face_s_strided_perplexity(cut, n_tokens, max_length, stride):
    made = cut([range(n_tokens)], max_length - 1, stride, tail="pad", mask_overlap=True)
    ours = []
    for row, y, mask in zip(made.rows, made.y, made.loss_mask, strict=True):
        n = min(len(row), n_tokens - row[0])
        ours.append((row[:n], {t for t, scored in zip(y, mask, strict=True) if scored}))
    theirs = strided_labels(n_tokens, max_length, stride)
    # A last window of one token predicts nothing, and is none here.
    assert ours == [window for window in theirs if window[1]]


# A. Karpathy, nanoGPT, train.py: get_batch.


def test_nanogpt_s_batches(cut):
    data = np.random.default_rng(1).integers(0, 50_000, 70).astype(np.uint16)
    block_size = 16
    made = cut([data.tolist()], block_size, 1)
    # It draws starts below this.
    assert len(made.x) == len(data) - block_size
    for i in (0, 1, 30, len(data) - block_size - 1):
        assert made.x[i] == data[i : i + block_size].tolist()
        assert made.y[i] == data[i + 1 : i + 1 + block_size].tolist()
