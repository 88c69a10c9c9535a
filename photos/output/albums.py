"""Albums of what was found: a folder of copies, or of links, numbered by rank. Nothing is ever overwritten."""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from indexer.files.open_file import open_file
from photos.errors import MissingFolder

#: Bytes of a name that every file system takes.
_LONGEST = 255
_LONGEST_ENDING = 32


@dataclass(frozen=True, slots=True)
class Album:
    """What was done: files that were made, how many were there already, and which could not be, and why."""

    folder: Path
    made: tuple[Path, ...]
    there: int
    failed: tuple[tuple[bytes, str], ...]


@dataclass(frozen=True, slots=True)
class _Way:
    """How a file is put somewhere, and whether it is there already. `put` raises `FileExistsError`."""

    put: Callable[[bytes, bytes], None]
    holds: Callable[[bytes, bytes], bool]


def copy_to(folder: str, paths: Sequence[bytes], first: int = 1) -> Album:
    """Copy the files at the absolute *paths*, times included, to *folder*, made if need be, as `001-name.jpg` etc.

    *first* is the number of the first. A name that is taken by another content gets `-2` and so on before its ending.
    Raises `MissingFolder`.
    """
    return _gather(folder, paths, first, _Way(_copy, _holds_copy))


def link_to(folder: str, paths: Sequence[bytes], first: int = 1) -> Album:
    """As `copy_to`, but with symbolic links to the absolute *paths*, which show what the files are from then on."""
    return _gather(folder, paths, first, _Way(_link, _holds_link))


def _gather(folder: str, paths: Sequence[bytes], first: int, way: _Way) -> Album:
    directory = os.fsencode(os.path.abspath(folder))
    try:
        os.makedirs(directory, exist_ok=True)
    except OSError as error:
        raise MissingFolder(folder, f"cannot be made ({error.strerror or error})") from None
    width = max(3, len(str(first + len(paths) - 1)))
    made: list[Path] = []
    failed: list[tuple[bytes, str]] = []
    there = 0
    for number, path in enumerate(paths, first):
        try:
            target = _place(path, directory, number, width, way)
        except OSError as error:
            failed.append((path, error.strerror or str(error)))
            continue
        if target is None:
            there += 1
        else:
            made.append(Path(os.fsdecode(target)))
    return Album(Path(os.fsdecode(directory)), tuple(made), there, tuple(failed))


def _place(path: bytes, directory: bytes, number: int, width: int, way: _Way) -> bytes | None:
    """Put the file at *path* there under the first name that is free; None if it is there already."""
    for name in _names(path, number, width):
        target = os.path.join(directory, name)
        try:
            way.put(path, target)
        except FileExistsError:
            if way.holds(path, target):
                return None
        else:
            return target
    raise AssertionError  # there is always another name


def _copy(source: bytes, target: bytes) -> None:
    """Raises `FileExistsError` if *target* is there, and leaves nothing behind when anything else goes wrong."""
    with open_file(source) as read, open(target, "xb") as write:
        try:
            shutil.copyfileobj(read, write)
            write.flush()
        except BaseException:
            with suppress(OSError):
                os.unlink(target)
            raise
    # Some file systems keep no times; the content is what was asked for.
    with suppress(OSError):
        shutil.copystat(source, target)


def _link(source: bytes, target: bytes) -> None:
    os.symlink(source, target)


def _holds_copy(source: bytes, target: bytes) -> bool:
    return not os.path.islink(target) and filecmp.cmp(source, target, shallow=False)


def _holds_link(source: bytes, target: bytes) -> bool:
    return os.path.islink(target) and os.readlink(target) == source


def _names(path: bytes, number: int, width: int) -> Iterator[bytes]:
    """Names for the file in an album, in the order in which they are tried."""
    stem, ending = os.path.splitext(os.path.basename(path))
    # A dot that is so far from the end begins no ending.
    if len(ending) > _LONGEST_ENDING:
        stem, ending = stem + ending, b""
    at = 1
    while True:
        head = str(number).zfill(width).encode() + b"-"
        tail = (b"" if at == 1 else f"-{at}".encode()) + ending
        yield head + stem[: _LONGEST - len(head) - len(tail)] + tail
        at += 1
