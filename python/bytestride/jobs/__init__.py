"""The large jobs, as pure functions of a plan and the number of a part."""

from bytestride.jobs.corpus import tokenize_corpus
from bytestride.jobs.job import CorpusResult
from bytestride.jobs.tokenize import tokenize_shard

__all__ = ["CorpusResult", "tokenize_corpus", "tokenize_shard"]
