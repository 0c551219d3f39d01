"""The preset "hf" against Hugging Face's BpeTrainer itself: every token, merge and id.

With the whole alphabet and with what the text holds; special tokens that are text, that merges make
and that were added before; lines of files and documents; limits of length and count.
"""

import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bytestride import Tokenizer, count_words, learn_vocabulary
from bytestride.formats.bytelevel import to_text

tokenizers = pytest.importorskip("tokenizers")

ALPHABET = tokenizers.pre_tokenizers.ByteLevel.alphabet()

texts = st.text(st.sampled_from("aaab bc'sS12 \t\r\n.é漢<"), max_size=40) | st.lists(
    st.sampled_from(["low", "lower", " low", " ", "\r\n", "aaaa", "aaa", "abab", "🙂", "<s>"])
).map("".join)
documents = st.lists(texts, max_size=5)
specials = st.lists(
    st.sampled_from(["<s>", "low", "a", "aa", "ab", "ow", "!", "lower", "<", "Ċ"]), unique=True
)


def their_training(feed, vocab_size, special_tokens=(), added=(), alphabet=(), **options):
    """What theirs learns: ids of tokens, and merges, as texts in the ByteLevel alphabet."""
    import json

    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.add_special_tokens(list(added))
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=vocab_size,
        show_progress=False,
        special_tokens=list(special_tokens),
        initial_alphabet=list(alphabet),
        **options,
    )
    feed(tokenizer, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return model["vocab"], [tuple(pair) for pair in model["merges"]]


def ours(source, vocab_size, special_tokens=(), **options):
    """The same of ours, and the tokenizer it gives."""
    learned = learn_vocabulary(
        source, vocab_size, preset="hf", special_tokens=special_tokens, **options
    )
    vocab = {to_text(token): token_id for token_id, token in learned.tokens.items()}
    for i, token in enumerate(special_tokens):
        assert vocab.setdefault(token, i) == i
    return vocab, [(to_text(a), to_text(b)) for a, b in learned.pairs]


def from_documents(documents):
    return lambda tokenizer, trainer: tokenizer.train_from_iterator(documents, trainer)


@given(documents, st.integers(0, 40), specials, st.booleans(), st.integers(0, 3))
@settings(max_examples=400)
def test_documents(documents, n_more, special_tokens, whole, min_frequency):
    alphabet = ALPHABET if whole else ["!", "z"]
    given_bytes = True if whole else b"!z"
    n_bytes = len({*alphabet, *to_text("".join(documents).encode())})
    vocab_size = n_bytes + len(special_tokens) + n_more
    expected = their_training(
        from_documents(documents),
        vocab_size,
        special_tokens,
        alphabet=alphabet,
        min_frequency=min_frequency,
    )
    got = ours(
        documents,
        vocab_size,
        special_tokens,
        pattern="gpt2",
        initial_alphabet=given_bytes,
        min_frequency=min_frequency,
    )
    assert got == expected


@given(documents, st.integers(1, 16), st.booleans())
@settings(max_examples=200)
def test_longest_tokens(documents, max_token_length, whole):
    expected = their_training(
        from_documents(documents),
        330,
        alphabet=ALPHABET if whole else (),
        max_token_length=max_token_length,
    )
    got = ours(
        documents,
        330,
        pattern="gpt2",
        initial_alphabet=whole,
        max_token_length=max_token_length,
    )
    assert got == expected


@given(documents, st.sampled_from([["<s>"], ["low", "<s>"], ["a"]]))
@settings(max_examples=100)
def test_special_tokens_that_were_added_before(documents, added):
    expected = their_training(
        from_documents(documents), 300 + len(added), added, added, alphabet=ALPHABET
    )
    got = ours(documents, 300 + len(added), added, pattern="gpt2", specials_in_text="hf")
    assert got == expected


@given(st.lists(texts, min_size=1, max_size=3))
@settings(max_examples=100)
def test_lines_of_files(tmp_path_factory, documents):
    # A lone \r would be read as it is by both: only \n ends a line.
    folder = tmp_path_factory.mktemp("lines")
    paths = []
    for i, text in enumerate(documents):
        paths.append(folder / f"{i}.txt")
        paths[-1].write_bytes(text.encode())
    expected = their_training(
        lambda tokenizer, trainer: tokenizer.train([str(path) for path in paths], trainer),
        300,
        alphabet=ALPHABET,
    )
    counts = count_words(paths, pattern="gpt2", unit="line")
    assert ours(counts, 300) == expected


def test_crlf_differs_by_the_unit(tmp_path):
    text = "one \r\n\r\n two\r\n   \r\n" * 30
    path = tmp_path / "crlf.txt"
    path.write_bytes(text.encode())
    by_line = their_training(
        lambda tokenizer, trainer: tokenizer.train([str(path)], trainer), 300, alphabet=ALPHABET
    )
    by_document = their_training(from_documents([text]), 300, alphabet=ALPHABET)
    assert by_line != by_document
    assert ours(path, 300, pattern="gpt2", unit="line") == by_line
    assert ours(path, 300, pattern="gpt2") == by_document


@pytest.mark.parametrize("corpus", ["en", "multi", "code"])
@pytest.mark.parametrize("whole", [True, False])
def test_corpora(corpus_text, tmp_path, corpus, whole):
    text = corpus_text(corpus, 700_000)
    path = tmp_path / "text.txt"
    path.write_bytes(text.encode())
    options = {"min_frequency": 2, "max_token_length": 12}
    special = ["<|endoftext|>", "<pad>"]
    expected = their_training(
        lambda tokenizer, trainer: tokenizer.train([str(path)], trainer),
        3000,
        special,
        alphabet=ALPHABET if whole else (),
        **options,
    )
    got = ours(path, 3000, special, pattern="gpt2", unit="line", initial_alphabet=whole, **options)
    assert got == expected


def test_the_tokenizer_encodes_as_theirs(corpus_text, tmp_path):
    text = corpus_text("en", 300_000)
    special = ["<|endoftext|>"]
    tokenizer = Tokenizer.train(text, 2000, "gpt2", special, preset="hf", initial_alphabet=False)
    theirs = tokenizers.Tokenizer(tokenizers.models.BPE())
    theirs.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=2000, show_progress=False, special_tokens=special
    )
    theirs.train_from_iterator([text], trainer)
    piece = text[100_000:110_000]
    assert tokenizer.encode(piece, allowed_special="all") == theirs.encode(piece).ids
    # What we save is read by theirs, with the same ids.
    tokenizer.save(tmp_path / "tokenizer.json")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert read.encode(piece).ids == theirs.encode(piece).ids
