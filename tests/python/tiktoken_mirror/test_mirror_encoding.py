"""What the mirror of tiktoken promises beyond giving the same as tiktoken."""

import copy
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import numpy as np
import pytest

from bytestride import tiktoken
from bytestride.published import GPT2_TIKTOKEN, PATTERNS
from bytestride.tiktoken import core
from bytestride.tiktoken._tiktoken import CoreBPE

BYTES = {bytes((byte,)): byte for byte in range(256)}
RANKS = BYTES | {b"ab": 256, b" a": 257}


def make(specials=(), ranks=RANKS, pattern=GPT2_TIKTOKEN):
    return tiktoken.Encoding(
        "custom", pat_str=pattern, mergeable_ranks=ranks, special_tokens=dict(specials)
    )


def test_of_special_tokens_at_one_place_the_longest_allowed_one_is_taken():
    specials = {"<a>": 300, "<a><b>": 301, "<b>": 302}
    for pattern in (GPT2_TIKTOKEN, PATTERNS["o200k"]):
        encoding = make(specials, pattern=pattern)
        encode = encoding.encode
        assert encode("<a><b>", allowed_special="all") == [301]
        assert encode("<a><b>", allowed_special={"<a>", "<b>"}, disallowed_special=()) == [300, 302]
        assert encode("<b><a><b>", allowed_special="all") == [302, 301]
        with pytest.raises(ValueError, match=r"disallowed special token '<a><b>'"):
            encode("<a><b>")
        # What is allowed does not hide what is refused inside of it.
        with pytest.raises(ValueError, match=r"disallowed special token '<a>'"):
            encode("<a><b>", allowed_special={"<a><b>"})


def test_the_same_of_a_foreign_pattern():
    with pytest.warns(UserWarning, match="scans itself"):
        encoding = make({"<a>": 300, "<a><b>": 301}, pattern=r"[a-z]+")
    assert encoding.encode("x<a><b>!<a>", allowed_special="all") == [120, 301, 300]
    assert encoding.encode("x<a>!", disallowed_special=()) == [120, 97]


def test_of_two_special_tokens_with_one_id_the_first_is_decoded_to():
    assert make({"<a>": 300, "<b>": 300}).decode([300]) == "<a>"
    assert make({"<b>": 300, "<a>": 300}).decode_single_token_bytes(300) == b"<b>"


@pytest.mark.parametrize("pattern", [GPT2_TIKTOKEN, PATTERNS["cl100k"], PATTERNS["o200k"]])
def test_a_million_spaces(pattern):
    # tiktoken panics, or raises that its regular expressions gave up.
    encoding = make(pattern=pattern, ranks=RANKS | {b"  ": 300})
    text = " " * 1_000_000 + "x"
    assert encoding.decode(encoding.encode_ordinary(text)) == text
    assert encoding.encode(text) == encoding.encode_ordinary(text)


def test_what_panics_in_tiktoken_is_an_exception_here():
    with pytest.raises(ValueError, match=r"b'a' and b'b' both have rank 1"):
        make(ranks={b"a": 1, b"b": 1})
    with pytest.raises(ValueError, match=r"the piece b'xay' .* byte b'x' is no token"):
        make(ranks={b"a": 1, b"y": 2}).encode("xay")
    with pytest.raises(ValueError, match="a piece is empty"):
        make()._encode_single_piece(b"")
    with pytest.raises(ValueError, match="stands for no rank"):
        make(ranks={b"a": 2**32 - 1})
    assert make({"": 300}).encode("ab", disallowed_special=()) == [256]


def test_a_pattern_that_cannot_be_followed_exactly_is_refused():
    with pytest.raises(ValueError, match=r"offset 3: \\1"):
        make(pattern=r"(a)\1")


def test_a_warning_shows_the_call():
    with pytest.warns(UserWarning, match="scans itself") as caught:
        make(pattern=r"\S+")
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="scans itself") as caught:
        CoreBPE(RANKS, {}, r"\S+")
    assert caught[0].filename == __file__


def test_another_core_is_used():
    encoding = make({"<a>": 300})
    assert encoding.encode("ab") == [256]
    encoding._core_bpe = CoreBPE(BYTES, {"<a>": 300}, GPT2_TIKTOKEN)
    assert encoding.encode("ab") == encoding.encode_ordinary("ab") == [97, 98]
    assert encoding.encode_ordinary_batch(["ab"]) == encoding.encode_batch(["ab"]) == [[97, 98]]
    assert encoding.encode_to_numpy("ab").tolist() == [97, 98]
    encoding._core_bpe = mock.Mock()
    encoding._core_bpe.encode.return_value = [7]
    encoding._core_bpe.encode_ordinary.return_value = [8]
    encoding._core_bpe.decode_bytes.return_value = b"nine"
    assert (encoding.encode("x"), encoding.encode_ordinary("x")) == ([7], [8])
    assert encoding.encode_batch(["x", "y"]) == [[7], [7]]
    assert encoding.encode_ordinary_batch(["x", "y"]) == [[8], [8]]
    assert encoding.decode([1]) == "nine"
    with pytest.raises(ValueError, match="disallowed special token '<a>'"):
        encoding.encode("<a>")


