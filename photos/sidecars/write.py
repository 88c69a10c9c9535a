"""Write the tags, stars and captions of photos into the sidecars of their files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import nullcontext
from dataclasses import dataclass

from indexer.workers.bounded_calls import BoundedCalls
from photos.errors import SidecarLeft
from photos.library import OpenLibrary
from photos.model_errors import UnknownDescriber
from query.tagging import ScoredTag, photo_tags, slot_views
from store import Folder, Photo, Stamp, Transaction

from .captions import CaptionChange, CaptionsBy, GivenCaption
from .confined_merge import MergeRequest, extension_in, merge_confined
from .journal import BATCH, exclusive, open_folders, update_file_record
from .merge import KeywordHierarchy, Merged, RatingChange
from .open_folders import OpenFolders
from .sidecar_files import Sidecar, put, read
from .targets import Directory, IsOffline, PictureFile, pictures

#: Pictures whose tags are read from the catalog in one query.
_TAGS_AT_ONCE = 1024
#: Bytes of sidecars that are held until they are written together.
_MOST_AT_ONCE = 64 << 20


@dataclass(frozen=True, slots=True)
class Written:
    """A sidecar that was written, or in a dry run would be, with the keywords and paths that were added and removed.

    `rating` is None if the stars stay, and `caption` if the caption does.
    """

    sidecar: bytes
    picture: PictureFile
    is_new: bool
    added: tuple[str, ...]
    removed: tuple[str, ...]
    rating: RatingChange | None = None
    caption: CaptionChange | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A path where nothing was done, and the reason, as a clause: "it is write-protected"."""

    path: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class WriteReport:
    """Totals of a run: sidecars made and changed, pictures that needed no change, and paths skipped.

    `run` is None if nothing was written. Of a run by workers, what they did not write is not known, but in their logs.
    """

    run: int | None
    made: int
    changed: int
    unchanged: int | None
    skipped: int | None


@dataclass(frozen=True, slots=True)
class _PhotoData:
    """Tags and records of photos, by id, and the photos that a person gave stars.

    `captions` has a caption, perhaps without a text, for each photo if captions are to be written, and else none.
    """

    tags: Mapping[int, Sequence[ScoredTag]]
    photos: Mapping[int, Photo]
    rated: AbstractSet[int]
    captions: Mapping[int, GivenCaption]


@dataclass(frozen=True, slots=True)
class _Plan:
    picture: PictureFile
    sidecar: bytes
    before: Sidecar | None
    merged: Merged


def write_sidecars(
    library: OpenLibrary,
    within: Sequence[bytes],
    is_offline: IsOffline,
    *,
    captions: CaptionsBy | None = None,
    dry_run: bool = False,
    on_event: Callable[[Written | Skipped], None],
    on_done: Callable[[int, int], None],
) -> WriteReport:
    """Write the tags and stars of the pictures at or below the absolute paths *within*, or of all.

    *captions* chooses describers' captions, for pictures without one of their own; None leaves captions as they are.
    A *dry_run* writes nothing.

    *on_event* gets each sidecar that was written or skipped, *on_done* the number of pictures so far and in all. After
    an interruption each sidecar is the old one or the new one, and the next run goes on. Raises `EmptyLibrary`,
    `NotInLibrary`, `UnknownDescriber` or `SidecarsBusy`.
    """
    _ = library.space
    check_captions(library, captions)
    with (
        open_folders(library) as folders,
        BoundedCalls() as calls,
        nullcontext() if dry_run else exclusive(library, folders),
    ):
        found, offline = pictures(library.catalog, within, is_offline)
        writer = Writer(library, folders, calls, on_event, captions, library.settings.threshold, dry_run=dry_run)
        for folder in offline:
            writer.skip(folder.path, "the folder is not there, or empty")
        for start in range(0, len(found), _TAGS_AT_ONCE):
            some = found[start : start + _TAGS_AT_ONCE]
            data = writer.read(some)
            for first in range(0, len(some), BATCH):
                writer.write(some[first : first + BATCH], data)
                on_done(min(start + first + BATCH, len(found)), len(found))
        return writer.finish()


