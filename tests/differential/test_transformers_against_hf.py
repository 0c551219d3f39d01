"""Through the mirror of transformers: every result of random calls is that of transformers.

Results are compared whole: names of columns in their order, types of tensors, what the encodings
say of tokens, words and offsets, and the errors that wrong calls raise.
"""

import functools
import random
import warnings

import numpy as np
import pytest

transformers = pytest.importorskip("transformers", reason="transformers is not installed")
torch = pytest.importorskip("torch", reason="torch is not installed")

from transformers.tokenization_utils_tokenizers import TokenizersBackend  # noqa: E402

from bytestride.tokenizers import Tokenizer  # noqa: E402
from bytestride.transformers import AutoTokenizer  # noqa: E402

SLOW = ("qwen3", "llama3", "deepseek_v3", "gptoss")  # to load, in transformers
VOCABULARIES = ["gpt2", *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]
N_CALLS = 80
N_CALLS_SLOW = 600

LINE = (
    "It's I'LL we'd 'ſ naïve Übung 漢字かな 한국어 हिन्दी ไทย 🙂👍🏽 x_y a.b() {1234567} ½Ⅷ٣ 12 "
    "3.14 e\u0301 http://e.org/?q=a&b //// … \u00a0 \u3000 \t \n \r\n \n\n !? the of and a <think>"
)
PIECES = LINE.split(" ")
SPECIAL = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|eot_id|>",
    "<|begin_of_text|>",
    "<｜User｜>",
    "<|end|>",
]


@functools.cache
def both(folder):
    """Transformers' own tokenizer and the mirror's, loaded once for a folder."""
    theirs = transformers.AutoTokenizer.from_pretrained(folder)
    ours = AutoTokenizer.from_pretrained(folder)
    for tokenizer in (theirs, ours):
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
    assert isinstance(ours._tokenizer, Tokenizer)
    assert ours._tokenizer._reason is None
    assert not isinstance(theirs._tokenizer, Tokenizer)
    return theirs, ours


@pytest.fixture(params=VOCABULARIES)
def pair(request, pretrained_folder):
    return both(pretrained_folder(request.param))


def text_of(rng):
    separator = rng.choice([" ", " ", " ", "", "  "])
    words = rng.choices(PIECES, k=rng.choice([0, 1, 2, 5, 12, 40]))
    if rng.random() < 0.3:
        words.insert(rng.randrange(len(words) + 1), rng.choice(SPECIAL))
    return rng.choice(["", "", " "]) + separator.join(words)


def words_of(rng):
    return [text_of(rng) for _ in range(rng.choice([0, 1, 3, 6]))]


def texts_of(rng):
    """Positional arguments and what belongs with them."""
    n = rng.choice([1, 2, 3, 7])
    kind = rng.choice(
        ["one", "many", "many", "many", "pair", "pairs", "tuples", "words", "words 2"]
    )
    if kind == "one":
        return (text_of(rng),), {}
    if kind == "many":
        return ([text_of(rng) for _ in range(n)],), {}
    if kind == "pair":
        return (text_of(rng), text_of(rng)), {}
    if kind == "pairs":
        return tuple([text_of(rng) for _ in range(n)] for _ in range(2)), {}
    if kind == "tuples":
        return ([(text_of(rng), text_of(rng)) for _ in range(n)],), {}
    options = {"is_split_into_words": True}
    if rng.random() < 0.5:
        return (words_of(rng), words_of(rng))[: 1 + (kind == "words 2")], options
    batch = tuple([words_of(rng) for _ in range(n)] for _ in range(1 + (kind == "words 2")))
    return batch, options


def options_of(rng):
    choices = {
        "add_special_tokens": [True, False],
        "padding": [True, True, "longest", "max_length", False],
        "truncation": [True, False, "only_first", "only_second", "longest_first"],
        "max_length": [1, 2, 5, 16, 64],
        "stride": [0, 1, 3],
        "pad_to_multiple_of": [4, 8],
        "padding_side": ["left", "right"],
        "return_tensors": ["np", "pt"],
        "return_token_type_ids": [True, False],
        "return_attention_mask": [True, False],
        "return_overflowing_tokens": [True, False],
        "return_special_tokens_mask": [True],
        "return_offsets_mapping": [True],
        "return_length": [True],
        "split_special_tokens": [True, False],
        "verbose": [False],
    }
    # Most calls ask for a few things; with tensors, mostly for padding too.
    wanted = rng.sample(list(choices), k=rng.choice([0, 1, 2, 3, 5, 8]))
    if "return_tensors" in wanted and rng.random() < 0.8:
        wanted.append("padding")
    if "max_length" in wanted and rng.random() < 0.7:
        wanted.append("truncation")
    return {name: rng.choice(choices[name]) for name in dict.fromkeys(wanted)}


