"""Albums: folders of copies of photos, or links to them, numbered by rank. Nothing is ever overwritten."""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from photos.errors import MissingFolder
from store.open_file import open_file

#: Longest file name, in bytes, on every common file system; and the longest suffix that counts as one.
_MAX_NAME = 255
_MAX_SUFFIX = 32


@dataclass(frozen=True, slots=True)
class Album:
    """Result: files that were made, the number that were there already, and failures with their reasons."""

    folder: Path
    made: tuple[Path, ...]
    there: int
    failed: tuple[tuple[bytes, str], ...]


@dataclass(frozen=True, slots=True)
class _Method:
    """Copying or linking. `put` raises `FileExistsError`; `holds` is True if the existing file is the same."""

    put: Callable[[bytes, bytes], None]
    holds: Callable[[bytes, bytes], bool]


def copy_to(folder: str, paths: Sequence[bytes], first: int = 1) -> Album:
    """Copy the files at the absolute *paths*, with their times, to *folder* as `001-name.jpg` and so on.

    The folder is made if it does not exist. *first* is the first number. If a name is taken by other content, `-2`
    and so on goes before its suffix. Raises `MissingFolder`.
    """
    return _gather(folder, paths, first, _Method(_copy, _holds_copy))


def link_to(folder: str, paths: Sequence[bytes], first: int = 1) -> Album:
    """Make symbolic links to the absolute *paths*, otherwise like `copy_to`."""
    return _gather(folder, paths, first, _Method(_link, _holds_link))


def _gather(folder: str, paths: Sequence[bytes], first: int, method: _Method) -> Album:
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
            target = _place(path, directory, number, width, method)
        except OSError as error:
            failed.append((path, error.strerror or str(error)))
            continue
        if target is None:
            there += 1
        else:
            made.append(Path(os.fsdecode(target)))
    return Album(Path(os.fsdecode(directory)), tuple(made), there, tuple(failed))


def _place(path: bytes, directory: bytes, number: int, width: int, method: _Method) -> bytes | None:
    """Put the file at *path* under the first free name; None if it is there already."""
    for name in _names(path, number, width):
        target = os.path.join(directory, name)
        try:
            method.put(path, target)
        except FileExistsError:
            if method.holds(path, target):
                return None
        else:
            return target
    raise AssertionError  # `_names` never ends


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
    # Some file systems store no times; the content matters.
    with suppress(OSError):
        shutil.copystat(source, target)


def _link(source: bytes, target: bytes) -> None:
    os.symlink(source, target)


def _holds_copy(source: bytes, target: bytes) -> bool:
    return not os.path.islink(target) and filecmp.cmp(source, target, shallow=False)


def _holds_link(source: bytes, target: bytes) -> bool:
    return os.path.islink(target) and os.readlink(target) == source


def _names(path: bytes, number: int, width: int) -> Iterator[bytes]:
    """Candidate names for the file in an album, in order."""
    stem, suffix = os.path.splitext(os.path.basename(path))
    # A dot this far from the end begins no suffix.
    if len(suffix) > _MAX_SUFFIX:
        stem, suffix = stem + suffix, b""
    at = 1
    while True:
        head = str(number).zfill(width).encode() + b"-"
        tail = (b"" if at == 1 else f"-{at}".encode()) + suffix
        yield head + stem[: _MAX_NAME - len(head) - len(tail)] + tail
        at += 1
