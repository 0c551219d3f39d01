"""One text begun, ended and cut at every offset: the blocks that the core reads fall everywhere."""

import itertools

import pytest

from bytestride import Tokenizer, _core, reference
from bytestride.published import PATTERNS

# More than two blocks of 64 bytes: characters of every width, runs, what each grammar asks about.
TEXT = (
    "It's 2024: we'LL pay 1234567½ €!!\n\n  \t x = [a_b]; // ok...\r\n"
    "naïve cafe\u0301, 世界很大。すべて、\u3000한국어 всё; \U0001f469\u200d\U0001f52c \U00010d40 "
    "DON'T  stop\u0085aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa \n The end   "
)
DATA = TEXT.encode()
N_MERGES = 60


@pytest.fixture(scope="module", params=["gpt2", "cl100k", "o200k", "qwen2", "deepseek_v3"])
def twins(request):
    """Our tokenizer of a pattern, with tokens of many lengths, and the plain one."""
    ours = Tokenizer.train([TEXT] * 2, 256 + N_MERGES, request.param)
    definition = ours.definition
    assert max(map(len, definition.tokens.values())) > 4
    return ours, reference.Tokenizer(
        definition.tokens, definition.merges.tolist(), PATTERNS[request.param]
    )


def test_from_every_offset_and_up_to_every_offset(twins):
    ours, plain = twins
    assert len(DATA) > 200
    for offset in range(len(DATA) + 1):
        for part in (DATA[offset:], DATA[:offset]):
            assert ours.encode_bytes(part) == plain.encode(part), (offset, part)


def test_in_two_parts_at_the_last_safe_cut_before_every_offset(twins):
    ours, _ = twins
    whole = ours.encode_bytes(DATA)
    cuts = {_core.last_safe_cut(DATA[:offset]) for offset in range(len(DATA) + 1)}
    for cut in cuts:
        assert ours.encode_bytes(DATA[:cut]) + ours.encode_bytes(DATA[cut:]) == whole, cut
    assert len(cuts) > 10


def test_as_characters_of_every_width(twins):
    ours, _ = twins
    for offset in range(len(TEXT)):
        for text in (TEXT[offset:], TEXT[offset : offset + 70]):
            # The widest character that a str has is what says how wide all are kept.
            for wider in ("", "é", "世", "\U0001f600"):
                assert ours.encode(text + wider) == ours.encode_bytes((text + wider).encode())


@pytest.mark.parametrize("n_threads", [1, 2])
def test_all_beginnings_as_one_batch(twins, n_threads):
    ours, _ = twins
    parts = list(itertools.accumulate(TEXT))
    expected = [ours.encode(part) for part in parts]
    assert ours.encode_batch(parts, num_threads=n_threads) == expected