@pytest.mark.parametrize("on_class", [False, True])
def test_a_patched_core_is_used(on_class, monkeypatch):
    encoding = make()
    assert encoding.encode_ordinary("ab") == [256]
    monkeypatch.setattr(CoreBPE, "is_patched", False)
    target = CoreBPE if on_class else encoding._core_bpe
    with mock.patch.object(target, "encode_ordinary", return_value=[1]):
        assert encoding.encode_ordinary("ab") == [1]
        assert encoding.encode_ordinary_batch(["ab"]) == [[1]]
        assert encoding.encode("ab") == [256]
    with mock.patch.object(target, "encode", return_value=[2]):
        assert encoding.encode("ab") == [2]
        assert encoding.encode_batch(["ab"]) == [[2]]
    assert encoding.encode("ab") == encoding.encode_ordinary("ab") == [256]


def test_a_subclass_is_asked_for_each_text():
    class Mine(tiktoken.Encoding):
        def encode_ordinary(self, text):
            return [len(text)]

        def decode_tokens_bytes(self, tokens):
            return [b"x" for _ in tokens]

    mine = Mine("mine", pat_str=GPT2_TIKTOKEN, mergeable_ranks=RANKS, special_tokens={})
    assert mine.encode_ordinary_batch(["ab", ""]) == [[2], [0]]
    assert mine.decode_with_offsets([1, 2]) == ("xx", [0, 1])
    encoding = make()
    encoding.encode = lambda text, **_: [len(text)]
    assert encoding.encode_batch(["ab", ""]) == [[2], [0]]


def test_attributes_may_be_set():
    encoding = make({"<a>": 300})
    assert encoding.encode("<b>") == [60, 98, 62]
    encoding.special_tokens_set = {"<b>"}
    with pytest.raises(ValueError, match="disallowed special token '<b>'"):
        encoding.encode("<b>")
    assert encoding.encode("<a>") == [60, 97, 62]
    encoding.special_tokens_set = {"<a>"}
    with pytest.raises(ValueError, match="disallowed special token '<a>'"):
        encoding.encode("<a>")
    encoding.special_tokens_set.add("<c>")
    with pytest.raises(ValueError, match="disallowed special token '<c>'"):
        encoding.encode("<c>")
    encoding.name = "other"
    assert repr(encoding) == "<Encoding 'other'>"
    encoding._mergeable_ranks = {}
    assert encoding._mergeable_ranks == {}
    encoding.new = 1


def test_ranks_given_are_kept_and_copied():
    ranks = dict(RANKS)
    encoding = make(ranks=ranks)
    assert encoding._mergeable_ranks is ranks
    ranks.clear()
    assert encoding.encode("ab") == [256]


def test_ranks_of_a_published_encoding_are_made_when_they_are_read(with_vocabularies):
    encoding = tiktoken.get_encoding("r50k_base")
    assert "_mergeable_ranks" not in vars(encoding)
    ranks = encoding._mergeable_ranks
    assert type(ranks) is dict
    assert len(ranks) == 50256
    assert list(ranks.values()) == list(range(50256))
    assert encoding._mergeable_ranks is ranks


def test_pickles_and_copies(with_vocabularies):
    encoding = tiktoken.get_encoding("r50k_base")
    data = pickle.dumps(encoding)
    assert len(data) < 200  # the name alone
    assert vars(pickle.loads(data)) is vars(encoding)
    custom = make({"<a>": 300})
    for other in (pickle.loads(pickle.dumps(custom)), copy.deepcopy(custom), copy.copy(custom)):
        assert type(other) is tiktoken.Encoding
        assert other is not custom
        assert other.encode("ab<a>", allowed_special="all") == [256, 300]
        assert other.__getstate__() == custom.__getstate__()


def test_arrays_cannot_be_written_to():
    encoding = make()
    ids = encoding.encode_to_numpy("ab a")
    assert ids.dtype == np.uint32
    with pytest.raises(ValueError, match="WRITEABLE"):
        ids.flags.writeable = True


def test_many_threads_on_one_encoding():
    encoding = make({"<a>": 300})
    texts = [f"ab a{i} " * 9 for i in range(40)]
    expected = [encoding.encode_ordinary(text) for text in texts]
    fresh = make({"<a>": 300})
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(fresh.encode, texts)) == expected


def test_raise_disallowed_special_token():
    with pytest.raises(ValueError, match="disallowed special token 'x'"):
        core.raise_disallowed_special_token("x")


def test_importing_it_takes_nothing_of_tiktoken_and_nothing_heavy():
    program = (
        "import sys; import bytestride.tokenizer; before = set(sys.modules);"
        "from bytestride import tiktoken;"
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    heavy = {"regex", "requests", "urllib", "tiktoken", "tiktoken_ext", "concurrent"}
    assert not heavy & {*run.stdout.split()}
