"""The C++ engine. Private: the package's names are the interface."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Literal, SupportsIndex, overload

import numpy as np
import numpy.typing as npt
from typing_extensions import Buffer

_Ids = Iterable[int] | npt.NDArray[Any]
_SpecialTokens = Literal["all"] | Collection[str]

# The text of a known pattern, a split function, or one of ("digits", behavior),
# ("punctuation", behavior) and ("space_before", "").
_SplitStage = str | Callable[[str], Iterable[int]] | tuple[str, str]

# base

def recycled_budget() -> int: ...
def set_recycled_budget(n_bytes: int) -> None: ...
def recycled_bytes(n_bytes: int) -> npt.NDArray[np.uint8]: ...
def usable_cores() -> int: ...
def set_core_limit(n_cores: int) -> None: ...

# documents

def first_unencodable(texts: Sequence[object]) -> int | None: ...
def cut_documents(buffer: Buffer, separator: bytes) -> npt.NDArray[np.int64]: ...
def json_line_texts(
    buffer: Buffer, member: bytes
) -> tuple[
    npt.NDArray[np.uint8],
    npt.NDArray[np.int64],
    npt.NDArray[np.int64],
    npt.NDArray[np.int64],
]: ...
def ill_formed_documents(
    documents: Iterable[bytes] | Buffer, offsets: npt.NDArray[np.int64] | None = None
) -> npt.NDArray[np.int64]: ...

# pretokenize

class Splitter:
    def __init__(
        self,
        pattern: _SplitStage | list[_SplitStage],
        added_tokens: Sequence[tuple[str, int, bool, bool, bool, bool, bool]],
        normalizer: str | None,
    ) -> None: ...
    def pieces(self, text: str | bytes, *, by_windows: bool = False) -> list[bytes]: ...
    @property
    def may_cut(self) -> bool: ...

def known_patterns() -> list[tuple[str, str]]: ...
def category_ranges(name: str) -> list[tuple[int, int]]: ...
def normalize_nfc(text: str | bytes) -> bytes: ...
def last_safe_cut(buffer: Buffer) -> int: ...

# vocab

class TokenTable:
    def __init__(
        self,
        token_bytes: bytes,
        token_offsets: npt.NDArray[np.int64],
        token_ids: npt.NDArray[np.uint32],
    ) -> None: ...
    @property
    def n_tokens(self) -> int: ...
    def arrays(self) -> tuple[bytes, npt.NDArray[np.int64], npt.NDArray[np.uint32]]: ...
    def bytes_of(self, id: int) -> bytes | None: ...
    def all_bytes(self) -> list[bytes]: ...
    def id_of(self, token: Buffer) -> int | None: ...
    def without(self, ids: npt.NDArray[np.uint32]) -> TokenTable: ...

def read_model_text(
    document: bytes,
) -> (
    tuple[
        TokenTable,
        npt.NDArray[np.uint32],
        list[tuple[int, int, int]],
        tuple[int, int],
        tuple[int, int],
    ]
    | None
): ...
def read_rank_lines(text: bytes) -> TokenTable | None: ...

class Vocab:
    def __init__(self, tokens: TokenTable, merges: npt.NDArray[np.uint32] | None) -> None: ...
    @property
    def n_tokens(self) -> int: ...
    @property
    def max_id(self) -> int: ...
    @property
    def ranks_are_ids(self) -> bool: ...
    def token_bytes(self, id: int) -> bytes: ...
    def id_of(self, token: Buffer) -> int | None: ...
    def merges(self) -> npt.NDArray[np.uint32]: ...
    def unreachable(self) -> npt.NDArray[np.uint32]: ...

# encode

class Engine:
    def __init__(self, vocab: Vocab, splitter: Splitter, whole_pieces: bool) -> None: ...
    def encode(
        self,
        text: str,
        *,
        allowed_special: _SpecialTokens = (),
        disallowed_special: _SpecialTokens = "all",
    ) -> list[int]: ...
    def encode_ordinary(self, text: str) -> list[int]: ...
    def encode_bytes(self, data: Buffer) -> list[int]: ...
    def encode_to_numpy(
        self,
        text: str,
        *,
        allowed_special: _SpecialTokens = (),
        disallowed_special: _SpecialTokens = "all",
    ) -> npt.NDArray[np.uint32]: ...
    def encode_batch(
        self,
        texts: Iterable[str | bytes],
        *,
        num_threads: int | None = None,
        allowed_special: _SpecialTokens = (),
        disallowed_special: _SpecialTokens = "all",
    ) -> list[list[int]]: ...
    def count(
        self,
        text: str,
        *,
        allowed_special: _SpecialTokens = (),
        disallowed_special: _SpecialTokens = "all",
    ) -> int: ...
    def _count_batch(
        self,
        documents: Iterable[str | bytes] | Buffer,
        offsets: npt.NDArray[np.int64] | None,
        num_threads: int | None,
        allowed_special: _SpecialTokens,
        disallowed_special: _SpecialTokens,
    ) -> npt.NDArray[np.int64]: ...
    def _encode_into(
        self,
        documents: Iterable[str | bytes] | Buffer,
        offsets: npt.NDArray[np.int64] | None,
        num_threads: int | None,
        out: npt.NDArray[Any],
        *,
        end_id: int | None = None,
        last_goes_on: bool = False,
    ) -> npt.NDArray[np.int64]: ...
    def encode_with_offsets(
        self,
        text: str,
        *,
        unit: Literal["char", "byte"] = "char",
        allowed_special: _SpecialTokens = (),
        disallowed_special: _SpecialTokens = "all",
    ) -> tuple[list[int], npt.NDArray[np.int64]]: ...
    def token_words(
        self,
        text: str,
        *,
        allowed_special: _SpecialTokens = (),
        disallowed_special: _SpecialTokens = "all",
    ) -> npt.NDArray[np.uint32]: ...
    def truncate(
        self,
        text: str,
        max_tokens: int,
        *,
        allowed_special: _SpecialTokens = (),
        disallowed_special: _SpecialTokens = "all",
    ) -> str: ...
    def chunk(
        self,
        text: str,
        max_tokens: int,
        overlap: int = 0,
        *,
        allowed_special: _SpecialTokens = (),
        disallowed_special: _SpecialTokens = "all",
    ) -> list[str]: ...
    def count_till_limit(
        self,
        text: str,
        limit: int,
        *,
        allowed_special: _SpecialTokens = (),
        disallowed_special: _SpecialTokens = "all",
    ) -> int | None: ...
    def _encode_flat(
        self,
        documents: Iterable[str | bytes] | Buffer,
        offsets: npt.NDArray[np.int64] | None,
        num_threads: int | None,
        dtype: np.dtype[Any] | None,
        allowed_special: _SpecialTokens = (),
        disallowed_special: _SpecialTokens = (),
        *,
        end_id: int | None = None,
        last_goes_on: bool = False,
        recycled: bool = False,
    ) -> tuple[npt.NDArray[np.uint16] | npt.NDArray[np.uint32], npt.NDArray[np.int64]]: ...
    def decode(self, ids: _Ids, errors: str = "replace") -> str: ...
    def decode_bytes(self, ids: _Ids) -> bytes: ...
    def decode_with_offsets(self, ids: _Ids) -> tuple[str, list[int]]: ...
    def token_bytes(self, id: int) -> bytes: ...
    def clear_cache(self) -> None: ...
    @property
    def may_cut(self) -> bool: ...
    @property
    def vocab_size(self) -> int: ...

class StreamDecoder:
    def __init__(self, tokenizer: Engine, errors: str = "replace") -> None: ...
    def feed(self, ids: int | _Ids) -> str: ...
    def flush(self) -> str: ...
    @property
    def held(self) -> bytes: ...

def backend() -> str: ...
def cache_budget() -> int: ...
def cache_bytes_in_use() -> int: ...
def set_cache_budget(n_bytes: int) -> None: ...

# train

class WordCounts:
    def __init__(self, *, firsts: bool = False) -> None: ...
    def arrays(
        self,
    ) -> tuple[
        npt.NDArray[np.uint8],
        npt.NDArray[np.int64],
        npt.NDArray[np.uint64],
        npt.NDArray[np.uint64] | None,
    ]: ...
    def longest(self) -> tuple[int, bytes]: ...
    def add_all(self, other: WordCounts, first_shift: int = 0) -> None: ...
    @property
    def n_words(self) -> int: ...
    @property
    def n_bytes(self) -> int: ...
    @property
    def memory_bytes(self) -> int: ...
    @property
    def has_firsts(self) -> bool: ...
    @property
    def total(self) -> int: ...

def words_from_arrays(
    words: Buffer,
    offsets: npt.NDArray[np.int64],
    counts: npt.NDArray[np.uint64],
    firsts: npt.NDArray[np.uint64] | None = None,
) -> WordCounts: ...

class WordCounter:
    def __init__(
        self,
        splitter: Splitter,
        *,
        firsts: bool = False,
        count_added: bool = False,
        by_lines: bool = False,
        memory_bytes: int = 0,
        spill_descriptor: int = -1,
    ) -> None: ...
    @property
    def n_parts(self) -> int: ...
    def add(
        self,
        documents: Iterable[str | bytes] | Buffer,
        offsets: npt.NDArray[np.int64] | None = None,
        num_threads: int | None = None,
    ) -> None: ...
    def finish(self) -> WordCounts: ...
    def finish_part(self, part: int) -> WordCounts: ...
    @property
    def n_spilled_bytes(self) -> int: ...
    @property
    def n_texts(self) -> int: ...
    @property
    def n_text_bytes(self) -> int: ...

class MergeLoop:
    def __init__(
        self,
        words: WordCounts,
        base_ids: npt.NDArray[np.uint32],
        *,
        tie_break: str = "smaller_ids",
        min_count: int = 1,
        max_token_bytes: int | None = None,
        existing: Sequence[tuple[bytes, int]] = [],
        next_id: int = 256,
        n_expected: int = 0,
    ) -> None: ...
    def replay(self, pairs: npt.NDArray[np.uint32], products: npt.NDArray[np.uint32]) -> None: ...
    def run(self, n_tokens: int) -> int: ...
    def merged(self) -> npt.NDArray[np.uint64]: ...
    def products(self) -> npt.NDArray[np.uint32]: ...
    def merges(self) -> npt.NDArray[np.uint32]: ...
    def counts(self) -> npt.NDArray[np.uint64]: ...

def count_pairs(ids: bytes | Iterable[int]) -> dict[tuple[int, int], int]: ...
def apply_merge(ids: bytes | Iterable[int], pair: tuple[int, int], new_id: int) -> list[int]: ...

# windows

def window_count(n_tokens: int, max_length: int, stride: int) -> int: ...
def window_starts(n_tokens: int, max_length: int, stride: int) -> npt.NDArray[np.int64]: ...
def map_file(descriptor: int, n_bytes: int) -> npt.NDArray[np.uint8]: ...
def read_file(descriptor: int, out: npt.NDArray[np.uint8], byte_offset: int) -> int: ...
def expect_scattered(mapped: npt.NDArray[np.uint8], scattered: bool) -> None: ...
def pack_best_fit(
    lengths: npt.NDArray[np.int64], capacity: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]: ...

class ChangedFileError(ValueError): ...

class WindowSource:
    def __init__(
        self,
        shards: Sequence[Any],
        *,
        max_length: int,
        stride: int,
        tail: str,
        mask_overlap: bool,
        mask_boundaries: bool,
        per_document: bool,
        first_token: int,
        n_tokens: int,
        first_document: int,
        n_documents: int,
        selected: npt.NDArray[np.int64] | None,
        bos_id: int | None,
        eos_id: int | None,
        pad_id: int,
        ignore_index: int,
    ) -> None: ...
    @property
    def n_rows(self) -> int: ...
    def piece_lengths(self) -> npt.NDArray[np.int64]: ...
    def packed(
        self, pieces: npt.NDArray[np.int64], offsets: npt.NDArray[np.int64]
    ) -> WindowSource: ...

_Pair = tuple[npt.NDArray[Any], npt.NDArray[Any]]

class WindowSet:
    def __init__(self, parts: Sequence[WindowSource]) -> None: ...
    @property
    def n_rows(self) -> int: ...
    @overload
    def batch(
        self,
        indices: npt.NDArray[np.int64],
        layout: Literal["xy"],
        dtype: np.dtype[Any],
        out: _Pair | None,
    ) -> _Pair: ...
    @overload
    def batch(
        self,
        indices: npt.NDArray[np.int64],
        layout: Literal["rows"],
        dtype: np.dtype[Any],
        out: npt.NDArray[Any] | None,
    ) -> npt.NDArray[Any]: ...
    def spans(self, indices: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]: ...
    def loss_mask(self, indices: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]: ...
    def position_ids(self, indices: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]: ...
    def document_ids(self, indices: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]: ...
    def cu_seqlens(self, indices: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int32], int]: ...

class Order:
    def __init__(
        self,
        rows: Sequence[int],
        counts: Sequence[int],
        shuffle: str,
        seed: int,
        block_rows: int,
    ) -> None: ...
    @property
    def n_samples(self) -> int: ...
    def indices(
        self, first: SupportsIndex, count: SupportsIndex, step: SupportsIndex
    ) -> npt.NDArray[np.int64]: ...

class PendingBatch:
    def __init__(
        self,
        windows: WindowSet,
        order: Order,
        first: int,
        step: int,
        count: int,
        layout: str,
        dtype: np.dtype[Any],
        out: _Pair | npt.NDArray[Any] | None,
        num_threads: int,
    ) -> None: ...
    def wait(self) -> _Pair | npt.NDArray[Any]: ...
