"""For each tokenizer class of transformers one subclass, which passes for the class itself.

transformers writes a tokenizer's class name into files, looks at the module it is from, and makes
new tokenizers of the class of one at hand. So a subclass of ours has its base's name, module and
signature, calling it calls the base, and it is the same object whoever asks for it: `accelerate`, a
pickle, or a pickle by value (dill, cloudpickle), which would otherwise make a second one.
"""

from __future__ import annotations

import copyreg
import inspect
import threading
from typing import Any

from bytestride.transformers.encoding import EncodesHere

_lock = threading.RLock()


class AcceleratedClass(type):
    """The class of those subclasses, and of what users derive from them."""

    def __new__(
        mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any
    ) -> AcceleratedClass:
        """Make a class, or give the one that has been made of the same base."""
        with _lock:
            if len(bases) == 2 and bases[0] is Accelerated:
                # Python knows its subclasses, weakly: what is no longer used is not kept.
                subclasses: list[type] = type.__subclasses__(bases[1])
                for known in subclasses:
                    if isinstance(known, AcceleratedClass) and known.__bases__ == bases:
                        return known
            return super().__new__(mcs, name, bases, namespace, **options)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make a tokenizer as the base does, then let it encode through bytestride."""
        # From inside a class of ours: `accelerate` needs the classes, not they it.
        from bytestride.transformers.accelerating import accelerate, use_bytestride

        base = base_of(cls)
        if base is not None:
            return accelerate(base(*args, **kwargs), stacklevel=2)
        tokenizer = super().__call__(*args, **kwargs)
        use_bytestride(tokenizer, stacklevel=2)
        return tokenizer

    @property
    def __signature__(cls) -> inspect.Signature:
        """That of its `__init__`, as of any class; transformers looks for argument names in it."""
        signature = inspect.signature(cls.__init__)  # type: ignore[misc]
        return signature.replace(parameters=list(signature.parameters.values())[1:])

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, base_of(cls) or ()) or super().__instancecheck__(instance)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, base_of(cls) or ()) or super().__subclasscheck__(subclass)


class Accelerated(EncodesHere):
    """Comes first among the bases of such a class."""

    @classmethod
    def from_pretrained(cls, *args: Any, **kwargs: Any) -> Any:
        """Load as the base does: how files are read depends on the class that reads them."""
        from bytestride.transformers.accelerating import accelerate, use_bytestride

        base: Any = base_of(cls)
        if base is not None:
            return accelerate(base.from_pretrained(*args, **kwargs), stacklevel=2)
        tokenizer = super().from_pretrained(*args, **kwargs)  # type: ignore[misc]
        use_bytestride(tokenizer, stacklevel=2)
        return tokenizer


def accelerated_class(base: type) -> type:
    """Give the subclass of a tokenizer class that encodes through bytestride.

    Raises
    ------
    TypeError
        The class has a metaclass, which ours does not know.
    """
    if isinstance(base, AcceleratedClass):
        return base
    if type(base) is not type:
        raise TypeError(f"{base.__qualname__} has a metaclass, {type(base).__qualname__}")
    namespace = {
        "__module__": base.__module__,
        "__qualname__": base.__qualname__,
        "__doc__": base.__doc__,
    }
    return AcceleratedClass(base.__name__, (Accelerated, base), namespace)


def base_of(cls: type) -> type | None:
    """Give the class that a class of ours was made of; None for what a user derived from it."""
    bases = cls.__bases__
    return bases[1] if len(bases) == 2 and bases[0] is Accelerated else None


def _reduce_class(cls: AcceleratedClass) -> str | tuple[object, ...]:
    base = base_of(cls)
    return cls.__qualname__ if base is None else (accelerated_class, (base,))


copyreg.pickle(AcceleratedClass, _reduce_class)  # type: ignore[arg-type]
