"""The ByteLevel alphabet, against that of tokenizers."""

import pytest

from bytestride.formats import bytelevel


def test_the_alphabet_is_that_of_tokenizers():
    pre_tokenizers = pytest.importorskip("tokenizers.pre_tokenizers")
    assert sorted(bytelevel.ALPHABET) == sorted(pre_tokenizers.ByteLevel.alphabet())
    theirs = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    text = "".join(map(chr, [*range(0x100), 0x7FF, 0x800, 0xFFFD, 0x10000, 0x10FFFF]))
    [(printable, _)] = theirs.pre_tokenize_str(text)
    assert bytelevel.to_text(text.encode()) == printable
    assert bytelevel.to_bytes(printable) == text.encode()
    assert bytelevel.to_bytes(bytelevel.ALPHABET) == bytes(range(256))
    assert bytelevel.BYTES_IN_ORDER[:2] + bytelevel.BYTES_IN_ORDER[-1:] == b'!"\xad'
