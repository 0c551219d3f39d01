"""What is in a token store: the numbers of `bytestride report`, as Python, JSON and a page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from bytestride.report.corpus_lengths import Lengths, measure_lengths
from bytestride.report.corpus_lines import is_count
from bytestride.report.corpus_rejects import REJECTS_NAME, Rejects, read_rejects
from bytestride.report.corpus_sample import Sample, look_at
from bytestride.report.corpus_sources import SOURCES_NAME, Sources, read_sources
from bytestride.report.corpus_text import percent, plain, ratio
from bytestride.store.layout import Named, StoreLayout, absolute, find_layout, shown_path

if TYPE_CHECKING:
    from bytestride.tokenizer import Tokenizer

FORMAT = "bytestride corpus report"
VERSION = 1
N_SAMPLES = 2000

_MANY_REJECTS = 0.01


@dataclass(frozen=True)
class Totals:
    """What a store is.

    Attributes
    ----------
    layout
        "bytestride", or the name of another trainer's layout.
    dtype
        Type of the ids as stored.
    n_tokens, n_documents, n_shards
        Over the whole store.
    n_bytes
        Size of the ids as stored.
    n_text_bytes
        Bytes of the text that the tokens are of; None where the store does not say.
    bytes_per_token
        Of that text, tokens that end documents among them; None where it is not known.
    vocab_size, bytestride
        As in the manifest: every id is below the one, the other is the version of the package that
        wrote the store. None without a manifest.
    tokenizer, fingerprint
        Published name and fingerprint of the tokenizer that wrote it, where they are known.
    end_of_document
        The token that ends every document, where there is one.
    n_source_files, n_source_bytes, source_fingerprint
        What was read, as it was stored; None where that is not known.
    reading
        How it was read: format, column, separator and so on, as the manifest has it.
    """

    layout: str
    dtype: str
    n_tokens: int
    n_documents: int
    n_shards: int
    n_bytes: int
    n_text_bytes: int | None
    bytes_per_token: float | None
    vocab_size: int | None
    bytestride: str | None
    tokenizer: str | None
    fingerprint: str | None
    end_of_document: str | None
    n_source_files: int | None
    n_source_bytes: int | None
    source_fingerprint: str | None
    reading: dict[str, str]


@dataclass(frozen=True)
class CorpusReport:
    """What is in a token store.

    Attributes
    ----------
    path
        The store.
    totals
        What it is.
    sources
        What each file gave to it; None where the store does not say.
    sample
        What its text is like; None where nothing decodes it.
    lengths
        How long its documents are.
    rejects
        What was left out.
    warnings
        What should be looked at, a sentence each.
    unknown
        What is not known, why, and what would help, a sentence each.
    """

    path: str
    totals: Totals
    sources: Sources | None
    sample: Sample | None
    lengths: Lengths
    rejects: Rejects
    warnings: tuple[str, ...]
    unknown: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Give all of it as plain dicts, lists and numbers.

        The keys are the names of the attributes, at every level, and ``format`` and ``version``;
        a key that goes or means something else makes a new version.
        """
        return {"format": FORMAT, "version": VERSION, **asdict(self)}

    def to_json(self) -> str:
        """Give `as_dict` as JSON: one object, in ASCII."""
        return json.dumps(self.as_dict(), indent=1, allow_nan=False)

    def to_html(self) -> str:
        """Give it as one page: no scripts, nothing from outside, light and dark."""
        from bytestride.report.corpus_page import corpus_page

        return corpus_page(self)


def corpus_report(
    path: Named,
    dtype: npt.DTypeLike | None = None,
    *,
    tokenizer: Tokenizer | None = None,
    n_samples: int = N_SAMPLES,
) -> CorpusReport:
    """Find out what is in a token store.

    Its index files and the lists that `bytestride tokenize` writes beside the shards
    (``sources.jsonl``, ``rejects.jsonl``) are read whole, a part at a time; of its tokens a sample
    is, evenly spread, the same every time. Memory does not grow with the store.

    Parameters
    ----------
    path, dtype
        As for :func:`~bytestride.open_tokens`. Of a store that `bytestride tokenize` did not write
        less is known, and the report says what.
    tokenizer
        What decodes the sample; by default the published vocabulary that the manifest names, if it
        is at hand.
    n_samples
        How many pieces of documents, of at most 4,096 tokens each, the sample has at most.

    Raises
    ------
    FileNotFoundError
        If there is nothing at ``path``.
    FormatError
        If the store or a list beside it is damaged, or the tokenizer does not know an id.
    ValueError
        If a dtype is needed and missing, or ``n_samples`` is below 1.
    """
    if n_samples < 1:
        raise ValueError(f"n_samples must be at least 1, found {n_samples}")
    layout = find_layout(absolute(path), dtype)
    warnings: list[str] = []
    unknown: list[str] = []
    own = _Recorded(layout)
    sources = None
    if (listed := own.file(SOURCES_NAME)) is not None:
        sources = read_sources(listed)
    else:
        unknown.append(f"What each file gave: there is no {SOURCES_NAME} beside the shards.")
    totals = _totals(layout, own, sources)
    if totals.n_text_bytes is None:
        unknown.append("How much text it is: the store does not say.")
    lengths = measure_lengths(layout.shards)
    if not lengths.documents_known:
        unknown.append(
            "Where documents end: the store does not say, and each of its files counts as one."
        )
    rejects = read_rejects(
        own.file(REJECTS_NAME),
        own.get("rejects"),
        None if sources is None else sources.total.n_rejects,
        layout.n_documents,
    )
    if rejects.n_rejects is None:
        unknown.append("What was left out: the store does not say.")
    sample = _sample(layout, totals, tokenizer, n_samples, warnings, unknown)
    warnings = [*_warnings(totals, sources, rejects), *warnings]
    return CorpusReport(
        shown_path(layout.path),
        totals,
        sources,
        sample,
        lengths,
        rejects,
        tuple(warnings),
        tuple(unknown),
    )


