"""Journal of sidecar runs: the lock, recovery after a kill, a run's entries, and the catalog's file records."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from photos.errors import SidecarLeft, SidecarsBusy
from store import Catalog, Folder, SidecarWrite, Stamp, Transaction
from store.private_files import file_mode

from .sidecar_files import read, remove_temporary

#: Sidecars that are entered in the journal, and then written, in one batch.
BATCH = 64


@contextmanager
def exclusive(library: Path, catalog: Catalog) -> Iterator[None]:
    """Hold the lock on the sidecars of *library*; runs that were killed are ended first.

    Raises `SidecarsBusy` if another process holds it.
    """
    try:
        lock = FileLock(library / "sidecars.lock", mode=file_mode(library)).acquire(blocking=False)
    except Timeout:
        raise SidecarsBusy(library) from None
    with lock:
        _end_killed_runs(catalog)
        yield


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
    folder = next((each for each in folders if path.startswith(_start(each))), None)
    if folder is None:
        return
    below = path[len(_start(folder)) :]
    known = t.files.at(folder.id, below)
    if (None if known is None else known.stamp) != before:
        # Another program wrote it since the last scan, so the next scan must read it.
        return
    belongs_to = main if known is None else known.companion_of
    if now is not None and belongs_to is not None:
        t.files.companion(folder.id, below, now, belongs_to)
    elif now is None and known is not None:
        t.files.forget([known.id])


def _start(folder: Folder) -> bytes:
    return folder.path.rstrip(b"/") + b"/"


def _end_killed_runs(catalog: Catalog) -> None:
    """End runs that were killed: remove their temporary files, and drop entries of sidecars that were not written."""
    with catalog.read() as t:
        killed = t.sidecars.cut_short()
    for run_id in killed:
        for batch in entries(catalog, run_id):
            for entry in batch:
                remove_temporary(entry.path)
            with catalog.write() as t:
                t.sidecars.drop([entry.id for entry in batch if _is_unwritten(entry)])
        with catalog.write() as t:
            t.sidecars.end(run_id)


def _is_unwritten(entry: SidecarWrite) -> bool:
    try:
        now = read(entry.path)
    except SidecarLeft:
        return False
    return os.path.isdir(os.path.dirname(entry.path)) and (None if now is None else now.content) == entry.before
