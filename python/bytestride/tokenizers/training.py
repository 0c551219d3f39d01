"""`train` and `train_from_iterator`: bytestride's trainer, by the rules of `BpeTrainer`.

The vocabulary is the one that tokenizers 0.23 learns, token by token and merge by merge. A trainer
that asks for what bytestride's does not do (a limited alphabet, prefixes and suffixes of words, a
model that is not BPE) is the library's matter.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bytestride.errors import FormatError
from bytestride.formats import bytelevel
from bytestride.formats.json_fields import unsupported
from bytestride.formats.pre_tokenizer import read_pattern
from bytestride.formats.tokenizer_json import read_normalizer
from bytestride.stages import Pattern
from bytestride.tokenizers import live
from bytestride.tokenizers.delegation import Delegating
from bytestride.tokenizers.document import read_tokenizer
from bytestride.training.train import learn_vocabulary


class Learns(Delegating):
    """A part of `Tokenizer`."""

    __slots__ = ()

    def train(self, files: list[str], trainer: Any = None) -> None:
        """Learn a vocabulary from text files, each line of which is a text.

        Parameters
        ----------
        files : list of str
        trainer : tokenizers.trainers.Trainer, optional
            By default that of the model. Progress is not shown, whatever it says.
        """
        paths = paths_of(files)
        self._train(paths, "line", trainer, lambda real: real.train(files, trainer))

    def train_from_iterator(
        self, iterator: Iterable[Any], trainer: Any = None, length: int | None = None
    ) -> None:
        """Learn a vocabulary from an iterator of texts, or of batches of texts.

        Parameters
        ----------
        iterator : iterable of str, or of iterables of str
        trainer : tokenizers.trainers.Trainer, optional
            By default that of the model. Progress is not shown, whatever it says.
        length : int, optional
            How many elements there are: for showing progress, and not needed.
        """
        texts = texts_of(iterator)
        self._train(
            texts,
            "document",
            trainer,
            lambda real: real.train_from_iterator(iterator, trainer, length),
        )

    def _train(self, source: Any, unit: str, trainer: Any, theirs: Callable[[Any], None]) -> None:
        with self._lock:
            if trainer is None:
                trainer = self.model.get_trainer()
            try:
                document = json.loads(self.to_str())
                plan = Plan.of(document, trainer)
            except Exception as error:  # also components written in Python, which have no JSON
                warnings.warn(
                    f"training goes through the tokenizers library, at its speed: {error}",
                    stacklevel=3,
                )
                theirs(self._assemble())
                return
            data = plan.learn(source, unit)
            self._lent.clear()
            try:
                self._mine, self._theirs = read_tokenizer(data, "what was learned"), None
            except FormatError:  # bytes that the text did not have, and were not asked for
                self._mine, self._theirs = None, live.real_tokenizer().from_buffer(data)
            self._reason = None


@dataclass(frozen=True)
class Plan:
    """What is to be learned.

    Attributes
    ----------
    document : dict
        The `tokenizer.json` of the tokenizer as it is, which says how text is cut.
    trainer : dict
        What a `BpeTrainer` holds.
    pattern, normalizer
        As in a `Definition`.
    """

    document: dict[str, Any]
    trainer: dict[str, Any]
    pattern: Pattern
    normalizer: str | None

    @classmethod
    def of(cls, document: dict[str, Any], trainer: Any) -> Plan:
        """Read a tokenizer and a trainer.

        Raises
        ------
        FormatError
            They ask for what bytestride does not do; the message names it.
        """
        kind, options = next(iter(json.loads(trainer.__getstate__()).items()))
        if kind != "BpeTrainer" or document["model"]["type"] != "BPE":
            raise FormatError(f"the trainer is {kind}; bytestride's learns BPE only")
        for key in ("continuing_subword_prefix", "end_of_word_suffix"):
            if options[key]:
                unsupported(options[key], f"trainer.{key}")
        if options["limit_alphabet"] is not None and options["limit_alphabet"] < 256:
            unsupported(options["limit_alphabet"], "trainer.limit_alphabet")
        if not set(options["initial_alphabet"]) <= set(bytelevel.ALPHABET):
            unsupported(options["initial_alphabet"], "trainer.initial_alphabet")
        if document["added_tokens"]:
            raise FormatError(
                "the tokenizer has added tokens already, whose ids training does not change"
            )
        pattern = read_pattern(document["pre_tokenizer"])
        return cls(document, options, pattern, read_normalizer(document["normalizer"]))

    def learn(self, source: Any, unit: str) -> bytes:
        """Learn from texts, and give the `tokenizer.json` of the result.

        Parameters
        ----------
        source
            As `Tokenizer.train` takes it.
        unit : "line" or "document"
            What is cut into words for itself.
        """
        special = {token["content"]: token for token in self.trainer["special_tokens"]}
        record = learn_vocabulary(
            source,
            self.trainer["vocab_size"],
            pattern=self.pattern,
            special_tokens=list(special),
            preset="hf",
            unit=unit,  # type: ignore[arg-type]
            normalizer=self.normalizer,
            min_frequency=self.trainer["min_frequency"],
            max_token_length=self.trainer["max_token_length"],
            initial_alphabet=bytelevel.to_bytes("".join(self.trainer["initial_alphabet"])),
        )
        text_of = {i: bytelevel.to_text(token) for i, token in record.tokens.items()}
        added = {token.content: token.id for token in record.start.added_tokens}
        vocab = added | {text: token_id for token_id, text in text_of.items()}
        text_of |= {token_id: content for content, token_id in added.items()}
        document = self.document | {
            "added_tokens": [
                {"id": token_id} | special[content] for content, token_id in added.items()
            ],
            "model": self.document["model"]
            | {
                "vocab": dict(sorted(vocab.items(), key=lambda item: item[1])),
                "merges": [[text_of[a], text_of[b]] for a, b in record.merges.tolist()],
            },
        }
        return json.dumps(document, ensure_ascii=False).encode()


def texts_of(iterator: Iterable[Any]) -> Iterator[str]:
    """Give the texts of an iterator of texts, or of batches of texts."""
    for element in iterator:
        if isinstance(element, str):
            yield element
        else:
            yield from element


def paths_of(files: Any) -> list[Path]:
    """Check a list of file names."""
    if isinstance(files, str) or not all(isinstance(file, str) for file in files):
        raise TypeError("files must be a list of str, the names of text files")
    return list(map(Path, files))
