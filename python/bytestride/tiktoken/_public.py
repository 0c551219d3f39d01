"""The encodings that tiktoken has itself: what `tiktoken_ext.openai_public` is there.

It lies in here under another name, since a wheel must not put files into the folders of another.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from bytestride import _core, published, vocab_files
from bytestride.tiktoken import load
from bytestride.tiktoken._vocabulary import Vocabulary
from bytestride.tiktoken.core import Encoding

_ADDRESS: Final = "https://openaipublic.blob.core.windows.net"
_N_TOKENS: Final = {"gpt2": 50257, "r50k_base": 50257, "p50k_base": 50281}
_GPT2_FILES: Final = ("vocab.bpe", "encoder.json")


def _address(file_name: str) -> str:
    folder = "gpt-2/encodings/main" if file_name in _GPT2_FILES else "encodings"
    return f"{_ADDRESS}/{folder}/{file_name}"


class Constructor:
    """What gives the arguments of a published `Encoding`, or the encoding itself, which is faster.

    Parameters
    ----------
    name : str
        The published name.
    """

    def __init__(self, name: str) -> None:
        self.__name__ = name
        self._record = published.PUBLISHED[name]

    def __call__(self) -> dict[str, Any]:
        """Give the arguments of `Encoding`."""
        record = self._record
        arguments: dict[str, Any] = {
            "name": record.name,
            "pat_str": record.pattern,
            "mergeable_ranks": self._ranks(),
            "special_tokens": dict(record.special_tokens),
        }
        if record.name in _N_TOKENS:
            arguments["explicit_n_vocab"] = _N_TOKENS[record.name]
        return arguments

    def encoding(self) -> Encoding:
        """Make the encoding from what the core reads; the dict of ranks waits until it is read."""
        table = self._table()
        if table is None:
            return Encoding(**self())
        record = self._record
        return Encoding._from_vocabulary(
            record.name, record.pattern, Vocabulary(table), dict(record.special_tokens)
        )

    def _ranks(self) -> dict[bytes, int]:
        record = self._record
        if record.name != "gpt2":
            return load.load_tiktoken_bpe(_address(record.file_name), record.sha256)
        vocab_bpe, encoder_json = (published.FILES[name] for name in _GPT2_FILES)
        return load.data_gym_to_mergeable_bpe_ranks(
            vocab_bpe_file=_address(vocab_bpe.name),
            encoder_json_file=_address(encoder_json.name),
            vocab_bpe_hash=vocab_bpe.sha256,
            encoder_json_hash=encoder_json.sha256,
        )

    def _table(self) -> _core.TokenTable | None:
        record = self._record
        if record.name == "gpt2":
            # A folder that a variable names gets GPT-2's own files; else those of r50k_base do.
            found, _ = vocab_files.look_for(published.FILES[record.file_name])
            data = found.content if found and load.cache_folder() is None else None
        else:
            data = load.read_file_cached(_address(record.file_name), record.sha256)
        return None if data is None else _core.read_rank_lines(data)


ENCODING_CONSTRUCTORS: Final[dict[str, Callable[[], dict[str, Any]]]] = {
    name: Constructor(name) for name in ("gpt2", *published.PUBLISHED)
}
"""Constructors by name, in the order of tiktoken's list."""
