"""Where a conversion goes: one file and what lies beside it, or a folder of shards.

It is there whole or not at all: files are made in a folder with a temporary name, and get their
own names at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bytestride.store.durable import TEMPORARY_SUFFIX, FolderLock, interrupts_held
from bytestride.store.manifest import MANIFEST_NAME, PACKING_NAME
from bytestride.store.sidecars import NANOGPT_NAME, SHARD_FILE, SUFFIXES
from bytestride.store.system import sync_folder

# Endings of the files beside a target that is one file, the payload's last.
_ENDINGS: dict[str, tuple[str, ...]] = {
    **SUFFIXES,
    "llmc": (".bin",),
    "nanogpt": (".bin",),
    "megatron": (".idx", ".bin"),
}


class Place:
    """A target that is free, or may be replaced.

    Parameters
    ----------
    target
        For "megatron" what a pair's names begin with. Else a file if its name ends as the format's
        payloads do, else a folder.
    format
        What goes there.
    overwrite
        Whether what is there may be replaced.

    Raises
    ------
    FileExistsError, IsADirectoryError, NotADirectoryError
        If it is there and may not be replaced, or is of another kind, or holds other files.
    ValueError
        If the name is that of another format's file.
    """

    def __init__(self, target: Path, format: str, overwrite: bool) -> None:
        *_, ending = endings = _ENDINGS[format]
        self.one_file = format == "megatron" or target.name.endswith(ending)
        self._target = target
        self._format = format
        self._finals: list[Path] = []
        if self.one_file:
            base = target.name.removesuffix(ending)
            if format == "megatron":
                base = base.removesuffix(".idx")
            self._finals = [target.with_name(base + suffix) for suffix in endings]
            self._check_files(overwrite)
        elif target.suffix in {names[-1] for names in _ENDINGS.values()}:
            raise ValueError(
                f"{target}: a file of {format} ends with {ending}; name it so, or name a folder"
            )
        else:
            self._check_folder(overwrite)

    def _check_files(self, overwrite: bool) -> None:
        for final in self._finals:
            if final.is_dir():
                raise IsADirectoryError(f"{final} is a folder; name a file")
            if final.exists() and not overwrite:
                raise FileExistsError(f"{final} is there already; use overwrite=True")
        index = self._finals[-1].with_suffix(".idx")
        if self._format in ("llmc", "nanogpt") and index.exists():
            raise FileExistsError(
                f"{index}: with it, {self._finals[-1].name} would be a Megatron pair; name another"
            )

    def _check_folder(self, overwrite: bool) -> None:
        """Refuse a folder that holds anything but a conversion's files: it is replaced whole."""
        target = self._target
        if not target.exists():
            return
        if not target.is_dir():
            raise NotADirectoryError(f"{target} is a file; name a folder")
        names = sorted(entry.name for entry in target.iterdir())
        if foreign := [name for name in names if not _is_ours(name)]:
            raise FileExistsError(
                f"{target}: holds other files ({foreign[0]}); name another folder"
            )
        if names and not overwrite:
            raise FileExistsError(f"{target}: there are shards here; use overwrite=True")

    def fill(self, write: Callable[[Path], list[Path]]) -> Path:
        """Make the files and give them their names.

        Parameters
        ----------
        write
            Writes files into the folder that it is given, an empty one, and gives those of the
            format, for one file's place in the order of their endings.

        Returns
        -------
        Path
            The payload, or the folder.

        Raises
        ------
        BlockingIOError
            If another conversion to the same target is at work.
        ValueError
            If one file cannot hold it all.
        """
        folder = self._target.parent
        folder.mkdir(parents=True, exist_ok=True)
        work = self._target.with_name(self._target.name + TEMPORARY_SUFFIX)
        work.mkdir(exist_ok=True)
        lock = FolderLock(work)
        try:
            _empty(work)
            made = write(work / "new")
            if self.one_file and len(made) != len(self._finals):
                raise ValueError(
                    f"{self._target}: it takes more than one file of {self._format}; name a folder"
                )
            with interrupts_held():
                if self.one_file:
                    self._name_files(made)
                else:
                    self._name_folder(work, made)
        finally:
            _empty(work)
            with suppress(OSError):
                work.rmdir()
            lock.release()
        return self._finals[-1] if self.one_file else self._target

    def _name_files(self, made: list[Path]) -> None:
        """Give files their names, the payload last; an old payload goes first."""
        payload = self._finals[-1]
        payload.unlink(missing_ok=True)
        sync_folder(payload.parent)
        for file, final in zip(made, self._finals, strict=True):
            file.replace(final)
        sync_folder(payload.parent)

    def _name_folder(self, work: Path, made: list[Path]) -> None:
        """Give the new folder its name, with these files alone; an old one goes after that."""
        new, old = work / "new", work / "old"
        for file in new.iterdir():
            if file not in made:
                file.unlink()
        sync_folder(new)
        with suppress(FileNotFoundError):
            self._target.rename(old)
        new.rename(self._target)
        sync_folder(self._target.parent)


def _is_ours(name: str) -> bool:
    of_a_shard = SHARD_FILE.fullmatch(name) or PACKING_NAME.fullmatch(name)
    return name == NANOGPT_NAME or of_a_shard is not None


def _empty(work: Path) -> None:
    """Remove what conversions leave in their temporary folder; what others put there stays."""
    for folder in (work / "new", work / "old"):
        if folder.is_dir():
            for file in folder.iterdir():
                name = file.name.removesuffix(TEMPORARY_SUFFIX)
                if _is_ours(name) or name == MANIFEST_NAME:
                    file.unlink()
            with suppress(OSError):
                folder.rmdir()
