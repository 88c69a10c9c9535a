"""Runs that move files to a folder, and their undo."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from indexer.files.scan import stamp_of
from photos.errors import MovesBusy, NothingFound
from photos.library import OpenLibrary
from photos.lock import named_lock
from store import Catalog, FileMove, IndexedFile, MoveRun, Photo, Transaction
from store.paths import is_inside

from .disk import FileLeft, Place, check_file, digest, end_killed_move, move_file

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
        except BaseException:
            # What was moved is read from the disk: a signal comes between any two steps.
            _end_killed_runs(catalog)
            raise
        with catalog.write() as t:
            t.moves.end(run)
    return MoveReport(run if moved else None, tuple(moved), tuple(left))


def undo_moves(
    library: OpenLibrary, number: int | None, on_done: OnDone, offline: Collection[bytes] = ()
) -> MoveReport:
    """Put the files of a run back, of the newest one with files to put back without a *number*. May be repeated.

    A file that has changed since, whose old place is taken, or whose folder is one of *offline*, is left. Raises
    `NothingFound` or `MovesBusy`.
    """
    catalog = library.catalog
    with _exclusive(library.settings.library, catalog):
        run = _run_to_undo(catalog, number)
        with catalog.read() as t:
            entries = t.moves.moves(run.id)
        moved: list[FileMove] = []
        left: list[LeftFile] = []
        for start in range(0, len(entries), _BATCH):
            done = _with_pictures(entries[start : start + _BATCH], lambda entry: _is_back(entry, left, offline))
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
    taken: set[str] = set()
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
            entries = t.moves.moves(run, moved[-1].id if moved else 0)
        done = _with_pictures(entries, lambda entry: _is_moved(entry, left))
        with catalog.write() as t:
            t.moves.drop([entry.id for entry in entries if entry not in done])
            for entry in done:
                _note_gone(t, entry)
        moved += done
        on_done(min(start + _BATCH, len(files)), len(files))
    return moved, left


def _with_pictures(entries: Sequence[FileMove], is_done: Callable[[FileMove], bool]) -> list[FileMove]:
    """Call *is_done* for each entry, but not for a sidecar whose picture stayed. Returns the entries that were done."""
    done: list[FileMove] = []
    stayed: set[tuple[int, bytes]] = set()
    for entry in entries:
        picture = entry.photo_id, os.path.dirname(entry.old_path)
        if entry.is_sidecar and picture in stayed:
            continue
        if is_done(entry):
            done.append(entry)
        elif not entry.is_sidecar:
            stayed.add(picture)
    return done


def _planned(wanted: PhotoFile, folder: bytes, taken: set[str]) -> list[FileMove]:
    """Return the moves of a file and its sidecars. Raises `FileLeft`."""
    path, stamp = wanted.file.path, wanted.file.stamp
    check_file(path, stamp.size, stamp.mtime_ns)
    old_names = [os.path.basename(each) for each in (path, *wanted.sidecars)]
    stem, ending = os.path.splitext(old_names[0])
    for number in count(1):
        suffix = b"" if number == 1 else b"-%d" % number
        names = [_renamed(name, stem, suffix) for name in old_names]
        new_paths = [os.path.join(folder, name) for name in names]
        if not any(_alike(new) in taken or os.path.lexists(new) for new in new_paths):
            break
    assert names[0] == stem + suffix + ending
    taken.update(map(_alike, new_paths))
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


def _alike(path: bytes) -> str:
    """Return a text that is the same for paths that some file systems take for one."""
    return unicodedata.normalize("NFC", os.fsdecode(path)).casefold()


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


def _is_back(entry: FileMove, left: list[LeftFile], offline: Collection[bytes]) -> bool:
    """Put a file back, and return whether it is at its old place."""
    if any(is_inside(entry.old_path, folder) for folder in offline):
        # Below a mount point without its disk, it would be hidden when the disk is back.
        left.append(LeftFile(entry.new_path, "the folder that it came from cannot be read now"))
        return False
    try:
        # An undo before this one may have been killed, or a person put the file back.
        if end_killed_move(entry.new_path, entry.old_path, entry.content_hash) is Place.NEW:
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
    if number is not None:
        wanted = [run for run in runs if run.id == number]
    else:
        # Of runs that were undone, some may have files that could not be put back then.
        wanted = [run for run in runs if run.undone_at is None] or [run for run in runs if run.files]
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
    with named_lock(library, "moves.lock", MovesBusy(), catalog=catalog):
        _end_killed_runs(catalog)
        yield


def _end_killed_runs(catalog: Catalog) -> None:
    with catalog.read() as t:
        killed = [(run, t.moves.moves(run)) for run in t.moves.cut_short()]
    for run, entries in killed:
        places = [(each, end_killed_move(each.old_path, each.new_path, each.content_hash)) for each in entries]
        with catalog.write() as t:
            t.moves.drop([entry.id for entry, place in places if place is Place.OLD])
            for entry, place in places:
                if place is Place.NEW:
                    _note_gone(t, entry)
            # An entry of a file on a disk that is away is looked at again the next time.
            if all(place is not Place.UNKNOWN for _, place in places):
                t.moves.end(run)