def outcome(call):
    """What a call gives, or the error that it raises, and what it warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = plain(call())
        except Exception as error:
            result = error
        except BaseException as error:
            if type(error).__name__ != "PanicException":
                raise
            result = error
    return result, [str(warning.message) for warning in caught]


def assert_same(got, expected, where):
    if not isinstance(expected, BaseException):
        assert got == expected, where
    elif isinstance(expected, Exception):
        assert isinstance(got, type(expected)), where
        assert str(got) == str(expected), where
    else:
        # The original gives up with a panic, which is no Exception.
        assert isinstance(got, Exception), where


def plain(batch):
    columns = {name: column_of(value) for name, value in batch.data.items()}
    encodings = [
        {
            name: getattr(encoding, name)
            for name in (
                "ids",
                "type_ids",
                "tokens",
                "offsets",
                "attention_mask",
                "special_tokens_mask",
                "word_ids",
                "sequence_ids",
                "n_sequences",
            )
        }
        for encoding in batch.encodings
    ]
    return list(columns), columns, encodings, batch.n_sequences


def column_of(value):
    if isinstance(value, torch.Tensor):
        return "pt", str(value.dtype), tuple(value.shape), value.tolist()
    if isinstance(value, np.ndarray):
        rows = value.tolist()
        if value.dtype == object:  # rows of different lengths
            rows = [column_of(row) for row in rows]
        return "np", str(value.dtype), value.shape, rows
    return value


def check_calls(pair, seed, n_calls):
    theirs, ours = pair
    rng = random.Random(seed)
    n_results = 0
    for _ in range(n_calls):
        (arguments, options), more = texts_of(rng), options_of(rng)
        options = options | more
        sides = rng.choice(["left", "right"]), rng.choice(["left", "right"])
        for tokenizer in pair:
            tokenizer.truncation_side, tokenizer.padding_side = sides
        expected, expected_warnings = outcome(lambda: theirs(*arguments, **options))  # noqa: B023
        got, got_warnings = outcome(lambda: ours(*arguments, **options))  # noqa: B023
        assert_same(got, expected, (arguments, options, sides))
        assert got_warnings == expected_warnings, (arguments, options)
        n_results += not isinstance(expected, BaseException)
    assert ours.backend_tokenizer.truncation is None
    assert ours.backend_tokenizer.padding is None
    # Most of it is about results.
    assert n_results > 0.6 * n_calls


def test_random_calls(pair):
    check_calls(pair, 1, N_CALLS)


def test_random_calls_with_a_normal_form(pretrained_folder):
    check_calls(both(pretrained_folder("qwen3")), 1, N_CALLS)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 4))
def test_many_random_calls(pair, seed):
    check_calls(pair, seed, N_CALLS_SLOW)


def test_decoding(pair):
    theirs, ours = pair
    rng = random.Random(5)
    n = len(theirs)
    text = "Hello , world ! do n't  stop . <|endoftext|> 漢字 🙂"
    sequences = [
        [],
        theirs(text)["input_ids"],
        *(rng.choices(range(n), k=rng.randrange(1, 30)) for _ in range(20)),
        [0, n + 5, 3],
    ]
    for skip in (False, True):
        for clean in (None, False, True):
            options = {"skip_special_tokens": skip, "clean_up_tokenization_spaces": clean}
            for ids in sequences:
                assert ours.decode(ids, **options) == theirs.decode(ids, **options)
            assert ours.batch_decode(sequences, **options) == (
                theirs.batch_decode(sequences, **options)
            )
            arrays = [np.array(sequences[1]), torch.tensor(sequences[2])]
            for array in arrays:
                assert ours.decode(array, **options) == theirs.decode(array, **options)
    assert ours.decode(7) == theirs.decode(7)
    name = "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output"
    for tokenizer in pair:
        setattr(tokenizer, name, True)
    try:
        options = {"clean_up_tokenization_spaces": True}
        cleaned = theirs.decode(sequences[1], **options)
        assert ours.decode(sequences[1], **options) == cleaned
        assert cleaned != theirs.decode(sequences[1], clean_up_tokenization_spaces=False)
    finally:
        for tokenizer in pair:
            setattr(tokenizer, name, False)


def test_conversions(pair):
    theirs, ours = pair
    rng = random.Random(6)
    text = " ".join(PIECES) + SPECIAL[0]
    tokens = theirs.tokenize(text)
    assert ours.tokenize(text) == tokens
    assert ours.tokenize(text, pair="a b", add_special_tokens=True) == (
        theirs.tokenize(text, pair="a b", add_special_tokens=True)
    )
    ids = theirs.convert_tokens_to_ids(tokens)
    assert ours.convert_tokens_to_ids(tokens) == ids
    assert ours.convert_tokens_to_ids("no such token") == (
        theirs.convert_tokens_to_ids("no such token")
    )
    some = rng.choices(range(len(theirs)), k=200) + theirs.all_special_ids
    for skip in (False, True):
        assert ours.convert_ids_to_tokens(some, skip_special_tokens=skip) == (
            theirs.convert_ids_to_tokens(some, skip_special_tokens=skip)
        )
    assert ours.convert_ids_to_tokens(len(theirs) + 9) is None
    assert ours.convert_tokens_to_string(tokens) == theirs.convert_tokens_to_string(tokens)
    assert ours.get_vocab() == theirs.get_vocab()
    assert (len(ours), ours.vocab_size) == (len(theirs), theirs.vocab_size)
    assert ours.get_added_vocab() == theirs.get_added_vocab()
    assert list(map(repr, ours.added_tokens_decoder.values())) == (
        list(map(repr, theirs.added_tokens_decoder.values()))
    )
    assert ours.special_tokens_map == theirs.special_tokens_map
    for is_pair in (False, True):
        assert ours.num_special_tokens_to_add(is_pair) == theirs.num_special_tokens_to_add(is_pair)


def test_padding_what_is_encoded(pair):
    theirs, ours = pair
    texts = ["the low", "", "漢字 the fox " * 5]
    for options in (
        {},
        {"padding": "max_length", "max_length": 50},
        {"pad_to_multiple_of": 16, "padding_side": "left", "return_tensors": "pt"},
        {"return_tensors": "np"},
    ):
        results = [
            outcome_of_padding(t, [t(x, return_special_tokens_mask=True) for x in texts], options)
            for t in pair
        ]
        assert results[0] == results[1]
        assert str(ours.pad(theirs(texts), **options)) == str(theirs.pad(ours(texts), **options))


def outcome_of_padding(tokenizer, batch, options):
    padded = tokenizer.pad(batch, **options)
    return {name: column_of(value) for name, value in padded.items()}


CONVERSATIONS = [
    [{"role": "user", "content": "Hello <|im_end|> there <|eot_id|>"}],
    [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "漢字?"},
        {"role": "assistant", "content": "<think>\nhm\n</think>\n\nYes.  "},
        {"role": "user", "content": "Why\n\n?"},
    ],
]


def test_chat_templates(pair):
    template = None
    if pair[0].chat_template is None:
        template = (
            "{% for m in messages %}<|start|>{{ m['role'] }}<|message|>{% generation %}"
            "{{ m['content'] }}{% endgeneration %}<|end|>{% endfor %}"
        )
    for conversation in (*CONVERSATIONS, CONVERSATIONS):
        for options in (
            {"tokenize": False},
            {},
            {"return_dict": False},
            {"add_generation_prompt": True},
            {"padding": True, "return_tensors": "pt"},
            {"padding": "max_length", "max_length": 40, "truncation": True, "return_tensors": "np"},
            {"sanitize_control_tokens": True},
            {"tokenizer_kwargs": {"return_offsets_mapping": True, "return_length": True}},
        ):
            results = []
            for tokenizer in pair:
                try:
                    result = tokenizer.apply_chat_template(
                        conversation, chat_template=template, **options
                    )
                except Exception as error:
                    result = repr(error)
                if isinstance(result, transformers.BatchEncoding):
                    result = {name: column_of(value) for name, value in result.items()}
                results.append(result)
            assert results[1] == results[0], (conversation, options)
    assistant = (
        "{% for m in messages %}{{ m['role'] }}: {% if m['role'] == 'assistant' %}{% generation %}"
        "{{ m['content'] }}{% endgeneration %}{% else %}{{ m['content'] }}{% endif %}\n{% endfor %}"
    )
    masks = [
        tokenizer.apply_chat_template(
            CONVERSATIONS[1], chat_template=assistant, return_assistant_tokens_mask=True
        )["assistant_masks"]
        for tokenizer in pair
    ]
    assert masks[0] == masks[1]
    assert any(masks[0])


def test_files_are_the_same(pair, tmp_path):
    for tokenizer, name in zip(pair, ("theirs", "ours"), strict=True):
        # What a call of transformers' leaves in its backend would be saved.
        if not isinstance(tokenizer._tokenizer, Tokenizer):
            tokenizer._tokenizer.no_padding()
            tokenizer._tokenizer.no_truncation()
        tokenizer.save_pretrained(tmp_path / name)
    theirs = {path.name: path.read_bytes() for path in (tmp_path / "theirs").iterdir()}
    ours = {path.name: path.read_bytes() for path in (tmp_path / "ours").iterdir()}
    assert theirs.keys() == ours.keys() >= {"tokenizer.json", "tokenizer_config.json"}
    for name in theirs:
        assert ours[name] == theirs[name], name


def test_documents(pair, corpus_text):
    """Real text, as arrays."""
    for corpus in ("en", "code", "multi"):
        texts = corpus_text(corpus, 60_000).split("<|endoftext|>")[:40]
        for options in (
            {"padding": True, "return_tensors": "pt"},
            {"padding": True, "return_tensors": "np", "truncation": True, "max_length": 128},
            {"return_offsets_mapping": True},
        ):
            expected, got = (t(texts, verbose=False, **options) for t in pair)
            assert {name: column_of(value) for name, value in got.items()} == (
                {name: column_of(value) for name, value in expected.items()}
            )


@pytest.mark.slow
def test_the_classes_are_as_expected(pretrained_folder):
    classes = [type(both(pretrained_folder(name))[0]) for name in ("llama3", "qwen3", "gpt2")]
    assert classes == [
        TokenizersBackend,
        transformers.Qwen2Tokenizer,
        transformers.GPT2Tokenizer,
    ]
