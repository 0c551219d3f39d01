"""The mirror of tiktoken against tiktoken: names, defaults, what odd arguments give or raise."""

import copy
import importlib
import inspect
import itertools
import pickle
import re

import numpy as np
import pytest
from tiktoken_pairs import ours, outcome, theirs

from bytestride.published import GPT2_TIKTOKEN

BYTES = {bytes((byte,)): byte for byte in range(256)}
SPECIALS = {"<a>": 300, "<|endoftext|>": 301}
# One pattern that the core scans, one that goes through the regex package and drops characters.
PATTERNS = {"known": GPT2_TIKTOKEN, "foreign": r"[a-z<>]+|\s"}
MODULES = ["", ".core", ".load", ".registry", ".model", "._educational"]


@pytest.fixture(scope="module", params=PATTERNS)
def pair(request):
    arguments = {
        "pat_str": PATTERNS[request.param],
        "mergeable_ranks": BYTES,
        "special_tokens": SPECIALS,
    }
    their_encoding = theirs.Encoding("custom", **arguments)
    if request.param == "known":
        return ours.Encoding("custom", **arguments), their_encoding
    with pytest.warns(UserWarning, match="not one that bytestride scans itself"):
        return ours.Encoding("custom", **arguments), their_encoding


def check(pair, method, *args, **options):
    our_outcome, their_outcome = (outcome(getattr(e, method), *args, **options) for e in pair)
    assert our_outcome == their_outcome, (method, args, options)


@pytest.mark.parametrize("module", MODULES)
def test_every_name_is_here(module):
    mine = importlib.import_module("bytestride.tiktoken" + module)
    for name, value in vars(importlib.import_module("tiktoken" + module)).items():
        if getattr(value, "__module__", "").startswith("tiktoken") or name.isupper():
            assert hasattr(mine, name), name
            if callable(value):
                assert type(getattr(mine, name)) is type(value), name
                same_signature(getattr(mine, name), value)


def same_signature(mine, other):
    ours_, theirs_ = (
        [(p.name, p.kind, p.default) for p in inspect.signature(f).parameters.values()]
        for f in (mine, other)
    )
    assert ours_ == theirs_, mine


@pytest.mark.parametrize("name", ["core.Encoding", "_educational.SimpleBytePairEncoding"])
def test_every_member_of_a_class_is_here(name):
    module, _, cls = name.partition(".")
    mine = getattr(importlib.import_module(f"bytestride.tiktoken.{module}"), cls)
    for member, value in vars(getattr(importlib.import_module(f"tiktoken.{module}"), cls)).items():
        if member.startswith("__") and member not in ("__init__", "__repr__", "__getstate__"):
            continue
        found = inspect.getattr_static(mine, member)
        assert type(found) is type(value), member
        if inspect.isfunction(value):
            same_signature(found, value)


def test_members_of_the_core():
    mine = importlib.import_module("bytestride.tiktoken._tiktoken").CoreBPE
    # What the copy module leaves on a class that was copied is no member.
    for member in {*vars(theirs._tiktoken.CoreBPE)} - {"__slotnames__"}:
        assert hasattr(mine, member), member


def test_version_and_tables():
    assert ours.__version__ == theirs.__version__
    assert ours.list_encoding_names() == theirs.list_encoding_names()
    mine = importlib.import_module("bytestride.tiktoken.model")
    table = importlib.import_module("tiktoken.model")
    # Beginnings count in their order.
    for name in ("MODEL_TO_ENCODING", "MODEL_PREFIX_TO_ENCODING"):
        assert list(getattr(mine, name).items()) == list(getattr(table, name).items())


MODELS = ["gpt-4o-mini", "gpt-4", "ft:gpt-4o-x", "gpt-oss-20b", "gpt-5.1", "zz", "", "gpt2-medium"]


@pytest.mark.parametrize("model", MODELS)
def test_models(model):
    expected = outcome(theirs.encoding_name_for_model, model)
    assert outcome(ours.encoding_name_for_model, model) == expected
    if expected[0] == "KeyError":
        assert outcome(ours.encoding_for_model, model) == expected


@pytest.mark.parametrize("name", ["zz", 3, None, "GPT2"])
def test_unknown_encodings(name):
    assert outcome(ours.get_encoding, name) == outcome(theirs.get_encoding, name)


