"""Encodings by name: tiktoken's own, and those of plugins in the namespace `tiktoken_ext`."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

from bytestride.tiktoken import _public
from bytestride.tiktoken.core import Encoding

_PUBLIC: Final = "tiktoken_ext.openai_public"

_lock = threading.RLock()

ENCODINGS: dict[str, Encoding] = {}
"""Encodings made so far."""

ENCODING_CONSTRUCTORS: dict[str, Callable[[], dict[str, Any]]] | None = None
"""By name, what gives the arguments of `Encoding`; None before anyone asked."""


@lru_cache
def _available_plugin_modules() -> Sequence[str]:
    """Modules in `tiktoken_ext`; tiktoken's own is among them even where it is not installed."""
    try:
        import tiktoken_ext
    except ImportError:
        return [_PUBLIC]
    prefix = tiktoken_ext.__name__ + "."
    names = [module.name for module in pkgutil.iter_modules(tiktoken_ext.__path__, prefix)]
    return names if _PUBLIC in names else [_PUBLIC, *names]


def _find_constructors() -> None:
    global ENCODING_CONSTRUCTORS
    with _lock:
        if ENCODING_CONSTRUCTORS is not None:
            return
        found: dict[str, Callable[[], dict[str, Any]]] = {}
        for module_name in _available_plugin_modules():
            for name, constructor in _constructors_of(module_name).items():
                if name in found:
                    raise ValueError(
                        f"Duplicate encoding name {name} in tiktoken plugin {module_name}"
                    )
                found[name] = constructor
        ENCODING_CONSTRUCTORS = found


def _constructors_of(module_name: str) -> dict[str, Callable[[], dict[str, Any]]]:
    if module_name == _PUBLIC:
        return {**_public.ENCODING_CONSTRUCTORS}
    with _standing_in_for_tiktoken():
        module = importlib.import_module(module_name)
    try:
        constructors: dict[str, Callable[[], dict[str, Any]]] = module.ENCODING_CONSTRUCTORS
    except AttributeError as error:
        raise ValueError(
            f"tiktoken plugin {module_name} does not define ENCODING_CONSTRUCTORS"
        ) from error
    return constructors


@contextmanager
def _standing_in_for_tiktoken() -> Iterator[None]:
    """Let a plugin import `tiktoken.load` and the like where tiktoken is not installed."""
    if "tiktoken" in sys.modules or importlib.util.find_spec("tiktoken") is not None:
        yield
        return
    from bytestride import tiktoken
    from bytestride.tiktoken import _tiktoken, core, load, model

    modules = {"": tiktoken, ".core": core, ".load": load, ".model": model, "._tiktoken": _tiktoken}
    names = {f"tiktoken{suffix}": module for suffix, module in modules.items()}
    names["tiktoken.registry"] = sys.modules[__name__]
    sys.modules.update(names)
    try:
        yield
    finally:
        for name in names:
            sys.modules.pop(name, None)


def get_encoding(encoding_name: str) -> Encoding:
    """Give the encoding of this name, made once.

    Raises
    ------
    ValueError
        There is none of this name.
    OSError
        Its file is not on this machine and could not be fetched; the message says where to put it.
    """
    if not isinstance(encoding_name, str):
        raise ValueError(f"Expected a string in get_encoding, got {type(encoding_name)}")
    if encoding_name in ENCODINGS:
        return ENCODINGS[encoding_name]
    with _lock:
        if encoding_name in ENCODINGS:
            return ENCODINGS[encoding_name]
        constructors = _constructors()
        if encoding_name not in constructors:
            from bytestride import tiktoken

            raise ValueError(
                f"Unknown encoding {encoding_name}.\n"
                f"Plugins found: {_available_plugin_modules()}\n"
                f"tiktoken version: {tiktoken.__version__} (are you on latest?)"
            )
        encoding = _make(constructors[encoding_name])
        ENCODINGS[encoding_name] = encoding
        return encoding


def _make(constructor: Callable[[], dict[str, Any]]) -> Encoding:
    if isinstance(constructor, _public.Constructor):
        return constructor.encoding()
    with _standing_in_for_tiktoken():
        arguments = constructor()
    return Encoding(**arguments)


def list_encoding_names() -> list[str]:
    """Names that `get_encoding` takes."""
    return list(_constructors())


def _constructors() -> dict[str, Callable[[], dict[str, Any]]]:
    with _lock:
        if ENCODING_CONSTRUCTORS is None:
            _find_constructors()
        assert ENCODING_CONSTRUCTORS is not None
        return ENCODING_CONSTRUCTORS