class Writer:
    """Writes sidecars of pictures, as a run of its own or a part of *run*; in a dry run it writes nothing."""

    def __init__(
        self,
        library: OpenLibrary,
        folders: OpenFolders,
        calls: BoundedCalls,
        on_event: Callable[[Written | Skipped], None],
        captions: CaptionsBy | None,
        threshold: float | None,
        *,
        dry_run: bool = False,
        run: int | None = None,
    ) -> None:
        self._library = library
        self._threshold = threshold
        self._captions_by = captions
        self._open = folders
        self._calls = calls
        self._on_event = on_event
        self._dry_run = dry_run
        self._run = run
        #: Whether others write parts of the same run.
        self._is_shared = run is not None
        self._made = self._changed = self._unchanged = self._skipped = 0
        with library.catalog.read() as t:
            self._folders: Sequence[Folder] = t.folders.all()
            self._hierarchy = KeywordHierarchy(slot_views(t))
        #: The last directory that was listed: pictures come directory by directory.
        self._directory: tuple[bytes, Directory] = (b"", Directory([]))

    def read(self, some: Sequence[PictureFile]) -> _PhotoData:
        """Tags, records, stars and captions of the pictures' photos."""
        ids = sorted({picture.photo_id for picture in some})
        library = self._library
        tags = photo_tags(library.catalog, library.space, ids, threshold=self._threshold)
        with library.catalog.read() as t:
            photos = {photo.id: photo for photo in t.photos.get(ids)}
            captions = {} if self._captions_by is None else _captions(t, photos, self._captions_by)
            return _PhotoData(tags, photos, t.photos.rated(ids), captions)

    def write_all(self, some: Sequence[PictureFile]) -> bool:
        """Write the sidecars of some pictures of a shared run. Returns False as soon as the run has ended."""
        data = self.read(some)
        for first in range(0, len(some), BATCH):
            with self._library.catalog.read() as t:
                if self._run is None or not t.sidecars.is_running(self._run):
                    return False
            self.write(some[first : first + BATCH], data)
        return True

    def write(self, batch: Sequence[PictureFile], data: _PhotoData) -> None:
        """Write the sidecars of a batch of pictures that need a change."""
        plans: list[_Plan] = []
        size = 0
        for picture in batch:
            if picture.photo_id not in data.photos:
                continue
            plan = self._plan(picture, data)
            if plan is None:
                continue
            plans.append(plan)
            size += len(plan.merged.content)
            if size > _MOST_AT_ONCE:
                self._finish(plans)
                plans, size = [], 0
        self._finish(plans)

    def _finish(self, plans: Sequence[_Plan]) -> None:
        if self._dry_run:
            for plan in plans:
                self._count(plan)
        elif plans:
            self._carry_out(plans)
        self._open.close()

    def skip(self, path: bytes, reason: str) -> None:
        """Count and report that nothing is done at *path*."""
        self._skipped += 1
        self._on_event(Skipped(path, reason))

    def finish(self) -> WriteReport:
        """End the run, and return its totals."""
        if self._run is not None:
            with self._library.catalog.write() as t:
                t.sidecars.end(self._run)
        run = self._run if self._made + self._changed else None
        return WriteReport(run, self._made, self._changed, self._unchanged, self._skipped)

    def _plan(self, picture: PictureFile, data: _PhotoData) -> _Plan | None:
        path, facts = picture.path, data.photos[picture.photo_id].facts
        try:
            path = sidecar = self._sidecar_of(path)
            before = read(*self._open.of(sidecar))
            keywords = self._hierarchy.keywords([tag.label for tag in data.tags[picture.photo_id]])
            content = None if before is None else before.content
            own = self._open.local(picture.path) if facts.keywords else None
            stars = facts.rating if picture.photo_id in data.rated else None
            caption = data.captions.get(picture.photo_id)
            request = MergeRequest(content, keywords.parents, keywords.words, own, stars, caption)
            merged = merge_confined(request, self._calls)
        except SidecarLeft as left:
            self.skip(path, left.reason)
            return None
        if merged is None:
            self._unchanged += 1
            return None
        return _Plan(picture, sidecar, before, merged)

    def _sidecar_of(self, picture: bytes) -> bytes:
        folder, name = self._open.of(picture)
        place = os.path.dirname(picture)
        if self._directory[0] != place:
            try:
                self._directory = place, Directory(folder.names(), lambda name: self._extension_of(place, name))
            except OSError as error:
                raise SidecarLeft(f"its folder cannot be read ({error.strerror or error})") from None
        if name not in self._directory[1].names:
            raise SidecarLeft("the picture is not there any more")
        return os.path.join(place, self._directory[1].sidecar_of(name))

    def _extension_of(self, place: bytes, name: bytes) -> bytes | None:
        try:
            sidecar = read(*self._open.of(os.path.join(place, name)))
        except SidecarLeft:
            return None
        return None if sidecar is None else extension_in(sidecar.content, self._calls)

    def _carry_out(self, plans: Sequence[_Plan]) -> None:
        # The journal is committed before any file is touched: undo needs the content from before.
        with self._library.catalog.write() as t:
            run = self._run or t.sidecars.begin()
            entries = [t.sidecars.note(run, plan.picture.photo_id, *_entry(plan)) for plan in plans]
        self._run = run
        done: list[tuple[_Plan, Stamp | None]] = []
        not_done: list[int] = []
        for plan, entry in zip(plans, entries, strict=True):
            try:
                done.append((plan, put(*self._open.of(plan.sidecar), plan.merged.content, plan.before)))
            except SidecarLeft as left:
                if self._is_shared and self._is_written(plan):
                    continue
                not_done.append(entry)
                self.skip(plan.sidecar, left.reason)
        self._open.sync()
        with self._library.catalog.write() as t:
            t.sidecars.drop(not_done)
            for plan, stamp in done:
                if stamp is not None:
                    main = os.path.basename(plan.picture.path) if self._library.settings.companions else None
                    before = None if plan.before is None else plan.before.stamp
                    update_file_record(t, self._folders, plan.sidecar, before, stamp, main)
        for plan, _ in done:
            self._count(plan)

    def _is_written(self, plan: _Plan) -> bool:
        """Return whether another worker, which had the same part of the run in hand, has just written the sidecar."""
        try:
            now = read(*self._open.of(plan.sidecar))
        except SidecarLeft:
            return False
        return now is not None and now.content == plan.merged.content

    def _count(self, plan: _Plan) -> None:
        is_new, merged = plan.before is None, plan.merged
        self._made += is_new
        self._changed += not is_new
        changes = (merged.added, merged.removed, merged.rating, merged.caption)
        self._on_event(Written(plan.sidecar, plan.picture, is_new, *changes))


def check_captions(library: OpenLibrary, captions: CaptionsBy | None) -> None:
    """Raise `UnknownDescriber` if captions are wanted of a describer that described nothing."""
    if captions is None or captions.describer is None:
        return
    with library.catalog.read() as t:
        known = t.descriptions.origins()
    if captions.describer not in known:
        raise UnknownDescriber(captions.describer, known)


def _captions(t: Transaction, photos: Mapping[int, Photo], by: CaptionsBy) -> dict[int, GivenCaption]:
    """The caption to write for each photo; one without a text for those that have their own, or none of a describer."""
    given = {photo_id: GivenCaption() for photo_id in photos}
    lacking = [photo_id for photo_id, photo in photos.items() if photo.facts.caption is None]
    for photo_id, descriptions in t.descriptions.of(lacking).items():
        for each in descriptions:
            if each.caption is not None and by.describer in {None, each.origin}:
                given[photo_id] = GivenCaption(each.caption, each.origin)
                break
    return given


def _entry(plan: _Plan) -> tuple[bytes, bytes | None, bytes]:
    before = None if plan.before is None else plan.before.content
    return plan.sidecar, before, hashlib.sha256(plan.merged.content).digest()
