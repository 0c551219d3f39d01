"""The educational part of the mirror against tiktoken's: the same ids, and the same to see."""

import pytest
from tiktoken_pairs import outcome

from bytestride.tiktoken import _educational as ours

theirs = pytest.importorskip("tiktoken._educational")

TEXT = "the cat's hat, the other hat; wörld 中中中  \n hello hello hello\n"
PATTERN = r"'s| ?\p{L}+| ?[^\s\p{L}]+|\s+"
LOOKS = ["colour", "color", "simple", None, "other"]


def both(capsys, function):
    """What each module's function gives and prints."""
    results = []
    for module in (ours, theirs):
        result = outcome(function, module)
        results.append((result, capsys.readouterr().out))
    assert results[0] == results[1]
    return results[0]


@pytest.mark.parametrize("look", LOOKS)
def test_training(capsys, look):
    result, out = both(capsys, lambda m: m.bpe_train(TEXT, 264, PATTERN, visualise=look))
    assert result[0] == "result"
    assert bool(out) == (look is not None)


def test_training_to_the_end(capsys):
    result, _ = both(capsys, lambda m: m.bpe_train("ab", 300, ".+", visualise=None))
    assert result[0] == "ValueError"
    result, _ = both(capsys, lambda m: m.bpe_train("ab", 255, ".+"))
    assert result[0] == "ValueError"
    both(capsys, lambda m: m.bpe_train("aaaaa aaaa aaa", 260, r"\S+", visualise=None))


@pytest.mark.parametrize("look", LOOKS)
def test_encoding(capsys, look):
    ranks = ours.bpe_train(TEXT, 280, PATTERN, visualise=None)

    def run(module):
        encoding = module.SimpleBytePairEncoding(pat_str=PATTERN, mergeable_ranks=ranks)
        ids = encoding.encode("the other cat's wörld 中", visualise=look)
        pieces = encoding.decode_tokens_bytes(ids)
        half = encoding.decode(encoding.encode("中", visualise=None)[:1])
        return ids, encoding.decode(ids), encoding.decode_bytes(ids), pieces, half

    result, _ = both(capsys, run)
    assert result[0] == "result"


def test_from_an_encoding(capsys):
    ranks = ours.bpe_train(TEXT, 280, PATTERN, visualise=None)
    from bytestride import tiktoken

    with pytest.warns(UserWarning, match="the pattern"):
        encoding = tiktoken.Encoding("x", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={})
    simple = ours.SimpleBytePairEncoding.from_tiktoken(encoding)
    assert simple.encode(TEXT, visualise=None) == encoding.encode(TEXT)
    assert capsys.readouterr().out == ""


def test_the_show(capsys):
    encoding = ours.train_simple_encoding()
    assert encoding.decode_tokens_bytes(encoding.encode("hello world")) == [b"hello", b" world"]
    assert "sequence of merges" in capsys.readouterr().out
