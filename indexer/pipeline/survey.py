"""Looks at folders, or at parts of them, beside what the catalog knows of them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

from indexer.files.changes import Changes, Waiting, compare
from indexer.files.open_file import place_of
from indexer.files.scan import WHOLE, Subtree, scan
from store import Catalog, Folder

from .progress import FolderOffline, FolderScanned, Progress
from .report import IndexReport


def look(
    catalog: Catalog, folder: Folder, part: Subtree = WHOLE, *, pair: bool = True, follow: bool = False
) -> Changes:
    """How that part of *folder* on disk differs from what *catalog* knows of it. Nothing is changed."""
    is_elsewhere = folder.device is not None and _device(folder.path) != folder.device
    before = place_of(folder.path)
    with catalog.read() as t:
        changes = compare(
            scan(folder.path, folder.excludes, part, pair=pair, follow=follow),
            t.files.known(folder.id, part.path, is_deep=part.is_deep),
            is_elsewhere=is_elsewhere,
            is_part=part != WHOLE,
        )
    # A disk that went away half-way leaves the folder that it was mounted on, or none.
    return changes if place_of(folder.path) == before else Changes(is_offline=True)


def look_and_report(
    catalog: Catalog,
    folder: Folder,
    part: Subtree,
    report: IndexReport,
    progress: Progress,
    *,
    pair: bool,
    follow: bool,
) -> Changes:
    """What `look` says, noted in *report* and told to *progress*. A part of a folder that is not there is offline."""
    if part != WHOLE and not _is_there(folder):
        progress.report(FolderOffline(folder.path, "it is not where it was"))
        report.offline.append(folder)
        return Changes(is_offline=True)
    changes = look(catalog, folder, part, pair=pair, follow=follow)
    if changes.is_offline:
        root = next((item for item in changes.unreadable if item.path == b""), None)
        report.offline.append(folder)
        progress.report(FolderOffline(folder.path, root.reason if root else "nothing is in it any more"))
    else:
        device = _device(folder.path)
        if device is not None and device != folder.device:
            with catalog.write() as t:
                # Of a folder that was removed since, no row is there to be changed.
                t.folders.seen_on(folder.id, device)
        report.bad_rules += [replace(bad, path=os.path.join(folder.path, bad.path)) for bad in changes.bad_rules]
        report.unreadable += [(os.path.join(folder.path, item.path), item.reason) for item in changes.unreadable]
        files = changes.unchanged + len(changes.to_read) + len(changes.companions)
        progress.report(FolderScanned(folder.path, files, len(changes.to_read)))
    report.unchanged += changes.unchanged
    return changes


def ripe(folder: Folder, found: Iterable[Waiting], min_age: float, report: IndexReport) -> Iterator[Waiting]:
    """Those of the files *found* that nobody has changed for *min_age* seconds; the others are noted in *report*."""
    if not min_age:
        yield from found
        return
    now = time.time_ns()
    for item in found:
        stamp = item.stamp
        if 0 <= now - max(stamp.mtime_ns, stamp.ctime_ns) < min_age * 1e9:
            report.unripe.append((folder, item.path))
        else:
            yield item


def _is_there(folder: Folder) -> bool:
    """Whether the folder is where it was, with something in it: else nothing can be concluded from a part of it."""
    try:
        with os.scandir(folder.path) as entries:
            is_empty = next(entries, None) is None
    except OSError:
        return False
    return not is_empty and folder.device in {None, _device(folder.path)}


def _device(path: bytes) -> int | None:
    try:
        return os.stat(path).st_dev
    except OSError:
        return None
