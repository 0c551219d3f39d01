"""Both `Tokenizer`s side by side, the mirror's and the library's, and what must be the same."""

import tokenizers

from bytestride import Tokenizer as Engine
from bytestride.formats import tokenizer_json
from bytestride.tokenizers import Tokenizer

COLUMNS = (
    "ids",
    "tokens",
    "offsets",
    "attention_mask",
    "type_ids",
    "special_tokens_mask",
    "word_ids",
    "sequence_ids",
    "n_sequences",
)
TEXT = "low lower lowest newer wider don't  we'll 12 345 \n\n héé e\u0301 漢字 🙂 " * 9


def small_document():
    """A vocabulary of a few merges, as the text of a tokenizer.json."""
    return tokenizer_json.serialize(Engine.train(TEXT, 420, pattern="gpt2").definition).decode()


def pair_of(text):
    ours = Tokenizer.from_str(text)
    assert ours._reason is None
    return tokenizers.Tokenizer.from_str(text), ours


def check_same(theirs, ours, what):
    for column in COLUMNS:
        assert getattr(ours, column) == getattr(theirs, column), (column, what)
    assert len(ours) == len(theirs)
    assert repr(ours) == repr(theirs)
    over, under = ours.overflowing, theirs.overflowing
    assert len(over) == len(under), what
    for mine, other in zip(over, under, strict=True):
        check_same(other, mine, what)


def check_places(theirs, ours, what):
    for index in range(len(theirs) + 2):
        for method in ("token_to_chars", "token_to_word", "token_to_sequence"):
            assert getattr(ours, method)(index) == getattr(theirs, method)(index), (method, what)
        for sequence in (0, 1):
            for method in ("char_to_token", "char_to_word", "word_to_tokens", "word_to_chars"):
                expected = getattr(theirs, method)(index, sequence)
                assert getattr(ours, method)(index, sequence) == expected, (method, what)


def outcome(function):
    """Result of a call, or the text of its error; None where the original panics."""
    try:
        return function()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    except BaseException as panic:
        if type(panic).__name__ != "PanicException":
            raise
        return None
