"""The methods that do not block an event loop: the others, in a thread of its executor."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from bytestride.tokenizers.byte_level import ByteLevelTokenizer

if TYPE_CHECKING:
    from bytestride.tokenizers.encoding import Encoding


class AsyncMethods:
    """A part of `Tokenizer`."""

    __slots__ = ()

    if TYPE_CHECKING:
        encode_batch: Callable[..., list[Encoding]]
        encode_batch_fast: Callable[..., list[Encoding]]
        decode_batch: Callable[..., list[str]]

        def _ready(self) -> Any: ...

    def async_encode(
        self,
        sequence: Any,
        pair: Any = None,
        is_pretokenized: bool = False,
        add_special_tokens: bool = True,
    ) -> Awaitable[Encoding]:
        """As `encode`; offsets are in bytes of the text's UTF-8, as in tokenizers 0.23."""
        ready = self._ready()
        arguments = (sequence, pair, is_pretokenized, add_special_tokens)
        if isinstance(ready, ByteLevelTokenizer):
            return _in_thread(partial(ready.encode, unit="byte"), *arguments)
        theirs: Awaitable[Encoding] = ready.async_encode(*arguments)
        return theirs

    def async_encode_batch(
        self, input: Any, is_pretokenized: bool = False, add_special_tokens: bool = True
    ) -> Awaitable[list[Encoding]]:
        """As `encode_batch`."""
        return _in_thread(self.encode_batch, input, is_pretokenized, add_special_tokens)

    def async_encode_batch_fast(
        self, input: Any, is_pretokenized: bool = False, add_special_tokens: bool = True
    ) -> Awaitable[list[Encoding]]:
        """As `encode_batch_fast`."""
        return _in_thread(self.encode_batch_fast, input, is_pretokenized, add_special_tokens)

    def async_decode_batch(
        self, sequences: Any, skip_special_tokens: bool = True
    ) -> Awaitable[list[str]]:
        """As `decode_batch`."""
        return _in_thread(self.decode_batch, sequences, skip_special_tokens)


def _in_thread(function: Callable[..., Any], *arguments: Any) -> Awaitable[Any]:
    return asyncio.get_running_loop().run_in_executor(None, partial(function, *arguments))
