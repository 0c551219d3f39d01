"""The trainers that are compared, each by the paths that its users have.

A trainer learns tokens; the bytes of those that it learned, in order, say all of its merges: the
pair of a token is what the earlier merges make of its bytes. Packages are imported when a trainer
is made, in a process of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from side_by_side.texts import SEPARATOR
from training.cases import views_of_documents

BY_DOCUMENTS = ("documents",)
NO_LIMIT = 1 << 30


@dataclass(frozen=True)
class Task:
    """What to learn: a file for a unit, the pattern's name and text, how many tokens of bytes."""

    file: Path
    unit: str
    pattern: str
    regex: str
    vocab_size: int
    n_threads: int
    preset: str


class Trainer:
    """One trainer.

    ``rule`` is our preset that has its base ids and ties. ``train`` is what is timed; ``learned``
    turns its result into bytes.
    """

    name: ClassVar[str]
    package: ClassVar[str]
    rule: ClassVar[str] = "hf"
    units: ClassVar[tuple[str, ...]] = BY_DOCUMENTS
    patterns: ClassVar[tuple[str, ...]] = ("gpt2", "o200k")

    def __init__(self) -> None:
        self.modules()

    def modules(self) -> None:
        """Import what training needs, so that no timing holds it."""

    def train(self, task: Task) -> Any:
        raise NotImplementedError

    def learned(self, result: Any) -> list[bytes]:
        """Bytes of the learned tokens, in the order in which they were learned."""
        raise NotImplementedError


class Bytestride(Trainer):
    name = package = "bytestride"
    units = ("documents", "lines")

    def modules(self) -> None:
        import bytestride  # noqa: F401

    def train(self, task: Task) -> Any:
        from bytestride import Tokenizer

        options: dict[str, Any] = {"num_threads": task.n_threads}
        # Both have Hugging Face's merges; the default is what our users call.
        if task.preset != "hf":
            options["preset"] = task.preset
        special: list[str] = []
        if task.unit == "lines":
            options["unit"] = "line"
        else:
            # Nothing is learned across it or from it, and it takes one of the ids.
            special = [SEPARATOR.decode()]
            # Our presets of trainers without specials would take it for text.
            options["specials_in_text"] = "drop"
        size = task.vocab_size + len(special)
        return Tokenizer.train(task.file, size, task.pattern, special, **options)

    def learned(self, result: Any) -> list[bytes]:
        tokens = result.definition.tokens
        return [tokens[a] + tokens[b] for a, b in result.definition.merges.tolist()]


class Gigabpe(Trainer):
    name = package = "gigabpe"
    units = ("lines",)
    patterns = ("gpt2",)

    def modules(self) -> None:
        import gigabpe  # noqa: F401

    def train(self, task: Task) -> Any:
        import gigabpe

        return gigabpe.train_bpe(
            [str(task.file)],
            vocab_size=task.vocab_size,
            pretokenizer="bytelevel",
            threads=task.n_threads,
        )

    def learned(self, result: Any) -> list[bytes]:
        return joined(result[1])


class Gigatoken(Trainer):
    name = package = "gigatoken"
    patterns = ("gpt2",)

    def modules(self) -> None:
        import gigatoken  # noqa: F401

    def train(self, task: Task) -> Any:
        from gigatoken import TextFileSource, train_bpe

        return train_bpe(TextFileSource([task.file], SEPARATOR), task.vocab_size, [])

    def learned(self, result: Any) -> list[bytes]:
        return [left + right for left, right in result[1]]


class Ffbpe(Trainer):
    name = package = "ffbpe"

    def modules(self) -> None:
        import ffbpe  # noqa: F401

    def train(self, task: Task) -> Any:
        from ffbpe import BpeTrainer, PreTokenizer

        # Its own pattern is GPT-2's.
        counter = PreTokenizer(
            [], pat_str=None if task.pattern == "gpt2" else task.regex
        ).word_counter()
        counter.add_source(texts(task.file))
        # Hugging Face's order of base ids; its default has that of the byte values.
        trainer = BpeTrainer([], initial_alphabet="byte_level", tie_break="smallest_pair_id")
        trainer.add_word_counter(counter)
        trainer.train(task.vocab_size)
        return trainer.validate_model()

    def learned(self, result: Any) -> list[bytes]:
        return by_rank(result.vocab.items())


class Rustbpe(Trainer):
    name = package = rule = "rustbpe"

    def modules(self) -> None:
        import rustbpe  # noqa: F401

    def train(self, task: Task) -> Any:
        import rustbpe

        tokenizer = rustbpe.Tokenizer()
        tokenizer.train_from_iterator(texts(task.file), task.vocab_size, pattern=task.regex)
        return tokenizer

    def learned(self, result: Any) -> list[bytes]:
        return by_rank((bytes(token), rank) for token, rank in result.get_mergeable_ranks())


class Bpeasy(Trainer):
    name = package = "bpeasy"
    rule = "rustbpe"

    def modules(self) -> None:
        import bpeasy  # noqa: F401

    def train(self, task: Task) -> Any:
        import bpeasy

        return bpeasy.train_bpe(texts(task.file), task.regex, NO_LIMIT, task.vocab_size)

    def learned(self, result: Any) -> list[bytes]:
        return by_rank(result.items())


class HuggingFace(Trainer):
    name = package = "tokenizers"
    units = ("documents", "lines")

    def modules(self) -> None:
        import tokenizers  # noqa: F401

    def train(self, task: Task) -> Any:
        from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

        byte_level = pre_tokenizers.ByteLevel
        tokenizer = Tokenizer(models.BPE())
        if task.pattern == "gpt2":
            tokenizer.pre_tokenizer = byte_level(add_prefix_space=False)
        else:
            tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
                [
                    pre_tokenizers.Split(Regex(task.regex), "isolated"),
                    byte_level(add_prefix_space=False, use_regex=False),
                ]
            )
        trainer = trainers.BpeTrainer(
            vocab_size=task.vocab_size,
            initial_alphabet=byte_level.alphabet(),
            show_progress=False,
        )
        if task.unit == "lines":
            tokenizer.train([str(task.file)], trainer)
        else:
            tokenizer.train_from_iterator(texts(task.file), trainer)
        return tokenizer

    def learned(self, result: Any) -> list[bytes]:
        import json

        # Not the vocabulary: a merge may stand in it without a token of its own.
        return joined(json.loads(result.to_str())["model"]["merges"])


TRAINERS = {
    one.name: one for one in (Bytestride, Gigabpe, Gigatoken, Ffbpe, Rustbpe, Bpeasy, HuggingFace)
}


def texts(path: Path) -> Iterator[str]:
    """Documents of a file as str, read while they are asked for."""
    return (document.decode() for document in views_of_documents(path))


def joined(merges: Iterable[Any]) -> list[bytes]:
    """Bytes of merges in the letters of ByteLevel."""
    from bytestride.formats.bytelevel import to_bytes

    return [to_bytes(left + right) for left, right in merges]


def by_rank(ranks: Iterable[tuple[bytes, int]]) -> list[bytes]:
    """Tokens behind the 256 bytes, by their rank."""
    return [token for token, _ in sorted(ranks, key=lambda item: item[1])[256:]]