class _Recorded:
    """What the writer of a store noted, of which any part may be missing or of another kind."""

    def __init__(self, layout: StoreLayout) -> None:
        has_own = layout.manifest is not None and isinstance(layout.path, Path)
        self._folder = layout.path if has_own and isinstance(layout.path, Path) else None
        self._metadata = {} if layout.manifest is None else layout.manifest.metadata

    def file(self, name: str) -> Path | None:
        """Give a file beside the shards, if it is there."""
        path = None if self._folder is None else self._folder / name
        return path if path is not None and path.is_file() else None

    def get(self, *keys: str) -> object:
        """Give what lies under a key, or under a key of what lies there."""
        value: object = self._metadata
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def text(self, *keys: str) -> str | None:
        value = self.get(*keys)
        return value if isinstance(value, str) else None

    def count(self, *keys: str) -> int | None:
        value = self.get(*keys)
        return value if is_count(value) else None


def _totals(layout: StoreLayout, own: _Recorded, sources: Sources | None) -> Totals:
    manifest = layout.manifest
    n_text_bytes = own.count("n_text_bytes")
    if n_text_bytes is None and sources is not None:
        n_text_bytes = sources.total.n_text_bytes
    n_files = own.count("sources", "n_files")
    if n_files is None and sources is not None:
        n_files = sources.total.n_files
    reading = own.get("reading")
    if not isinstance(reading, Mapping):
        separator = own.text("separator")
        reading = {} if separator is None else {"separator": separator}
    return Totals(
        layout.kind,
        str(layout.dtype),
        layout.n_tokens,
        layout.n_documents,
        len(layout.shards),
        layout.n_tokens * layout.dtype.itemsize,
        n_text_bytes,
        ratio(n_text_bytes, layout.n_tokens),
        manifest.vocab_size if manifest and is_count(manifest.vocab_size) else None,
        str(manifest.bytestride) if manifest and manifest.bytestride else None,
        own.text("tokenizer", "name"),
        own.text("tokenizer", "fingerprint"),
        own.text("end_of_document"),
        n_files,
        own.count("sources", "n_bytes"),
        own.text("sources", "fingerprint"),
        {
            plain(str(name), 40): value if isinstance(value, str) else json.dumps(value)[:200]
            for name, value in list(reading.items())[:20]
        },
    )


def _warnings(totals: Totals, sources: Sources | None, rejects: Rejects) -> list[str]:
    warnings = []
    if rejects.share is not None and rejects.share > _MANY_REJECTS:
        warnings.append(
            f"{percent(rejects.share)} of the documents were left out "
            f"({rejects.n_rejects:,} of {totals.n_documents + (rejects.n_rejects or 0):,})."
        )
    if sources is not None:
        listed = (sources.total.n_documents, sources.total.n_tokens)
        if listed != (totals.n_documents, totals.n_tokens):
            warnings.append(
                f"{SOURCES_NAME} lists {listed[0]:,} documents and {listed[1]:,} tokens, but the "
                f"store has {totals.n_documents:,} and {totals.n_tokens:,}: it is of another store."
            )
    return warnings


def _sample(
    layout: StoreLayout,
    totals: Totals,
    tokenizer: Tokenizer | None,
    n_samples: int,
    warnings: list[str],
    unknown: list[str],
) -> Sample | None:
    """Look at a sample, if something decodes it; note what is wrong or missing."""
    if tokenizer is None:
        try:
            tokenizer = _published_tokenizer(totals)
        except (OSError, ValueError) as error:
            why = str(error).partition(" Looked at:")[0]
            unknown.append(f"What the text is like: {why}")
            return None
    elif totals.fingerprint not in (None, tokenizer.definition.fingerprint()):
        warnings.append(
            f"The store was written with another tokenizer ({totals.tokenizer or 'without a name'})"
            "; with the one that decoded the sample its ids may mean other text."
        )
    end_id = None
    if totals.end_of_document is not None:
        end_id = tokenizer.special_tokens.get(totals.end_of_document)
    return look_at(layout.shards, tokenizer, end_id, n_samples)


def _published_tokenizer(totals: Totals) -> Tokenizer:
    """Load the tokenizer that a store names, if it is a published one and the very same.

    Other names are not tried: a manifest must not choose which files are read.
    """
    from bytestride.published import PUBLISHED
    from bytestride.tokenizer import Tokenizer

    remedy = "name the tokenizer that wrote it (--tokenizer, or tokenizer=)."
    name = totals.tokenizer
    if name is None or name not in PUBLISHED:
        which = "no tokenizer" if name is None else f"{plain(name, 80)!r}, no published vocabulary"
        raise ValueError(f"the store names {which}; {remedy}")
    tokenizer = Tokenizer.load(name)
    if totals.fingerprint not in (None, tokenizer.definition.fingerprint()):
        raise ValueError(
            f"the store was written with another {name} than the one at hand, or with the same "
            f"vocabulary from another kind of file; {remedy}"
        )
    return tokenizer
