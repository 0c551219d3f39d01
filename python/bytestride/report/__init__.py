"""What people look at: pages, and texts made visible."""

from __future__ import annotations

from bytestride.report.corpus import CorpusReport, corpus_report

__all__ = ["CorpusReport", "corpus_report"]
