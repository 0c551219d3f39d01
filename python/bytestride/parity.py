"""Two tokenizers on the same documents, id for id: what `bytestride verify` does.

The other side is a library itself (`originals`). Both get the same str: bytes that are no UTF-8,
and lone surrogates, are U+FFFD to both, and are counted. Memory holds one batch of documents.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from bytestride.originals import Reference, pattern_notes
from bytestride.tokenizer import Tokenizer

Encode = Callable[[list[str], int], list[list[int]]]

_BATCH_CHARS = 2 * 1024 * 1024
_BATCH_DOCUMENTS = 4096
# How much of the text is encoded with one thread, to time it: every second batch up to this.
_ONE_THREAD_BYTES = 8 * 1024 * 1024
_CONTEXT_CHARS = 40
_CONTEXT_IDS = 5


class Document(NamedTuple):
    """A text, and where it comes from: the name of a file, and its number there, from 1 on."""

    file: str
    number: int
    text: str | bytes


@dataclass(frozen=True)
class Difference:
    """The first place where the ids of a document are not the same.

    Attributes
    ----------
    file, document
        Where it is from: the file, and the document's number in it, from 1 on.
    character
        Where the first ids that differ begin, in characters of the document; of its normal form,
        where the tokenizer makes one.
    before, after
        The text on both sides of this place.
    n_equal_ids
        How many ids before it are the same.
    ours, theirs
        A few ids around it, from `n_equal_ids` - 5 on, each with what it decodes to.
    error
        What either side said instead of giving ids.
    """

    file: str
    document: int
    character: int
    before: str
    after: str
    n_equal_ids: int
    ours: list[tuple[int, str]]
    theirs: list[tuple[int, str]]
    error: str | None = None


@dataclass
class Speed:
    """How much text one side encoded in how many seconds, with how many threads."""

    n_threads: int
    n_bytes: int = 0
    seconds: float = 0.0

    @property
    def mb_per_second(self) -> float | None:
        """Millions of bytes of UTF-8 a second; None where nothing was timed."""
        return self.n_bytes / self.seconds / 1e6 if self.seconds else None


@dataclass
class Report:
    """What a comparison found; `first_difference` is None where every id is the same."""

    tokenizer: str
    against: str
    special_tokens: str
    n_documents: int = 0
    n_bytes: int = 0
    n_tokens: int = 0
    n_differing_documents: int = 0
    n_replaced_documents: int = 0
    first_difference: Difference | None = None
    notes: list[str] = field(default_factory=list)
    speeds: dict[str, Speed] = field(default_factory=dict)

    @property
    def is_equal(self) -> bool:
        """Whether all ids of all documents are the same."""
        return self.n_differing_documents == 0

    def as_json(self) -> dict[str, Any]:
        """Give all of it as JSON can hold it."""
        result = asdict(self) | {"is_equal": self.is_equal}
        for name, speed in self.speeds.items():
            result["speeds"][name]["mb_per_second"] = speed.mb_per_second
        return result


def compare(
    tokenizer: Tokenizer,
    reference: Reference,
    documents: Iterable[Document],
    *,
    name: str,
    allow_special: bool = False,
    num_threads: int,
) -> Iterator[Report]:
    """Compare ids, and yield the report so far after each batch; the last is the whole.

    Parameters
    ----------
    tokenizer, reference
        The two sides.
    documents
        What both encode.
    name
        What the report calls the tokenizer.
    allow_special
        Whether the texts of special tokens in a document are those tokens, to both; otherwise they
        are text like any other, to both.
    num_threads
        Of each side. Of the first 16 MiB, every second batch is encoded with one thread instead,
        so that both are timed, and nothing twice, which would find its words in a cache.
    """
    report = Report(
        name,
        reference.name,
        "matched" if allow_special else "text like any other",
        notes=[*pattern_notes(tokenizer.definition), *reference.notes],
        speeds={
            f"{side}, {n} thread{'s' * (n > 1)}": Speed(n)
            for n in sorted({1, num_threads})
            for side in ("ours", "theirs")
        },
    )
    comparison = _Comparison(tokenizer, reference, allow_special, num_threads, report)
    for batch in _batches(documents):
        comparison.add(batch)
        yield report


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    batch: list[Document] = []
    n_held = 0
    for document in documents:
        batch.append(document)
        n_held += len(document.text)
        if n_held >= _BATCH_CHARS or len(batch) >= _BATCH_DOCUMENTS:
            yield batch
            batch, n_held = [], 0
    if batch:
        yield batch


class _Comparison:
    def __init__(
        self,
        tokenizer: Tokenizer,
        reference: Reference,
        allow_special: bool,
        num_threads: int,
        report: Report,
    ) -> None:
        self._tokenizer = tokenizer
        self._reference = reference
        self._allow_special = allow_special
        self._num_threads = num_threads
        self._report = report
        self._is_single = False
        self._n_single = 0

    def add(self, batch: list[Document]) -> None:
        """Encode a batch by both and compare."""
        report = self._report
        texts = []
        for document in batch:
            text, was_replaced = _as_text(document.text)
            texts.append(text)
            report.n_replaced_documents += was_replaced
        n_bytes = sum(len(text.encode()) for text in texts)
        self._is_single = not self._is_single and self._n_single < _ONE_THREAD_BYTES
        self._n_single += n_bytes * self._is_single
        num_threads = 1 if self._is_single else self._num_threads
        ours = self._timed("ours", self._ours, texts, num_threads, n_bytes)
        theirs = self._timed("theirs", self._theirs, texts, num_threads, n_bytes)
        for document, text, our_ids, their_ids in zip(batch, texts, ours, theirs, strict=True):
            if isinstance(our_ids, str) or our_ids != their_ids:
                report.n_differing_documents += 1
                if report.first_difference is None:
                    report.first_difference = self._difference(document, text, our_ids, their_ids)
            if not isinstance(our_ids, str):
                report.n_tokens += len(our_ids)
        report.n_documents += len(batch)
        report.n_bytes += n_bytes

    def _timed(
        self, side: str, encode: Encode, texts: list[str], num_threads: int, n_bytes: int
    ) -> list[list[int] | str]:
        begin = time.perf_counter()
        try:
            result: list[list[int] | str] = [*encode(texts, num_threads)]
        except (KeyboardInterrupt, SystemExit, MemoryError):
            raise
        except BaseException:  # a panic in Rust is no Exception
            return [_one(encode, text) for text in texts]
        speed = self._report.speeds[f"{side}, {num_threads} thread{'s' * (num_threads > 1)}"]
        speed.seconds += time.perf_counter() - begin
        speed.n_bytes += n_bytes
        return result

    def _ours(self, texts: list[str], num_threads: int) -> list[list[int]]:
        if self._allow_special:
            return self._tokenizer.encode_batch(
                texts, num_threads=num_threads, allowed_special="all"
            )
        return self._tokenizer.encode_batch(texts, num_threads=num_threads, disallowed_special=())

    def _theirs(self, texts: list[str], num_threads: int) -> list[list[int]]:
        return self._reference.encode(
            texts, num_threads=num_threads, allow_special=self._allow_special
        )

    def _difference(
        self, document: Document, text: str, ours: list[int] | str, theirs: list[int] | str
    ) -> Difference:
        where = (document.file, document.number)
        for side, ids in (("bytestride", ours), (self._reference.name, theirs)):
            if isinstance(ids, str):
                after = text[:_CONTEXT_CHARS]
                return Difference(*where, 0, "", after, 0, [], [], f"{side} raised {ids}")
        assert not isinstance(ours, str)
        assert not isinstance(theirs, str)
        pairs = zip(ours, theirs, strict=False)
        shorter = min(len(ours), len(theirs))
        at = next((i for i, (a, b) in enumerate(pairs) if a != b), shorter)
        # Their place in the text that was encoded: the same bytes, or their normal form.
        data = self._tokenizer.decode_bytes(ours)
        n_before = len(self._tokenizer.decode_bytes(ours[:at]))
        before = data[:n_before].decode("utf-8", "ignore")
        after = data[len(before.encode()) :].decode("utf-8", "replace")
        begin = max(at - _CONTEXT_IDS, 0)
        return Difference(
            *where,
            character=len(before),
            before=before[-_CONTEXT_CHARS:],
            after=after[:_CONTEXT_CHARS],
            n_equal_ids=at,
            ours=[self._with_text(i) for i in ours[begin : at + _CONTEXT_IDS]],
            theirs=[self._with_text(i) for i in theirs[begin : at + _CONTEXT_IDS]],
        )

    def _with_text(self, token_id: int) -> tuple[int, str]:
        try:
            return token_id, self._tokenizer.token_bytes(token_id).decode(
                "utf-8", "backslashreplace"
            )
        except KeyError:
            return token_id, "(no token of ours)"


def _one(encode: Encode, text: str) -> list[int] | str:
    try:
        (ids,) = encode([text], 1)
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a panic in Rust is no Exception
        return f"{type(error).__name__}: {error}"
    return ids


def _as_text(document: str | bytes) -> tuple[str, bool]:
    """Give a str that both sides take, and whether something in it had to be replaced."""
    if isinstance(document, bytes):
        try:
            return document.decode("utf-8"), False
        except UnicodeDecodeError:
            return document.decode("utf-8", "replace"), True
    try:
        document.encode("utf-8")
    except UnicodeEncodeError:
        return document.encode("utf-16", "surrogatepass").decode("utf-16", "replace"), True
    return document, False
