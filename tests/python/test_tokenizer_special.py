"""Special and added tokens: what becomes one id, what is refused, what is ordinary text."""

import pytest

from bytestride import AddedToken, Definition, Tokenizer
from bytestride.published import PATTERNS

SPECIAL = {"<|end|>": 300, "<|start|>": 301, "<|end|><|end|>": 302, "<é>": 303}
ADDED = {"<think>": 310, "</think>": 311, "<|end": 312}
BYTES = {i: bytes([i]) for i in range(256)}


@pytest.fixture(scope="module")
def tokenizer():
    added = [AddedToken(text, token_id) for text, token_id in SPECIAL.items()]
    added += [AddedToken(text, token_id, special=False) for text, token_id in ADDED.items()]
    return Tokenizer(Definition(BYTES, None, PATTERNS["cl100k"], tuple(added), whole_pieces=True))


def spell(*parts):
    """Ids of texts, which are their bytes here, and of ids."""
    ids = []
    for part in parts:
        ids += list(part.encode()) if isinstance(part, str) else [part]
    return ids


ENCODERS = [
    lambda tokenizer, text, **options: tokenizer.encode(text, **options),
    lambda tokenizer, text, **options: tokenizer.encode_to_numpy(text, **options).tolist(),
    lambda tokenizer, text, **options: tokenizer.encode_batch(["a", text], **options)[1],
    lambda tokenizer, text, **options: tokenizer.encode_batch([text], num_threads=1, **options)[0],
]


@pytest.fixture(params=ENCODERS, ids=["list", "numpy", "batch", "batch of one"])
def encode(request, tokenizer):
    def function(text, **options):
        ids = request.param(tokenizer, text, **options)
        assert tokenizer.count(text, **options) == len(ids)
        return ids

    return function


def test_all_special_tokens(encode):
    assert encode("a<|end|>b", allowed_special="all") == spell("a", 300, "b")
    assert encode("<|start|><é><é>", allowed_special="all") == [301, 303, 303]
    assert encode("<|start|", allowed_special="all") == spell("<|start|")


def test_the_longest_of_those_that_start_first(encode):
    assert encode("<|end|><|end|><|end|>", allowed_special="all") == [302, 300]
    # The shorter one alone, where the longer one is not asked for.
    names = {"<|end|>"}
    assert encode("<|end|><|end|>", allowed_special=names, disallowed_special=()) == [300, 300]


@pytest.mark.parametrize("kind", [set, frozenset, list, tuple, dict.fromkeys, iter])
def test_named_tokens_in_any_collection(encode, kind):
    text = "<|end|>a<|start|>"
    if kind is not iter:  # one that is used up by the first of our two calls
        ids = encode(text, allowed_special=kind(["<|end|>"]), disallowed_special=kind([]))
        assert ids == spell(300, "a<|start|>")
    with pytest.raises(ValueError, match=r"'<\|start\|>' at byte 8"):
        encode(text, allowed_special=kind(["<|end|>"]))


def test_refused_by_default(encode):
    with pytest.raises(ValueError, match=r"special token '<\|end\|>' at byte 2.*allowed_special"):
        encode("ab<|end|>")
    with pytest.raises(ValueError, match="special token '<é>' at byte 2"):
        encode("é<é>")
    assert encode("<|end") == [312]
    assert encode("nothing here") == spell("nothing here")


def test_ordinary_text_where_nothing_is_refused(encode):
    # "<|end" is an added token that is always matched, so only its rest is text.
    assert encode("a<|end|>", disallowed_special=()) == spell("a", 312, "|>")
    assert encode("a<|start|>", disallowed_special=()) == spell("a<|start|>")


def test_what_is_refused_by_name(encode):
    text = "<|start|>a<|end|>"
    with pytest.raises(ValueError, match=r"'<\|end\|>' at byte 10"):
        encode(text, disallowed_special={"<|end|>"})
    # As in tiktoken, a name in both is refused.
    with pytest.raises(ValueError, match=r"'<\|end\|>' at byte 10"):
        encode(text, allowed_special="all", disallowed_special={"<|end|>"})
    assert encode("<|start|>a", disallowed_special={"<|end|>"}) == spell("<|start|>a")


def test_any_text_can_be_refused(encode):
    with pytest.raises(ValueError, match="'secret' at character 3, which disallowed_special names"):
        encode("é, secret", disallowed_special=["secret"])
    with pytest.raises(ValueError, match="'<think>' at character 1"):
        encode("a<think>", disallowed_special=["<think>"])
    assert encode("no", disallowed_special=["secret"]) == spell("no")


