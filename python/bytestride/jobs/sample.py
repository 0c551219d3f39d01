"""What a job will come to, from a few chunks of its inputs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bytestride.corpus.chunks import Place, Range
from bytestride.errors import FormatError

if TYPE_CHECKING:
    from bytestride.corpus.inputs import Inputs
    from bytestride.jobs.settings import Settings
    from bytestride.tokenizer import Tokenizer

_FILES = 8
_SAMPLE_BYTES = 256 * 1024

# Where there is nothing to sample: English text, plain, in a vocabulary of 50,000.
_TOKENS_PER_BYTE = 0.25


@dataclass(frozen=True)
class Sample:
    """What came of the beginnings of a few files.

    Attributes
    ----------
    n_file_bytes
        How much of the files was read, as stored.
    n_text_bytes, n_tokens, n_documents
        What was in it.
    seconds
        How long one thread took to parse and encode it.
    """

    n_file_bytes: int
    n_text_bytes: int
    n_tokens: int
    n_documents: int
    seconds: float

    @property
    def tokens_per_file_byte(self) -> float:
        """Ids for each byte of a file."""
        if not self.n_file_bytes or not self.n_tokens:
            return _TOKENS_PER_BYTE
        return self.n_tokens / self.n_file_bytes


NO_SAMPLE = Sample(0, 0, 0, 0, 0.0)
"""Of inputs that were not looked at."""


def take_sample(inputs: Inputs, settings: Settings, tokenizer: Tokenizer) -> Sample:
    """Read and encode the beginnings of up to eight files, evenly spaced among the inputs.

    Files that cannot be used are passed over: what is wrong with them, the job will say.
    """
    from bytestride.corpus.reading import read_chunks

    n_file_bytes = n_text_bytes = n_tokens = n_documents = 0
    seconds = 0.0
    numbers = [i for i, size in enumerate(inputs.sizes.tolist()) if size > 0]
    spaced = np.linspace(0, len(numbers) - 1, min(_FILES, len(numbers)))
    for source in (numbers[int(at)] for at in spaced):
        begin, end = Place(source, 0), Place(source + 1, 0)
        try:
            chunks = read_chunks(
                inputs, [Range(begin, end)], settings.reading, chunk_bytes=_SAMPLE_BYTES
            )
            chunk = next(chunks, None)
            if chunk is None:
                continue
            start = time.perf_counter()
            texts = chunk.texts()
            encoded = tokenizer.encode_ragged(_documents(texts.documents, texts.offsets), 1)
            seconds += time.perf_counter() - start
        except (OSError, FormatError):
            continue
        n_file_bytes += chunk.n_file_bytes
        n_text_bytes += texts.n_text_bytes
        n_tokens += len(encoded.tokens) + texts.n_documents * (settings.end_id is not None)
        n_documents += texts.n_documents
    return Sample(n_file_bytes, n_text_bytes, n_tokens, n_documents, seconds)


def _documents(documents: object, offsets: object) -> object:
    return documents if offsets is None else (documents, offsets)