TEXTS = [
    1,
    b"1",
    None,
    "ab",
    "",
    "a\ud83d",
    "\ud83d\ude00x",
    ["a"],
    "<a>",
    "a<a>b<|endoftext|>",
    "a-b",
]
ALLOWED = [set(), "all", {"<a>"}, frozenset({"<a>"}), ["<a>"], {"<a>": 1}.keys(), {1}, "<a>", None]
REFUSED = ["all", (), {"<a>"}, "xb", [""], [1], 5, None, {"\ud83d"}, ("a<",), {b"a"}]


def _name(value):
    """The same name in every process: what its repr is, but for where it lies in memory."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


@pytest.mark.parametrize(
    "method",
    ["encode", "encode_ordinary", "encode_to_numpy", "encode_single_token", "_encode_bytes",
     "_encode_only_native_bpe"],
)  # fmt: skip
@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_texts(pair, method, text):
    check(pair, method, text)


@pytest.mark.parametrize("text", [text for text in TEXTS if text != ""], ids=ascii)
def test_single_pieces(pair, text):
    check(pair, "_encode_single_piece", text)


@pytest.mark.parametrize("method", ["encode", "encode_to_numpy", "encode_with_unstable"])
def test_special_token_arguments(pair, method):
    for text, allowed, refused in itertools.product(TEXTS, ALLOWED, REFUSED):
        check(pair, method, text, allowed_special=allowed, disallowed_special=refused)


def test_special_token_arguments_of_batches(pair):
    for text, allowed, refused in itertools.product(TEXTS[:4] + TEXTS[-3:], ALLOWED, REFUSED):
        texts = ["b", text]
        check(pair, "encode_batch", texts, allowed_special=allowed, disallowed_special=refused)


THREADS = [0, -1, None, 2.5, "a", True, 8, float("inf")]
BATCHES = [["a", "b c"], "ab", [b"ab"], 5, [], ["a\ud800"], ["a", 1], ("a", "b"), ["<a>"]]


@pytest.mark.parametrize("num_threads", THREADS)
def test_numbers_of_threads(pair, num_threads):
    for batch in BATCHES:
        check(pair, "encode_ordinary_batch", batch, num_threads=num_threads)
        check(pair, "encode_batch", batch, num_threads=num_threads)
    for batch in ([[97], [98]], [[97], [5000]], 5, [], ["a"]):
        check(pair, "decode_batch", batch, num_threads=num_threads)
        check(pair, "decode_bytes_batch", batch, num_threads=num_threads)


IDS = [
    [-1], [2**32], [5000], ["a"], [1.5], "ab", {1}, 5, None, b"ab", np.array([97, 98]),
    np.array([[97]]), np.array([1.5]), [True], (97,), range(97, 99), bytearray(b"ab"), {97: 1},
    [None], np.array(5), [2**100], [np.int64(97)], [np.float64(97)], memoryview(b"ab"),
    np.array([-1]), [300], [301, 300], [255], [0xE4, 0xBD, 0xA0], [0xBD], [5000, -1], [-1, 5000],
    np.array([97, 300], np.uint16), np.array([True]), [], (), np.array([]), np.array([], int),
]  # fmt: skip


@pytest.mark.parametrize("ids", IDS, ids=_name)
def test_ids(pair, ids):
    for method in ("decode", "decode_bytes", "decode_tokens_bytes", "decode_with_offsets"):
        check(pair, method, ids)
    for errors in ("strict", "ignore", "zz", None, 5, "backslashreplace"):
        check(pair, "decode", ids, errors)
        check(pair, "decode_batch", [ids], errors=errors)


@pytest.mark.parametrize("token", [-1, 2**32, 5000, "a", 1.5, None, np.int64(97), True, 300, 2**99])
def test_one_id(pair, token):
    check(pair, "decode_single_token_bytes", token)
    check(pair, "is_special_token", token)


def test_iterators_are_taken_once(pair):
    # A generator can be asked only once, so it must not be tried in two ways.
    ours_, theirs_ = pair
    for method in ("decode", "decode_tokens_bytes", "decode_with_offsets"):
        results = [outcome(getattr(e, method), iter([97, 300, 98])) for e in (ours_, theirs_)]
        assert results[0] == results[1], method
    for refused in (["<a>"], ["zz"]):
        results = [
            outcome(e.encode, "a<a>", disallowed_special=(name for name in refused)) for e in pair
        ]
        assert results[0] == results[1]
    results = [outcome(e.encode_ordinary_batch, iter(["a", "b"])) for e in pair]
    assert results[0] == results[1]


def test_the_core(pair):
    cores = [encoding._core_bpe for encoding in pair]
    names = [set(), frozenset(), [], "all", {1}, {"<a>"}, {"\ud800"}, {"zz"}, None]
    for text, allowed in itertools.product(["ab", "a<a>", "a\ud800", 1, None], names):
        check(cores, "encode", text, allowed)
        buffers = [
            outcome(lambda *a, core=core: np.frombuffer(core.encode_to_tiktoken_buffer(*a), "u4"),
                    text, allowed)
            for core in cores
        ]  # fmt: skip
        assert buffers[0] == buffers[1]
        check(cores, "encode_with_unstable", text, allowed)
    for value in ("ab", "a\ud800", b"ab", b"<a>", b"zz", b"\xff", bytearray(b"a"), 1, None):
        for method in ("encode_ordinary", "encode_single_token", "encode_single_piece"):
            check(cores, method, value)
        check(cores, "_encode_bytes", value)
    assert memoryview(cores[0].encode_to_tiktoken_buffer("ab", set())).format == "I"
    for function in (pickle.dumps, copy.copy, copy.deepcopy):
        assert outcome(function, cores[0]) == outcome(function, cores[1])


CORE_ARGUMENTS = [
    ({"a": 1}, {}, "a"), ({(97,): 1}, {}, "a"), ({b"a": -1}, {}, "a"), ({b"a": 2**32}, {}, "a"),
    ({b"a": 1.5}, {}, "a"), ({b"a": np.int64(4)}, {}, "a"), ({b"a": 1}, {5: 5}, "a"),
    ({b"a": 1}, {"5": -5}, "a"), ({b"a": 1}, {"\ud800": 5}, "a"), ([(b"a", 1)], {}, "a"),
    (None, {}, "a"), ({b"a": 1}, {}, b"a"), ({b"a": 1}, None, "a"), ({b"a": 1}, {}, None),
    ({5: 1}, {}, "a"), ({None: 1}, {}, "a"), ({(300,): 1}, {}, "a"), ({b"a": "x"}, {}, "a"),
    ({b"a": 1}, {"a": "x"}, "a"), ({b"a": 1}, {}, "\ud800"), ({}, {}, "a"), ({b"": 1}, {}, "a"),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:the pattern")
@pytest.mark.parametrize("arguments", CORE_ARGUMENTS, ids=_name)
def test_arguments_of_the_core(arguments):
    mine = importlib.import_module("bytestride.tiktoken._tiktoken").CoreBPE
    results = [
        outcome(lambda core=core: core(*arguments).encode("aa", set()))
        for core in (mine, theirs._tiktoken.CoreBPE)
    ]
    if results[1][0] == "panic":
        assert results[0][0] == "ValueError"
    else:
        assert results[0] == results[1]


@pytest.mark.filterwarnings("ignore:the pattern")
@pytest.mark.parametrize("options", [
    {"explicit_n_vocab": 3}, {"explicit_n_vocab": 256}, {"explicit_n_vocab": 0},
    {"mergeable_ranks": {}}, {"mergeable_ranks": {b"a": 0, b"b": 5}, "explicit_n_vocab": 2},
    {"pat_str": "(a"}, {"pat_str": r"\p{Foo}"},
])  # fmt: skip
def test_arguments_of_an_encoding(options):
    arguments = {"pat_str": "a", "mergeable_ranks": BYTES, "special_tokens": {}} | options
    results = [outcome(lambda m=m: m.Encoding("x", **arguments).n_vocab) for m in (ours, theirs)]
    if "pat_str" in options:
        assert results[0][0] == results[1][0] == "ValueError"
    else:
        assert results[0] == results[1]


def test_pickles(pair):
    for encoding in pair:
        assert list(encoding.__getstate__()) == [
            "name", "pat_str", "mergeable_ranks", "special_tokens",
        ]  # fmt: skip
    assert pair[0].__getstate__() == pair[1].__getstate__()


@pytest.mark.parametrize("name", ours.list_encoding_names())
def test_constructors_ask_for_the_same(name, monkeypatch):
    asked = []
    constructors = []
    for module, loader in (
        (importlib.import_module("tiktoken_ext.openai_public"), None),
        (importlib.import_module("bytestride.tiktoken._public"), "load"),
    ):
        target = module if loader is None else getattr(module, loader)
        for function in ("load_tiktoken_bpe", "data_gym_to_mergeable_bpe_ranks"):
            monkeypatch.setattr(target, function, record_calls(asked, getattr(target, function)))
        constructors.append(module.ENCODING_CONSTRUCTORS[name]())
    assert constructors[0] == constructors[1]
    assert asked[0] == asked[1]


def record_calls(asked, function):
    def record(*args, **options):
        asked.append(inspect.signature(function).bind(*args, **options).arguments)
        return {}

    return record
