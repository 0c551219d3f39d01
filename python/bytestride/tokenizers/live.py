"""The tokenizers library itself: components of a tokenizer as its own objects, and falling back.

Imported only when one of these is asked for.
"""

from __future__ import annotations

import json
from typing import Any, Final

from bytestride.definition import AddedToken
from bytestride.formats.json_text import compact
from bytestride.tokenizers.pipeline import Pipeline

NODES: Final = ("normalizer", "pre_tokenizer", "post_processor", "decoder")
_OPTIONS: Final = (
    "dropout",
    "unk_token",
    "continuing_subword_prefix",
    "end_of_word_suffix",
    "fuse_unk",
    "byte_fallback",
    "ignore_merges",
)


def library() -> Any:
    """Import the tokenizers library.

    Raises
    ------
    ImportError
        It is not installed; the message says what it is needed for.
    """
    try:
        import tokenizers
    except ImportError as error:
        raise ImportError(
            "this needs the tokenizers library (pip install tokenizers): components, trainers, "
            "added tokens as objects, and what bytestride does not encode itself are its own"
        ) from error
    return tokenizers


def real_tokenizer() -> Any:
    """Give the library's own `Tokenizer`, also where its name was made to be the mirror's."""
    library()
    from tokenizers.tokenizers import Tokenizer

    return Tokenizer


def component(pipeline: Pipeline, name: str) -> Any:
    """Make a component of a tokenizer as an object of the library; None where there is none."""
    if pipeline.nodes[name] is None:
        return None
    document = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        **dict.fromkeys(NODES),
        name: pipeline.nodes[name],
        "model": pipeline.model.options | {"vocab": {}, "merges": []},
    }
    return getattr(real_tokenizer().from_str(compact(document)), name)


def state_of(name: str, component: Any) -> Any:
    """Give what of a component can be changed in place: of the model its options, else all."""
    if name == "model":
        return tuple(getattr(component, option, None) for option in _OPTIONS)
    return component.__getstate__()


def node_of(component: Any) -> Any:
    """Give the JSON of a component; None for none.

    Raises
    ------
    Exception
        It is one written in Python, which has no JSON.
    """
    return None if component is None else json.loads(component.__getstate__())


def added_token(token: AddedToken) -> Any:
    """Make the library's object of an added token."""
    return library().AddedToken(
        token.content,
        single_word=token.single_word,
        lstrip=token.lstrip,
        rstrip=token.rstrip,
        normalized=token.normalized,
        special=token.special,
    )


def tokens_to_add(tokens: Any, *, special: bool) -> list[AddedToken]:
    """Check what `add_tokens` and `add_special_tokens` take; ids mean nothing.

    Raises
    ------
    TypeError
        As the original.
    """
    if not isinstance(tokens, list):
        raise TypeError(f"'{type(tokens).__name__}' object is not an instance of 'list'")
    result = []
    for token in tokens:
        if isinstance(token, str):
            result.append(AddedToken(token, 0, special=special, normalized=not special))
        elif all(hasattr(token, name) for name in ("content", "single_word", "normalized")):
            if special:
                token.special = True
            result.append(
                AddedToken(
                    token.content,
                    0,
                    special=token.special,
                    lstrip=token.lstrip,
                    rstrip=token.rstrip,
                    single_word=token.single_word,
                    normalized=token.normalized,
                )
            )
        else:
            raise TypeError("Input must be a List[Union[str, AddedToken]]")
    return result
