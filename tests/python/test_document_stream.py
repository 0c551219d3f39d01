"""Documents of a file in parts: put together they are the split of the whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytestride import Tokenizer, TokenStoreWriter
from bytestride.corpus.document_stream import Part, read_documents
from bytestride.jobs import tokenize_parts

SEPARATOR = b"<|end|>"


def documents(parts):
    """The documents, and whether the last one ended."""
    whole, open_part = [], b""
    ended = True
    for part in parts:
        open_part += part.text
        ended = part.ends
        if ended:
            whole.append(open_part)
            open_part = b""
    return whole, ended


def expected(data, separator):
    pieces = data.split(separator)
    return pieces if pieces[-1] else pieces[:-1]


@given(
    words=st.lists(st.sampled_from([b"ab cd", b" e", b"\n", SEPARATOR, b"<|en", b"d|>", b"f\ng"])),
    piece_bytes=st.integers(1, 30),
    may_cut=st.booleans(),
)
def test_separated_as_the_whole(tmp_path_factory, words, piece_bytes, may_cut):
    path = tmp_path_factory.mktemp("stream") / "text"
    data = b"".join(words)
    path.write_bytes(data)
    parts = list(read_documents(path, SEPARATOR, may_cut=may_cut, piece_bytes=piece_bytes))
    found, ended = documents(parts)
    assert ended
    assert found == expected(data, SEPARATOR)


def test_long_documents_come_in_parts(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"some words and more " * 50 + SEPARATOR + b"the end of it " * 50)
    parts = list(read_documents(path, SEPARATOR, may_cut=True, piece_bytes=64))
    assert len(parts) > 10
    assert max(len(part.text) for part in parts) < 200
    assert documents(parts)[0] == expected(path.read_bytes(), SEPARATOR)


@pytest.mark.parametrize("pattern", ["gpt2", "cl100k", "o200k"])
def test_parts_encode_like_the_whole(tmp_path, pattern):
    text = "One word after  another\n\nand x = 1;\n\tcan't   stop \n 123456 Größe 漢字 " * 20
    tokenizer = Tokenizer.train(text, 320, pattern=pattern)
    path = tmp_path / "text"
    path.write_text(text, "utf-8")
    parts = list(read_documents(path, None, may_cut=tokenizer.may_cut, piece_bytes=40))
    assert len(parts) > 10
    ids = [token for part in parts for token in tokenizer.encode_bytes(part.text)]
    assert ids == tokenizer.encode_ordinary(text)


def test_one_document_a_file(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"")
    assert documents(read_documents(path, None, may_cut=True)) == ([b""], True)
    assert documents(read_documents(path, b"\n", may_cut=True)) == ([], True)
    path.write_bytes(b"a\nb")
    assert documents(read_documents(path, None, may_cut=True)) == ([b"a\nb"], True)
    assert documents(read_documents(path, b"\n", may_cut=True)) == ([b"a", b"b"], True)


def test_an_empty_separator_is_refused(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"abc")
    with pytest.raises(ValueError, match="separator"):
        list(read_documents(path, b"", may_cut=True))


@pytest.mark.parametrize("text", [b"", b"ab", b"some words " * 20])
def test_few_documents_are_held_however_short(tmp_path, text):
    tokenizer = Tokenizer.train("ab some words", 260)
    ahead, told = [], []
    with TokenStoreWriter(tmp_path / "store", vocab_size=tokenizer.vocab_size) as writer:

        def parts():
            for i in range(1000):
                ahead.append(i - writer.n_documents)
                yield Part(text, ends=True)

        n_bytes = tokenize_parts(
            parts(), tokenizer, writer, on_bytes=told.append, batch_bytes=10_000
        )
    assert max(ahead) < 100
    assert writer.n_documents == 1000
    assert n_bytes == sum(told) == 1000 * len(text)
