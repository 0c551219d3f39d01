"""The large jobs: corpora of files to token stores."""

from bytestride.jobs.tokenize import tokenize_parts

__all__ = ["tokenize_parts"]
