"""What the comparisons with other trainers share: texts that are hard, and merges as bytes."""

import random
import warnings

from hypothesis import strategies as st

from bytestride import Tokenizer, reference
from bytestride.published import PATTERNS

SEPARATOR = "<|endoftext|>"
GPT2 = PATTERNS["gpt2"]
BY_VALUE = tuple(range(256))
THREADS = (1, 2, 3, 7, 16)

# Few letters, so that pairs come back, counts are the same and tokens repeat; line ends; words.
texts = st.text(st.sampled_from("aaab bc'sS12 \t\r\n.é漢"), max_size=60) | st.lists(
    st.sampled_from(["low", "lower", " low", " ", "\r\n", "aaaa", "aaa", "abab", "🙂", " newest"])
).map("".join)
documents = st.lists(texts, max_size=5)


def runs_and_ties(seed):
    """A text of long words over few letters: overlapping pairs, runs that meet, many ties."""
    rng = random.Random(seed)
    letters = "abcd"[: 1 + seed % 4]
    words = ["".join(rng.choices(letters, k=rng.randint(1, 60))) for _ in range(40)]
    return " ".join(rng.choices(words, k=200))


def slice_of(corpus_text, corpus, n_bytes):
    """Documents from the beginning of a corpus."""
    return [text for text in corpus_text(corpus, n_bytes).split(SEPARATOR) if text]


def merges_of(tokenizer):
    """Merges as pairs of bytes."""
    tokens = tokenizer.definition.tokens
    return [(tokens[a], tokens[b]) for a, b in tokenizer.definition.merges.tolist()]


def train(source, vocab_size, pattern="gpt2", **options):
    """Train ours."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*goes through the regex package", UserWarning)
        return Tokenizer.train(source, vocab_size, pattern, **options)


def learned(source, vocab_size, pattern="gpt2", **options):
    """Bytes of the tokens that ours learns, in order."""
    return [a + b for a, b in merges_of(train(source, vocab_size, pattern, **options))]


def by_rank(ranks):
    """Bytes of the tokens behind the 256 bytes, which have to be the first, by rank."""
    tokens = [token for token, _ in sorted(ranks, key=lambda item: item[1])]
    assert tokens[:256] == [bytes([byte]) for byte in BY_VALUE]
    return tokens[256:]


def learned_by_reference(word_counts, n_merges, **options):
    """Bytes of the tokens that the plain reference learns with the bytes by their value."""
    merges = reference.learn_merges(word_counts, n_merges, bytes_in_order=BY_VALUE, **options)
    return reference.token_bytes(merges, BY_VALUE)[256:]
