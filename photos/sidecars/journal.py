"""What surrounds the writing of sidecars: one process at a time, what one that was killed left, and the catalog."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from photos.errors import SidecarLeft, SidecarsBusy
from store import Catalog, Folder, SidecarWrite, Stamp, Transaction

from .sidecar_files import read, tidy

#: Sidecars that are entered, and then written, at once.
BATCH = 64


@contextmanager
def alone(library: Path, catalog: Catalog) -> Iterator[None]:
    """Be the one process that writes sidecars for *library*. Raises `SidecarsBusy` if another does."""
    try:
        lock = FileLock(library / "sidecars.lock").acquire(blocking=False)
    except Timeout:
        raise SidecarsBusy(library) from None
    with lock:
        _tidy_up(catalog)
        yield


def batches(catalog: Catalog, run_id: int) -> Iterator[list[SidecarWrite]]:
    """What the run wrote and nobody has undone, a batch at a time."""
    last = 0
    while True:
        with catalog.read() as t:
            some = t.sidecars.writes(run_id, last, BATCH)
        if not some:
            return
        yield some
        last = some[-1].id


def note(
    t: Transaction, folders: Sequence[Folder], path: bytes, before: Stamp | None, now: Stamp | None, main: bytes | None
) -> None:
    """Let the catalog know the sidecar as it is *now*, if it knew it as it was *before*; None is where there is none.

    What we wrote says nothing new of its photo, whose file is named *main*, so the next look need not read that again.
    """
    folder = next((each for each in folders if path.startswith(_start(each))), None)
    if folder is None:
        return
    below = path[len(_start(folder)) :]
    known = t.files.at(folder.id, below)
    if (None if known is None else known.stamp) != before:
        # Another program wrote it since the last look, and that is news.
        return
    belongs_to = main if known is None else known.companion_of
    if now is not None and belongs_to is not None:
        t.files.companion(folder.id, below, now, belongs_to)
    elif now is None and known is not None:
        t.files.forget([known.id])


def _start(folder: Folder) -> bytes:
    return folder.path.rstrip(b"/") + b"/"


def _tidy_up(catalog: Catalog) -> None:
    """End the runs that were killed: what they left behind goes, and so do entries of what they did not come to."""
    with catalog.read() as t:
        killed = t.sidecars.cut_short()
    for run_id in killed:
        for some in batches(catalog, run_id):
            for write in some:
                tidy(write.path)
            with catalog.write() as t:
                t.sidecars.drop([write.id for write in some if _is_untouched(write)])
        with catalog.write() as t:
            t.sidecars.end(run_id)


def _is_untouched(write: SidecarWrite) -> bool:
    try:
        now = read(write.path)
    except SidecarLeft:
        return False
    return os.path.isdir(os.path.dirname(write.path)) and (None if now is None else now.content) == write.before
