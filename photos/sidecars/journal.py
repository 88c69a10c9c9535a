"""Journal of sidecar runs: the lock, recovery after a kill, a run's entries, and the catalog's file records."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from indexer.decode import FACTS_READER
from indexer.files.companions import sidecar_rank
from photos.errors import SidecarLeft, SidecarsBusy
from photos.library import OpenLibrary
from photos.lock import named_lock
from photos.path_map import PathMap
from store import Catalog, File, Folder, Metadata, SidecarWrite, Stamp, Transaction

from .open_folders import OpenFolders
from .sidecar_files import read, remove_temporary

#: The task of workers that write sidecars.
SIDECARS: Final = "sidecars"
#: Sidecars that are entered in the journal, and then written, in one batch.
BATCH = 64


@contextmanager
def exclusive(library: OpenLibrary, folders: OpenFolders) -> Iterator[None]:
    """Hold the lock on the sidecars of *library*, which are in *folders*; runs that were killed are ended first.

    Raises `SidecarsBusy` if another process holds it, or workers have a run that has not ended.
    """
    place = library.settings.library
    with named_lock(place, "sidecars.lock", SidecarsBusy(place), catalog=library.catalog):
        if library.queue is not None:
            with library.catalog.read() as t:
                if any(library.queue.waiting(t, SIDECARS)):
                    raise SidecarsBusy(place)
        _end_killed_runs(library.catalog, folders)
        yield


def open_folders(library: OpenLibrary) -> OpenFolders:
    """Folders of the library, to open those that sidecars are in."""
    with library.catalog.read() as t:
        local = PathMap(library.settings.map).local
        return OpenFolders(t.folders.all(), follow=library.settings.follow_links, local=local)


def entries(catalog: Catalog, run_id: int) -> Iterator[list[SidecarWrite]]:
    """Entries of the run that were not undone, in batches."""
    last = 0
    while True:
        with catalog.read() as t:
            batch = t.sidecars.writes(run_id, last, BATCH)
        if not batch:
            return
        yield batch
        last = batch[-1].id


def update_file_record(
    t: Transaction, folders: Sequence[Folder], path: bytes, before: Stamp | None, now: Stamp | None, main: bytes | None
) -> None:
    """Store the sidecar's stamp *now* in the catalog if the one there is *before*; None stands for no file.

    Our own write changes nothing about the photo, whose file is named *main*, so the next scan need not read it again.
    """
    folder = _folder_of(folders, path)
    if folder is None:
        return
    below = path[len(_start(folder)) :]
    known = t.files.at(folder.id, below)
    if (None if known is None else known.stamp) != before:
        # Another program wrote it since the last scan, so the next scan must read it.
        return
    belongs_to = main if known is None else known.companion_of
    if now is not None and belongs_to is not None:
        t.files.companion(folder.id, below, now, belongs_to, keeps_facts=True)
        if known is None:
            _note_made(t, folder, below, belongs_to)
    elif now is None and known is not None:
        t.files.forget([known.id])


def _note_made(t: Transaction, folder: Folder, below: bytes, main: bytes) -> None:
    """Note that the new sidecar of the picture *main* has no facts: those in it are this program's, or copies."""
    place, name = os.path.split(below)
    made, picture = t.files.at(folder.id, below), t.files.at(folder.id, os.path.join(place, main))
    rank = sidecar_rank(name, main)
    if made is not None and picture is not None and rank is not None:
        t.photo_facts.put_sidecar(made.id, picture.id, rank, Metadata(), FACTS_READER)


def file_record(t: Transaction, folders: Sequence[Folder], path: bytes) -> File | None:
    """Record of the sidecar at *path*, as a companion; None if the catalog has none."""
    folder = _folder_of(folders, path)
    known = None if folder is None else t.files.at(folder.id, path[len(_start(folder)) :])
    return None if known is None or known.companion_of is None else known


def _folder_of(folders: Sequence[Folder], path: bytes) -> Folder | None:
    return next((each for each in folders if path.startswith(_start(each))), None)


def _start(folder: Folder) -> bytes:
    return folder.path.rstrip(b"/") + b"/"


def _end_killed_runs(catalog: Catalog, folders: OpenFolders) -> None:
    """End runs that were killed: remove their temporary files, and drop entries of sidecars that were not written."""
    with catalog.read() as t:
        killed = t.sidecars.cut_short()
    for run_id in killed:
        for batch in entries(catalog, run_id):
            unwritten = [entry.id for entry in batch if _is_unwritten(entry, folders)]
            folders.close()
            with catalog.write() as t:
                t.sidecars.drop(unwritten)
        with catalog.write() as t:
            t.sidecars.end(run_id)


def drop_unwritten(catalog: Catalog, folders: OpenFolders, run_id: int, photo_ids: Collection[int]) -> None:
    """Drop the entries of the run for these photos whose sidecars were not written: a worker was killed before."""
    with catalog.read() as t:
        noted = t.sidecars.writes_for(run_id, photo_ids)
    unwritten = [entry.id for entry in noted if _is_unwritten(entry, folders)]
    folders.close()
    if unwritten:
        with catalog.write() as t:
            t.sidecars.drop(unwritten)


def _is_unwritten(entry: SidecarWrite, folders: OpenFolders) -> bool:
    """Remove the entry's temporary file, and return whether the sidecar is as before."""
    try:
        folder, name = folders.of(entry.path)
        remove_temporary(folder, name)
        now = read(folder, name)
    except SidecarLeft:
        return False
    return (None if now is None else now.content) == entry.before