def test_a_name_that_is_no_special_token_allows_nothing(encode):
    assert encode("<x>", allowed_special={"<x>"}) == spell("<x>")
    assert encode("<think>", allowed_special={"<x>"}) == [310]


def test_added_tokens_are_always_matched(tokenizer):
    text, ids = "a <think>b</think>", spell("a ", 310, "b", 311)
    assert tokenizer.encode(text) == ids
    assert tokenizer.encode(text, allowed_special="all") == ids
    assert tokenizer.encode(text, disallowed_special=()) == ids
    assert tokenizer.encode_ordinary(text) == ids
    assert tokenizer.encode_bytes(text.encode()) == ids
    assert tokenizer.encode_ragged([text, text.encode()]).tokens.tolist() == ids * 2
    assert tokenizer.encode_batch([text]) == [ids]


def test_special_tokens_are_ordinary_text_in_ordinary_calls(tokenizer):
    text = "<|start|><|end|>"
    ids = spell("<|start|>", 312, "|>")
    assert tokenizer.encode_ordinary(text) == ids
    assert tokenizer.encode_bytes(text.encode()) == ids
    assert tokenizer.encode_ragged([text]).tokens.tolist() == ids


def test_they_decode_to_their_text(tokenizer):
    assert tokenizer.decode([300, 97, 310, 303]) == "<|end|>a<think><é>"
    assert tokenizer.token_bytes(303) == "<é>".encode()
    assert tokenizer.special_tokens == SPECIAL


def test_qwen3_has_added_tokens_that_are_not_special(published):
    tokenizer = published("qwen3")
    think = [token for token in tokenizer.added_tokens if token.content == "<think>"]
    assert [(token.id, token.special) for token in think] == [(151667, False)]
    ids = tokenizer.encode("<think>\nOK")
    assert ids[0] == 151667
    assert tokenizer.encode_ordinary("<think>\nOK") == ids
    assert tokenizer.encode_ragged(["<think>\nOK"]).tokens.tolist() == ids
    assert 151644 not in tokenizer.encode_ordinary("<|im_start|>user")
    assert tokenizer.encode("<|im_start|>user", allowed_special="all")[0] == 151644


@pytest.mark.parametrize("argument", ["allowed_special", "disallowed_special"])
def test_wrong_kinds_of_names(tokenizer, argument):
    for wrong in ("<|end|>", "", "ALL"):
        with pytest.raises(TypeError, match=f"{argument} must be 'all' or a collection of str"):
            tokenizer.encode("a", **{argument: wrong})
    for wrong in ([1], [b"<|end|>"], [None], {1: 2}):
        with pytest.raises(TypeError, match=f"{argument} must hold str, not "):
            tokenizer.encode("a", **{argument: wrong})
    for wrong in (None, 1, 1.5, object()):
        with pytest.raises(TypeError, match="not iterable"):
            tokenizer.encode("a", **{argument: wrong})
    with pytest.raises((UnicodeError, TypeError)):
        tokenizer.encode("a", **{argument: ["\ud800"]})


def test_an_exception_of_the_callers_own_comes_through(tokenizer):
    def names():
        yield "<|end|>"
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        tokenizer.encode("a", allowed_special=names())
    with pytest.raises(ZeroDivisionError, match="mine"):
        tokenizer.encode_batch(["a"], disallowed_special=names())


def test_refused_in_one_document_of_a_batch(tokenizer):
    texts = ["a"] * 50 + ["b<|end|>"] + ["c"] * 50
    for n_threads in (1, 2, 7):
        with pytest.raises(ValueError, match=r"'<\|end\|>' at byte 1"):
            tokenizer.encode_batch(texts, num_threads=n_threads)
        ids = tokenizer.encode_batch(texts, num_threads=n_threads, allowed_special="all")
        assert ids == [[97]] * 50 + [[98, 300]] + [[99]] * 50


def test_refused_texts_in_bytes(tokenizer):
    texts = [b"nothing here", "größer, forbidden".encode()]
    with pytest.raises(ValueError, match="'forbidden' at byte 10"):
        tokenizer.encode_batch(texts, disallowed_special=["forbidden"])
    assert len(tokenizer.encode_batch(texts, disallowed_special=["absent"])) == 2
