"""Runs that move files to a folder, and their undo."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout

from indexer.files.scan import stamp_of
from photos.errors import MovesBusy, NothingFound
from photos.library import OpenLibrary
from store import Catalog, FileMove, IndexedFile, MoveRun, Photo, Transaction
from store.paths import is_inside
from store.private_files import file_mode

from .disk import FileLeft, check_file, digest, end_killed_move, move_file

#: Files that are entered in the journal, and then moved, in one batch.
_BATCH = 32

#: Receives the number of files done and the number of all.
OnDone = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A file that is to be moved, with its photo, and the sidecars that go with it, absolute."""

    file: IndexedFile
    photo: Photo
    sidecars: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftFile:
    """A file that was left where it is; `reason` completes "PATH is left: …"."""

    path: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class MoveReport:
    """The run, None if nothing was moved; the files moved by it, or put back; and those that were left."""

    run: int | None
    moved: tuple[FileMove, ...]
    left: tuple[LeftFile, ...]

    @property
    def count(self) -> int:
        """The number of files that were moved, or put back, without sidecars."""
        return sum(not each.is_sidecar for each in self.moved)


def move_files(library: OpenLibrary, files: Sequence[PhotoFile], folder: bytes, on_done: OnDone) -> MoveReport:
    """Move *files* to the absolute *folder*, which exists. A file whose name is taken there gets a number.

    A file that is not as it was indexed is left. What is moved when *on_done* raises, stays moved and can be undone.
    Raises `MovesBusy`.
    """
    catalog = library.catalog
    with _exclusive(library.settings.library, catalog):
        with catalog.write() as t:
            run = t.moves.begin(folder)
        try:
            moved, left = _move_all(catalog, run, files, folder, on_done)
        finally:
            with catalog.write() as t:
                t.moves.end(run)
    return MoveReport(run if moved else None, tuple(moved), tuple(left))


def undo_moves(library: OpenLibrary, number: int | None, on_done: OnDone) -> MoveReport:
    """Put the files of a run back, of the newest one that was not undone without a *number*. May be repeated.

    A file that has changed since, or whose old place is taken, is left. Raises `NothingFound` or `MovesBusy`.
    """
    catalog = library.catalog
    with _exclusive(library.settings.library, catalog):
        run = _run_to_undo(catalog, number)
        with catalog.read() as t:
            entries = t.moves.moves(run.id)
        moved: list[FileMove] = []
        left: list[LeftFile] = []
        for start in range(0, len(entries), _BATCH):
            done = [entry for entry in entries[start : start + _BATCH] if _is_back(entry, left)]
            with catalog.write() as t:
                t.moves.undone([each.id for each in done])
                for each in done:
                    _note_back(t, each)
            moved += done
            on_done(min(start + _BATCH, len(entries)), len(entries))
        with catalog.write() as t:
            t.moves.undone_run(run.id)
    return MoveReport(run.id, tuple(moved), tuple(left))


def _move_all(
    catalog: Catalog, run: int, files: Sequence[PhotoFile], folder: bytes, on_done: OnDone
) -> tuple[list[FileMove], list[LeftFile]]:
    moved: list[FileMove] = []
    left: list[LeftFile] = []
    taken: set[bytes] = set()
    for start in range(0, len(files), _BATCH):
        planned: list[FileMove] = []
        for each in files[start : start + _BATCH]:
            try:
                planned += _planned(each, folder, taken)
            except FileLeft as reason:
                left.append(LeftFile(each.file.path, reason.reason))
        with catalog.write() as t:
            t.moves.note(run, planned)
        with catalog.read() as t:
            entries = t.moves.moves(run)[len(moved) :]
        done = [entry for entry in entries if _is_moved(entry, left)]
        with catalog.write() as t:
            t.moves.drop([entry.id for entry in entries if entry not in done])
            for entry in done:
                _note_gone(t, entry)
        moved += done
        on_done(min(start + _BATCH, len(files)), len(files))
    return moved, left


