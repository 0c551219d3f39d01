"""Definitions from living objects of other libraries, and those objects from definitions.

Nothing here imports one of those libraries but to make its object. Whatever has the four attributes
of a `tiktoken.Encoding`, or can say itself as a `tokenizer.json`, is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from bytestride import _core
from bytestride.definition import AddedToken, Definition, Source
from bytestride.errors import shown
from bytestride.formats import tiktoken_file, tokenizer_json
from bytestride.formats.rank_tokens import ranked_definition
from bytestride.formats.regex_dialect import dialect_of, to_rust
from bytestride.published import PATTERNS, PUBLISHED, resolve_pattern
from bytestride.token_map import TokenMap

if TYPE_CHECKING:
    import tiktoken
    import tokenizers

# A character of each kind that a pattern may forget: letters of each case and of none, marks,
# digits, numbers, signs, white space, line ends, controls, and what is none of these.
_ONE_OF_EACH: Final = (
    "aAǅʰ漢ʻ\u0301\u0903\u20dd1²Ⅷ_-([«»'!+$^|©`\u00a0\u2003\u2028\u2029 \t\n\r\x0b\x0c\x00\x7f"
    "\u0085\u00ad\ue000\u0378\U0001f642\u200d"
)


def from_tiktoken(encoding: Any) -> Definition:  # noqa: ANN401
    """Read a `tiktoken.Encoding`, or what has its `name` and three private attributes.

    Raises
    ------
    TypeError
        It has none of them.
    ValueError
        It does what bytestride does not do: its pattern leaves out characters, which tiktoken drops
        from the text; or it makes no tokenizer.
    """
    try:
        ranks, pattern = encoding._mergeable_ranks, encoding._pat_str
        special, name = encoding._special_tokens, encoding.name
    except AttributeError as error:
        raise TypeError(
            f"a tiktoken.Encoding is needed, not {type(encoding).__name__}: {error}"
        ) from None
    tokens = TokenMap({token_id: token for token, token_id in ranks.items()})
    if len(tokens) != len(ranks):
        raise ValueError(f"{len(ranks) - len(tokens)} ranks of the encoding stand twice")
    _check_pattern(pattern)
    added = tuple(AddedToken(content, token_id) for content, token_id in special.items())
    data = tiktoken_file.lines_of(tokens)
    definition = ranked_definition(tokens, pattern, added, source=Source("tiktoken", data))
    record = PUBLISHED.get(name)
    if record is None or record.pattern != pattern or record.special_tokens != dict(special):
        return definition
    return ranked_definition(tokens, pattern, added, source=definition.source, name=name)


def _check_pattern(pattern: str) -> None:
    if pattern in PATTERNS.values() or any(r.pattern == pattern for r in PUBLISHED.values()):
        return
    import regex

    from bytestride.splitting.pattern_syntax import rewrite_pattern

    rewritten, _ = rewrite_pattern(pattern, "rust", _core.category_ranges)
    compiled = regex.compile(rewritten, flags=regex.V1)
    for text in _ONE_OF_EACH:
        if not compiled.match(text):
            raise ValueError(
                f"the pattern {shown(pattern)} does not match {text!r} (U+{ord(text):04X}), so "
                "tiktoken leaves it out of the ids, which bytestride does not do; end the pattern "
                "with |[\\s\\S]"
            )


def from_hf(tokenizer: Any) -> Definition:  # noqa: ANN401
    """Read a `tokenizers.Tokenizer`, or a fast tokenizer of transformers.

    As from its `tokenizer.json`: the post-processor, truncation and padding are kept and not
    applied.

    Raises
    ------
    TypeError
        It is neither.
    FormatError
        It does what bytestride does not do; the message names it.
    """
    inner = getattr(tokenizer, "backend_tokenizer", None) or tokenizer
    to_str = getattr(inner, "to_str", None)
    if to_str is None:
        raise TypeError(
            "a tokenizers.Tokenizer or a fast tokenizer of transformers is needed, not "
            f"{type(tokenizer).__name__}"
        )
    return tokenizer_json.parse(to_str().encode(), type(tokenizer).__name__)


def to_hf(definition: Definition) -> tokenizers.Tokenizer:
    """Make a `tokenizers.Tokenizer` that gives the same ids.

    Raises
    ------
    ValueError
        As `tokenizer_json.write`.
    """
    import tokenizers

    return tokenizers.Tokenizer.from_str(tokenizer_json.serialize(definition).decode())


def to_tiktoken(definition: Definition, name: str | None = None) -> tiktoken.Encoding:
    """Make a `tiktoken.Encoding` that gives the same ids.

    Raises
    ------
    ValueError
        tiktoken's rule, or its way of splitting, gives other ids; the message says why.
    """
    import tiktoken

    tiktoken_file.check_ranks(definition, "a tiktoken.Encoding")
    assert isinstance(definition.pattern, str)
    pattern = to_rust(definition.pattern, dialect_of(definition.source))
    _check_pattern(pattern)
    special: Mapping[str, int] = {token.content: token.id for token in definition.added_tokens}
    return tiktoken.Encoding(
        name or definition.name or "bytestride",
        pat_str=resolve_pattern(pattern),
        mergeable_ranks={token: token_id for token_id, token in definition.tokens.items()},
        special_tokens=dict(special),
    )
