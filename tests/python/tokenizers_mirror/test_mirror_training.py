"""`train` and `train_from_iterator` of the mirror against the library's: the same document."""

import pytest
import tokenizers
from tokenizers import AddedToken, decoders, models, normalizers, pre_tokenizers, trainers

from bytestride.tokenizers import Tokenizer

TEXT = "low lower lowest\nnewer wider don't e\u0301 é 漢字\r\n  12 345 6789\n" * 20
ALPHABET = pre_tokenizers.ByteLevel.alphabet()
OPTIONS = {
    "whole": {
        "initial_alphabet": ALPHABET,
        "special_tokens": ["<pad>", AddedToken("<m>", lstrip=True)],
    },
    "bare": {},
    "bounded": {"min_frequency": 30, "max_token_length": 5, "special_tokens": ["a", "lo"]},
}


def assembled(kind, normalizer):
    tokenizer = kind(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    if normalizer:
        tokenizer.normalizer = normalizers.NFC()
    return tokenizer


def train(tokenizer, trainer, how, path):
    if how == "files":
        tokenizer.train([str(path)], trainer)
    elif how == "texts":
        tokenizer.train_from_iterator(iter(TEXT.split("\n")), trainer)
    else:
        batches = (TEXT[i : i + 90].split(" ") for i in range(0, len(TEXT), 90))
        tokenizer.train_from_iterator(batches, trainer=trainer, length=10)


@pytest.mark.parametrize("how", ["files", "texts", "batches"])
@pytest.mark.parametrize("normalizer", [False, True])
@pytest.mark.parametrize("options", OPTIONS)
def test_the_same_is_learned(tmp_path, options, normalizer, how):
    path = tmp_path / "text.txt"
    path.write_bytes(TEXT.encode())
    theirs, ours = (assembled(kind, normalizer) for kind in (tokenizers.Tokenizer, Tokenizer))
    for tokenizer in (theirs, ours):
        trainer = trainers.BpeTrainer(vocab_size=350, show_progress=False, **OPTIONS[options])
        train(tokenizer, trainer, how, path)
    assert ours.to_str() == theirs.to_str()
    if options == "whole":
        assert ours.encode(TEXT).ids == theirs.encode(TEXT).ids
        assert ours._reason is None
    else:  # bytes that the text does not have have no token
        with pytest.warns(UserWarning, match="goes through the tokenizers library"):
            assert ours.encode(TEXT).ids == theirs.encode(TEXT).ids


# The library's order of equally frequent characters, and of those with a suffix, is another in each
# run, so that results are not compared.
@pytest.mark.parametrize(
    ("options", "holds"),
    [
        ({"limit_alphabet": 9}, lambda vocab: sum(len(token) == 1 for token in vocab) == 9),
        ({"end_of_word_suffix": "</w>"}, lambda vocab: "r</w>" in vocab),
    ],
)
def test_what_is_not_learned_here_is_learned_by_the_library(options, holds):
    ours = assembled(Tokenizer, False)
    trainer = trainers.BpeTrainer(vocab_size=300, show_progress=False, **options)
    with pytest.warns(UserWarning, match="training goes through the tokenizers library"):
        ours.train_from_iterator([TEXT], trainer)
    assert holds(ours._theirs.get_vocab())


def test_without_a_trainer_the_models_own_is_taken():
    theirs, ours = (assembled(kind, False) for kind in (tokenizers.Tokenizer, Tokenizer))
    theirs.train_from_iterator([TEXT])
    ours.train_from_iterator([TEXT])
    assert ours.to_str() == theirs.to_str()


def test_files_are_named_by_str():
    with pytest.raises(TypeError, match="list of str"):
        assembled(Tokenizer, False).train("text.txt")