def _planned(wanted: PhotoFile, folder: bytes, taken: set[bytes]) -> list[FileMove]:
    """Return the moves of a file and its sidecars. Raises `FileLeft`."""
    path, stamp = wanted.file.path, wanted.file.stamp
    check_file(path, stamp.size, stamp.mtime_ns)
    old_names = [os.path.basename(each) for each in (path, *wanted.sidecars)]
    stem, ending = os.path.splitext(old_names[0])
    for number in count(1):
        suffix = b"" if number == 1 else b"-%d" % number
        names = [_renamed(name, stem, suffix) for name in old_names]
        new_paths = [os.path.join(folder, name) for name in names]
        if not any(new in taken or os.path.lexists(new) for new in new_paths):
            break
    assert names[0] == stem + suffix + ending
    taken.update(new_paths)
    planned = [FileMove(wanted.photo.id, path, new_paths[0], wanted.photo.content_hash, stamp.size, stamp.mtime_ns)]
    for sidecar, new in zip(wanted.sidecars, new_paths[1:], strict=True):
        try:
            status = os.lstat(sidecar)
            content = digest(sidecar)
        except OSError:
            continue
        planned.append(
            FileMove(wanted.photo.id, sidecar, new, content, status.st_size, status.st_mtime_ns, is_sidecar=True)
        )
    return planned


def _renamed(name: bytes, stem: bytes, suffix: bytes) -> bytes:
    return stem + suffix + name[len(stem) :] if name.startswith(stem) else name + suffix


def _is_moved(entry: FileMove, left: list[LeftFile]) -> bool:
    try:
        check_file(entry.old_path, entry.size, entry.mtime_ns)
        move_file(entry.old_path, entry.new_path, entry.content_hash)
    except FileLeft as reason:
        left.append(LeftFile(entry.old_path, reason.reason))
        return False
    return True


def _is_back(entry: FileMove, left: list[LeftFile]) -> bool:
    """Put a file back, and return whether it is at its old place."""
    try:
        # An undo before this one may have been killed, or a person put the file back.
        if end_killed_move(entry.new_path, entry.old_path, entry.content_hash):
            _check(entry, entry.old_path)
            return True
        _check(entry, entry.new_path)
        os.makedirs(os.path.dirname(entry.old_path), exist_ok=True)
        move_file(entry.new_path, entry.old_path, entry.content_hash)
    except FileLeft as reason:
        left.append(LeftFile(entry.new_path, reason.reason))
        return False
    except OSError as error:
        left.append(LeftFile(entry.new_path, f"it cannot be put back ({error.strerror or error})"))
        return False
    return True


def _check(entry: FileMove, path: bytes) -> None:
    check_file(path, entry.size, entry.mtime_ns, entry.content_hash)


def _run_to_undo(catalog: Catalog, number: int | None) -> MoveRun:
    with catalog.read() as t:
        runs = t.moves.runs()
    wanted = [run for run in runs if (run.undone_at is None if number is None else run.id == number)]
    if not wanted:
        raise NothingFound("No files were moved that could be put back.")
    return wanted[0]


def _note_gone(t: Transaction, entry: FileMove) -> None:
    place = _place_of(t, entry.old_path)
    known = None if place is None else t.files.at(*place)
    if known is not None:
        t.files.forget([known.id])


def _note_back(t: Transaction, entry: FileMove) -> None:
    """Note that a photo's file is back. A sidecar is left to the next indexing, which reads it."""
    place, photos = _place_of(t, entry.old_path), t.photos.get([entry.photo_id])
    if place is None or not photos or photos[0].content_hash != entry.content_hash or entry.is_sidecar:
        return
    try:
        t.files.indexed(*place, stamp_of(os.lstat(entry.old_path)), entry.photo_id)
    except OSError:
        # It is gone again already.
        return


def _place_of(t: Transaction, path: bytes) -> tuple[int, bytes] | None:
    """Return the folder that *path* lies in, and the path within it."""
    for folder in t.folders.all():
        if is_inside(path, folder.path):
            return folder.id, path[len(folder.path.rstrip(b"/")) + 1 :]
    return None


@contextmanager
def _exclusive(library: Path, catalog: Catalog) -> Iterator[None]:
    """Hold the lock on moves; runs that were killed are ended first. Raises `MovesBusy`."""
    try:
        lock = FileLock(library / "moves.lock", mode=file_mode(library)).acquire(blocking=False)
    except Timeout:
        raise MovesBusy from None
    with lock:
        _end_killed_runs(catalog)
        yield


def _end_killed_runs(catalog: Catalog) -> None:
    with catalog.read() as t:
        killed = [(run, t.moves.moves(run)) for run in t.moves.cut_short()]
    for run, entries in killed:
        moved = [entry for entry in entries if end_killed_move(entry.old_path, entry.new_path, entry.content_hash)]
        with catalog.write() as t:
            t.moves.drop([entry.id for entry in entries if entry not in moved])
            for entry in moved:
                _note_gone(t, entry)
            t.moves.end(run)
