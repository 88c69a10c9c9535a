"""Writes the tags that photos show into the sidecars of their files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from photos.errors import SidecarLeft
from photos.library import OpenLibrary
from query import ScoredTag, photo_tags, slot_views
from store import Folder, Photo, Stamp

from .hierarchy import Levels
from .journal import BATCH, alone, note
from .merge import Merged, merge
from .sidecar_files import Sidecar, put, read, sync
from .targets import Directory, Picture, pictures

#: Pictures whose tags are looked up at once.
_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class Written:
    """A sidecar that was made or changed, or would be, and the words and paths of ours that came and went."""

    sidecar: bytes
    picture: Picture
    is_made: bool
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Left:
    """A path at which nothing was done, and why."""

    path: bytes
    reason: str


@dataclass(slots=True)
class WriteReport:
    """How many sidecars were made and changed, how many pictures needed nothing, and what was left as it was."""

    #: None if nothing was written.
    run: int | None = None
    made: int = 0
    changed: int = 0
    unchanged: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True)
class _Plan:
    picture: Picture
    sidecar: bytes
    before: Sidecar | None
    merged: Merged


def write_sidecars(
    app: OpenLibrary,
    within: Sequence[bytes] = (),
    *,
    is_trial: bool = False,
    tell: Callable[[Written | Left], None],
    progress: Callable[[int, int], None] | None = None,
) -> WriteReport:
    """Write the tags of the pictures at or below the absolute paths *within*, or of all; nothing if *is_trial*.

    *tell* hears of each sidecar that was written or left, *progress* of the pictures that are done. A run that is cut
    short leaves each sidecar old or new, and the next one goes on. Raises `EmptyLibrary`, `NotInLibrary` or
    `SidecarsBusy`.
    """
    _ = app.space
    with nullcontext() if is_trial else alone(app.settings.library, app.catalog):
        found, offline = pictures(app.catalog, within)
        writer = _Writer(app, tell, is_trial=is_trial)
        for folder in offline:
            writer.leave(folder.path, "the folder is not there, or empty")
        for start in range(0, len(found), _AT_ONCE):
            some = found[start : start + _AT_ONCE]
            tags, photos = writer.look_up(some)
            for first in range(0, len(some), BATCH):
                writer.write(some[first : first + BATCH], tags, photos)
                if progress is not None:
                    progress(min(start + first + BATCH, len(found)), len(found))
        writer.end()
        return writer.report


class _Writer:
    def __init__(self, app: OpenLibrary, tell: Callable[[Written | Left], None], *, is_trial: bool) -> None:
        self.report = WriteReport()
        self._app = app
        self._tell = tell
        self._is_trial = is_trial
        self._folders, self._levels = _folders_and_levels(app)
        #: The directory that was looked at last: pictures come directory by directory.
        self._directory: tuple[bytes, Directory] = (b"", Directory([]))

    def look_up(self, some: Sequence[Picture]) -> tuple[dict[int, list[ScoredTag]], dict[int, Photo]]:
        """The tags and the facts of the pictures' photos."""
        ids = sorted({picture.photo_id for picture in some})
        tags = photo_tags(self._app.catalog, self._app.space, ids, threshold=self._app.settings.threshold)
        with self._app.catalog.read() as t:
            return tags, {photo.id: photo for photo in t.photos.get(ids)}

    def write(
        self, some: Sequence[Picture], tags: Mapping[int, Sequence[ScoredTag]], photos: Mapping[int, Photo]
    ) -> None:
        """Write what is new of a batch of pictures."""
        plans = [
            plan
            for picture in some
            if picture.photo_id in photos
            and (plan := self._planned(picture, tags[picture.photo_id], photos[picture.photo_id])) is not None
        ]
        if self._is_trial:
            for plan in plans:
                self._count(plan)
        elif plans:
            self._carry_out(plans)

    def leave(self, path: bytes, reason: str) -> None:
        """Note that nothing is done at *path*."""
        self.report.left += 1
        self._tell(Left(path, reason))

    def end(self) -> None:
        """Conclude the run."""
        if self.report.run is not None:
            with self._app.catalog.write() as t:
                t.sidecars.end(self.report.run)
        if not self.report.made + self.report.changed:
            self.report.run = None

    def _planned(self, picture: Picture, tags: Sequence[ScoredTag], photo: Photo) -> _Plan | None:
        path = picture.path
        try:
            path = sidecar = self._sidecar_of(path)
            before = read(sidecar)
            keywords = self._levels.of([tag.label for tag in tags])
            content = None if before is None else before.content
            merged = merge(content, keywords.above, photo.facts.keywords, keywords.words)
        except SidecarLeft as left:
            self.leave(path, left.reason)
            return None
        if merged is None:
            self.report.unchanged += 1
            return None
        return _Plan(picture, sidecar, before, merged)

    def _sidecar_of(self, picture: bytes) -> bytes:
        folder, name = os.path.split(picture)
        if self._directory[0] != folder:
            try:
                self._directory = folder, Directory(os.listdir(folder))
            except OSError as error:
                raise SidecarLeft(f"its folder cannot be read ({error.strerror or error})") from None
        if name not in self._directory[1].names:
            raise SidecarLeft("the picture is not there any more")
        return os.path.join(folder, self._directory[1].sidecar_of(name))

    def _carry_out(self, plans: Sequence[_Plan]) -> None:
        with self._app.catalog.write() as t:
            run = self.report.run or t.sidecars.begin()
            entries = [t.sidecars.note(run, plan.picture.photo_id, *_entry(plan)) for plan in plans]
        self.report.run = run
        done: list[tuple[_Plan, Stamp | None]] = []
        not_done: list[int] = []
        for plan, entry in zip(plans, entries, strict=True):
            try:
                done.append((plan, put(plan.sidecar, plan.merged.content, plan.before)))
            except SidecarLeft as left:
                not_done.append(entry)
                self.leave(plan.sidecar, left.reason)
        sync(plan.sidecar for plan, _ in done)
        with self._app.catalog.write() as t:
            t.sidecars.drop(not_done)
            for plan, stamp in done:
                if stamp is not None:
                    main = os.path.basename(plan.picture.path) if self._app.settings.companions else None
                    before = None if plan.before is None else plan.before.stamp
                    note(t, self._folders, plan.sidecar, before, stamp, main)
        for plan, _ in done:
            self._count(plan)

    def _count(self, plan: _Plan) -> None:
        is_made = plan.before is None
        self.report.made += is_made
        self.report.changed += not is_made
        self._tell(Written(plan.sidecar, plan.picture, is_made, plan.merged.added, plan.merged.removed))


def _entry(plan: _Plan) -> tuple[bytes, bytes | None, bytes]:
    before = None if plan.before is None else plan.before.content
    return plan.sidecar, before, hashlib.sha256(plan.merged.content).digest()


def _folders_and_levels(app: OpenLibrary) -> tuple[list[Folder], Levels]:
    with app.catalog.read() as t:
        return t.folders.all(), Levels(slot_views(t))
