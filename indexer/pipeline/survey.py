"""The survey stage: the differences between folders on disk and the catalog, and the files to read for them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from struct import Struct
from typing import NamedTuple

from indexer.files.ignore import BadRule
from indexer.files.scan import WHOLE, FoundFile, Item, LeftOut, Subtree, Unreadable, device_and_inode, scan
from indexer.workers.file_reader import Purpose, ReadRequest
from store import Catalog, File, Folder, Outcome, Stamp

from .read_requests import read_request, requests_for
from .records import FolderOffline, FolderScanned, IndexReport, PipelineProgress, PipelineRequest
from .stated_facts import outdated

#: Size, times and inode, the last of which is unsigned.
_STAMP = Struct("<qqqQ")
pack_stamp: Callable[..., bytes] = _STAMP.pack


class PackedFile(NamedTuple):
    """A file that was found and will be read or linked. Packed, because there may be a million of them in memory."""

    path: bytes
    packed_stamp: bytes
    #: As in `FoundFile`.
    companion_of: bytes | None

    @property
    def stamp(self) -> Stamp:
        """The stamp at the time of the walk."""
        return Stamp(*_STAMP.unpack(self.packed_stamp))

    @property
    def main_file(self) -> bytes:
        """The path of the file that a companion belongs to."""
        assert self.companion_of is not None
        return os.path.join(os.path.dirname(self.path), self.companion_of)


@dataclass(slots=True)
class Changes:
    """Differences that one walk found."""

    #: New files, files whose stamp differs from the catalog's, and those that could not be read last time.
    to_read: list[PackedFile] = field(default_factory=list)
    #: Companions among these.
    companions: list[PackedFile] = field(default_factory=list)
    #: Number of the files to read that have not changed since the last pass: they failed, or lost their main file.
    again: int = 0
    #: Ids of files that no longer exist.
    gone: list[int] = field(default_factory=list)
    #: Packed stamps of the files that are gone or left out: one whose stamp changes later has come back.
    stamps: dict[int, bytes] = field(default_factory=dict)
    #: Ids of files that the user's rules now leave out.
    left_out: list[int] = field(default_factory=list)
    unchanged: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)
    bad_rules: list[BadRule] = field(default_factory=list)
    #: The folder cannot be listed, or none of its files is there: no conclusions are drawn.
    is_offline: bool = False


@dataclass(frozen=True, slots=True)
class Survey:
    """Changes in the folders of a pass, and the files to read."""

    passes: Sequence[tuple[Folder, Changes]]
    to_read: Iterable[ReadRequest]
    #: Number of the files in `to_read`.
    count: int


def survey(catalog: Catalog, request: PipelineRequest, report: IndexReport, progress: PipelineProgress) -> Survey:
    """Compare the folders of *request* with the catalog, and collect the files to read."""
    passes = [
        (folder, _survey_part(catalog, folder, part, request, report, progress))
        for folder in request.folders
        for part in _parts(folder, request)
    ]
    chosen: list[tuple[Folder, list[PackedFile]]] = []
    for folder, changes in passes:
        chosen.append((folder, list(_old_enough(folder, changes.to_read, request.min_age, report))))
        # There may be a million of them.
        changes.to_read.clear()
    for folder, changes in passes:
        _drop_recent(folder, changes, request.min_age, report)
    others: list[ReadRequest] = []
    if request.within is None:
        others += _unembedded(catalog, request, _requests(chosen))
        others += _without_miniature(catalog, request, chain(_requests(chosen), others))
        others += outdated(catalog, request.folders, chain(_requests(chosen), others))
    count = sum(len(found) for _, found in chosen) + len(others)
    return Survey(passes, chain(_requests(chosen), others), count)


def survey_folder(
    catalog: Catalog, folder: Folder, part: Subtree = WHOLE, *, pair: bool = True, follow: bool = False
) -> Changes:
    """Compare a part of *folder* on disk with the catalog. Nothing is changed."""
    is_elsewhere = folder.device is not None and _device(folder.path) != folder.device
    before = device_and_inode(folder.path)
    with catalog.read() as t:
        changes = compare(
            scan(folder.path, folder.excludes, part, pair=pair, follow=follow),
            t.files.known(folder.id, part.path, is_deep=part.is_deep),
            is_elsewhere=is_elsewhere,
            is_part=part != WHOLE,
        )
    # If a disk goes away during the walk, its mount point is another folder, or none.
    return changes if device_and_inode(folder.path) == before else Changes(is_offline=True)


def compare(
    walk: Iterable[Item], known: Iterable[File], *, is_elsewhere: bool = False, is_part: bool = False
) -> Changes:
    """Compare the *walk* of a folder with its *known* files.

    Files below a folder that could not be listed are not gone. A folder that held files and is now empty counts as a
    disk that is not there; so does one on another device than before (*is_elsewhere*) with none of its files. If walk
    and files are only a part of the folder (*is_part*), it may well be empty.
    """
    by_path = {file.path: _slim(file) for file in known}
    changes = Changes()
    before = len(by_path)
    left_out: set[bytes] = set()
    found_any = False
    for item in walk:
        match item:
            case FoundFile():
                found_any = True
                _add_found(changes, item, by_path.pop(item.path, None))
            case LeftOut():
                found_any = True
                left_out.add(item.path)
            case BadRule():
                changes.bad_rules.append(item)
            case Unreadable():
                changes.unreadable.append(item)
    is_empty = before > 0 and not found_any and not is_part
    is_another = is_elsewhere and before > 0 and len(by_path) == before
    changes.is_offline = is_empty or is_another or any(item.path == b"" for item in changes.unreadable)
    if not changes.is_offline:
        _add_missing(changes, by_path, left_out)
    return changes


class _SlimFile(NamedTuple):
    """The needed columns of a known file, with a packed stamp: there may be a million of them in memory."""

    id: int
    stamp: bytes
    is_failed: bool
    companion_of: bytes | None


def _slim(file: File) -> _SlimFile:
    return _SlimFile(file.id, pack_stamp(*file.stamp), file.outcome is Outcome.FAILED, file.companion_of)


def _add_found(changes: Changes, found: FoundFile, file: _SlimFile | None) -> None:
    # Disks and shares fail without a change to the file, so a file that could not be read is always tried again.
    packed = pack_stamp(*found.stamp)
    if file is not None and file.stamp == packed and file.companion_of == found.companion_of and not file.is_failed:
        changes.unchanged += 1
        return
    changes.again += file is not None and file.stamp == packed
    if found.companion_of is None:
        changes.to_read.append(PackedFile(found.path, packed, None))
        return
    changes.companions.append(PackedFile(found.path, packed, found.companion_of))


def _add_missing(changes: Changes, missing: Mapping[bytes, _SlimFile], left_out: set[bytes]) -> None:
    unlisted = tuple(item.path + b"/" for item in changes.unreadable)
    folders = tuple(path for path in left_out if not path or path.endswith(b"/"))
    for path, file in missing.items():
        if path.startswith(unlisted):
            continue
        is_left_out = path in left_out or path.startswith(folders)
        (changes.left_out if is_left_out else changes.gone).append(file.id)
        changes.stamps[file.id] = file.stamp


def _parts(folder: Folder, request: PipelineRequest) -> Sequence[Subtree]:
    if request.within is None:
        return (WHOLE,)
    parts = request.within.get(folder.id, ())
    # A part alone does not show the links in other parts.
    return (WHOLE,) if parts and request.follow else parts


def _survey_part(
    catalog: Catalog,
    folder: Folder,
    part: Subtree,
    request: PipelineRequest,
    report: IndexReport,
    progress: PipelineProgress,
) -> Changes:
    """Survey one part of *folder*, with entries in *report* and events. A part of a missing folder is offline."""
    if part != WHOLE and not _is_available(folder):
        progress.report(FolderOffline(folder.path, "it is not where it was"))
        report.offline.append(folder)
        return Changes(is_offline=True)
    changes = survey_folder(catalog, folder, part, pair=request.pair, follow=request.follow)
    if changes.is_offline:
        root = next((item for item in changes.unreadable if item.path == b""), None)
        report.offline.append(folder)
        if root is not None and _is_available(folder):
            report.unreadable.append((folder.path, root.reason))
        progress.report(FolderOffline(folder.path, root.reason if root else "nothing is in it any more"))
    else:
        device = _device(folder.path)
        if device is not None and device != folder.device:
            with catalog.write() as t:
                # A folder that was removed since has no row, and nothing changes.
                t.folders.seen_on(folder.id, device)
        report.bad_rules += [replace(bad, path=os.path.join(folder.path, bad.path)) for bad in changes.bad_rules]
        report.unreadable += [(os.path.join(folder.path, item.path), item.reason) for item in changes.unreadable]
        files = changes.unchanged + len(changes.to_read) + len(changes.companions)
        progress.report(FolderScanned(folder.path, files, len(changes.to_read)))
    report.unchanged += changes.unchanged
    return changes


def _old_enough(
    folder: Folder, found: Iterable[PackedFile], min_age: float, report: IndexReport
) -> Iterator[PackedFile]:
    """Yield files of *found* that are unchanged for *min_age* seconds, and add the others to *report*."""
    if not min_age:
        yield from found
        return
    now = time.time_ns()
    for item in found:
        stamp = item.stamp
        if 0 <= now - max(stamp.mtime_ns, stamp.ctime_ns) < min_age * 1e9:
            report.too_recent.append((folder, item.path))
        else:
            yield item


def _drop_recent(folder: Folder, changes: Changes, min_age: float, report: IndexReport) -> None:
    """Leave companions for a later pass if they or their main files are too recent."""
    settled = list(_old_enough(folder, changes.companions, min_age, report))
    recent = {path for of, path in report.too_recent if of == folder}
    changes.companions = [found for found in settled if found.main_file not in recent]


def _requests(chosen: Iterable[tuple[Folder, Iterable[PackedFile]]]) -> Iterator[ReadRequest]:
    for folder, some in chosen:
        for found in some:
            yield read_request(folder, found.path, found.stamp)


def _unembedded(catalog: Catalog, request: PipelineRequest, already: Iterable[ReadRequest]) -> list[ReadRequest]:
    """Files of photos without an embedding in the space: the space is new, or the row was damaged."""
    with catalog.read() as t:
        lacking = t.files.lacking_embedding(request.space.id)
    return requests_for(lacking, request.folders, already)


def _without_miniature(catalog: Catalog, request: PipelineRequest, already: Iterable[ReadRequest]) -> list[ReadRequest]:
    """Files of tagged photos that were indexed before there were miniatures: an edit would not be recognised."""
    with catalog.read() as t:
        lacking = t.files.of_ids(t.miniatures.lacking())
    return requests_for(lacking, request.folders, already, Purpose.PHOTO_AGAIN)


def _is_available(folder: Folder) -> bool:
    """Return whether the folder is where it was and not empty; otherwise a part of it proves nothing."""
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
