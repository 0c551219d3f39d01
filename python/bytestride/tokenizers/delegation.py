"""Who encodes: bytestride, where it is byte-level BPE, or else the tokenizers library.

A tokenizer that is assembled from the library's components is the library's until it is first
used; then it is read, as a file would be, and settled. Components that are given out are objects of
the library, which can be changed in place: they are compared with what they were before each use.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bytestride.errors import FormatError
from bytestride.tokenizers import live
from bytestride.tokenizers.document import read_tokenizer, write_tokenizer

if TYPE_CHECKING:
    from typing_extensions import Self

    from bytestride.tokenizers.byte_level import ByteLevelTokenizer, Settings


class Delegating:
    """A part of `Tokenizer`: which of the two does it, and the components."""

    __slots__ = ("__dict__", "__weakref__", "_lent", "_lock", "_mine", "_reason", "_theirs")

    _lock: threading.RLock
    # One of these two is there. `_reason` says why the second is for good; until it is known, it is
    # asked at the next use.
    _mine: ByteLevelTokenizer | None
    _theirs: Any
    _reason: str | None
    # Components that were given out, by name, and what they were then.
    _lent: dict[str, tuple[Any, Any]]

    def __new__(cls, *_: Any) -> Self:
        """Make the object whole, so that unpickling needs no model."""
        self = super().__new__(cls)
        self._lock = threading.RLock()
        self._mine, self._theirs, self._reason, self._lent = None, None, None, {}
        return self

    # Which of the two

    def _ready(self) -> Any:
        """Give whoever encodes."""
        if self._lent:
            self._take_changes()
        if self._mine is not None:
            return self._mine
        if self._reason is None:
            with self._lock:
                if self._mine is None and self._reason is None:
                    self._settle()
        return self._theirs if self._mine is None else self._mine

    def _settle(self) -> None:
        real = self._theirs
        try:
            mine = read_tokenizer(real.to_str().encode(), "the tokenizer")
        except Exception as error:  # also a component written in Python, which has no JSON
            self._say_why(str(error) or type(error).__name__, stacklevel=4)
            return
        mine.settings = replace(mine.settings, encode_special_tokens=real.encode_special_tokens)
        self._mine, self._theirs = mine, None

    def _fall_back(self, data: bytes, error: FormatError, stacklevel: int) -> None:
        """Let the library read a document; the error stands where it cannot, either."""
        try:
            self._theirs = live.real_tokenizer().from_buffer(data)
        except ImportError:
            raise error from None
        except Exception as theirs:
            raise FormatError(f"{error} (the tokenizers library: {theirs})") from None
        self._say_why(str(error), stacklevel + 1)

    def _say_why(self, reason: str, stacklevel: int) -> None:
        self._reason = reason
        warnings.warn(
            f"this tokenizer goes through the tokenizers library, at its speed: {reason}",
            stacklevel=stacklevel + 1,
        )

    def _assemble(self) -> Any:
        """Give the library's tokenizer, to be changed; who encodes is found out afterwards."""
        if self._mine is not None:
            settings = self._mine.settings
            self._theirs = live.real_tokenizer().from_str(write_tokenizer(settings, pretty=False))
            self._theirs.encode_special_tokens = settings.encode_special_tokens
            self._mine = None
        self._reason = None
        return self._theirs

    def _change(self, change: Callable[[Settings], Settings]) -> None:
        assert self._mine is not None
        self._mine.settings = change(self._mine.settings)

    def to_str(self, pretty: bool = False) -> str:
        """Write the text of a `tokenizer.json`.

        It changes only when the tokenizer does, not by encoding.
        """
        self._take_changes()
        mine = self._mine
        if mine is None:
            text: str = self._theirs.to_str(pretty)
            return text
        return write_tokenizer(mine.settings, pretty=pretty)

    # Components

    def _component(self, name: str) -> Any:
        with self._lock:
            if name in self._lent:
                self._take_changes()
                return self._lent[name][0]
            if self._mine is None:
                component = getattr(self._theirs, name)
            elif name == "model":
                text = write_tokenizer(self._mine.settings, pretty=False)
                component = live.real_tokenizer().from_str(text).model
            else:
                component = live.component(self._mine.settings.pipeline, name)
            self._lend(name, component)
            return component

    def _lend(self, name: str, component: Any) -> None:
        try:
            if component is not None:
                self._lent[name] = (component, live.state_of(name, component))
        except Exception:  # one written in Python, with which the tokenizer is the library's
            self._lent.pop(name, None)

    def _set_component(self, name: str, component: Any) -> None:
        with self._lock:
            self._lent.pop(name, None)
            if self._mine is None or name == "model" or not self._take_node(name, component):
                setattr(self._assemble(), name, component)

    def _take_node(self, name: str, component: Any) -> bool:
        """Take a component over; False where that is the library's matter."""
        assert self._mine is not None
        try:
            node = live.node_of(component)
            pipeline = self._mine.settings.pipeline.with_node(name, node)
        except Exception:
            return False
        self._change(lambda settings: replace(settings, pipeline=pipeline))
        return True

    def _take_changes(self) -> None:
        """Follow components that were changed in place."""
        with self._lock:
            for name, (component, state) in list(self._lent.items()):
                now = live.state_of(name, component)
                if now == state:
                    continue
                if self._mine is None:
                    self._reason = None  # the library's tokenizer has the change already
                else:
                    self._set_component(name, component)
                self._lent[name] = (component, now)

    @property
    def model(self) -> Any:
        """The model, an object of the library."""
        return self._component("model")

    @model.setter
    def model(self, model: Any) -> None:
        self._set_component("model", model)

    @property
    def normalizer(self) -> Any:
        """The normalizer, an object of the library, or None."""
        return self._component("normalizer")

    @normalizer.setter
    def normalizer(self, normalizer: Any) -> None:
        self._set_component("normalizer", normalizer)

    @property
    def pre_tokenizer(self) -> Any:
        """The pre-tokenizer, an object of the library, or None."""
        return self._component("pre_tokenizer")

    @pre_tokenizer.setter
    def pre_tokenizer(self, pre_tokenizer: Any) -> None:
        self._set_component("pre_tokenizer", pre_tokenizer)

    @property
    def post_processor(self) -> Any:
        """The post-processor, an object of the library, or None."""
        return self._component("post_processor")

    @post_processor.setter
    def post_processor(self, post_processor: Any) -> None:
        self._set_component("post_processor", post_processor)

    @property
    def decoder(self) -> Any:
        """The decoder, an object of the library, or None."""
        return self._component("decoder")

    @decoder.setter
    def decoder(self, decoder: Any) -> None:
        self._set_component("decoder", decoder)
