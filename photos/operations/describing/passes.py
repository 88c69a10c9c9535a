"""Passes: a describer gets the pictures of photos, decoded one step ahead of it, and its descriptions are stored."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from indexer.describers import Describer, DescriberError, Description, NotDescribed, Task
from photos.library import OpenLibrary
from photos.operations.progress import SILENT, Progress, Stage, Step
from photos.thumbnails.shrinking import Missing, NoPicture, PlainPicture
from photos.thumbnails.thumbnails import Thumbnails
from query.errors import SourceTaken
from query.tagging import check_describer, follow_descriptions
from store import Photo, StoredDescription

#: Seconds of work between two commits, about: a kill loses no more. And the most pictures in that time.
_SECONDS: Final = 10.0
_MOST: Final = 16
#: Pictures in a row without a description, after which a pass ends: fewer where none got one.
_MOST_IN_A_ROW: Final = 20
_MOST_AT_FIRST: Final = 10
#: Pictures that are decoded at once.
_DECODED: Final = 2
#: Photos without a description that are named.
_NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class Undescribed:
    """A photo that got no description, by its id and its first file, and the reason as a sentence."""

    photo_id: int
    path: bytes
    reason: str


@dataclass(slots=True)
class PassReport:
    """Photos of a pass by what became of them, and the sentence on why it ended early, if it did."""

    described: int = 0
    #: Photos whose files are not there now, or have changed since they were indexed.
    away: list[int] = field(default_factory=list)
    undescribed: list[int] = field(default_factory=list)
    #: Those of these that the describer failed for, rather than the picture.
    unanswered: list[int] = field(default_factory=list)
    #: The first that got none.
    named: list[Undescribed] = field(default_factory=list)
    problem: str | None = None

    @property
    def done(self) -> int:
        """Number of photos that had their turn."""
        return self.described + len(self.away) + len(self.undescribed)

    def add_undescribed(self, photo: Photo, reason: str) -> None:
        """Count a photo that got no description."""
        self.undescribed.append(photo.id)
        if len(self.named) < _NAMED:
            self.named.append(Undescribed(photo.id, photo.paths[0], reason))


def describe_photos(
    library: OpenLibrary,
    describer: Describer,
    tasks: Sequence[Task],
    photo_ids: Sequence[int],
    progress: Progress = SILENT,
    *,
    at_once: int = 1,
    keep_detailed: bool = True,
    is_over: Callable[[], bool] = lambda: False,
    local: Callable[[bytes], bytes] = lambda path: path,
) -> PassReport:
    """Describe photos in their order, and store what is described every few photos.

    The describer gets *at_once* pictures or more in a call. With *keep_detailed*, a detailed caption by it stays where
    a short one is asked for. The pass ends early if *is_over* says so between two calls,
    if the describer is away or broken, and after many pictures in a row without a description. The caller holds the
    lock, or sees to it that nobody else describes these photos. *local* gives the path on this machine of each path.
    """
    try:
        with library.catalog.read() as t:
            check_describer(t, describer.name)
    except SourceTaken as taken:
        return PassReport(problem=str(taken))
    run = _Pass(library, describer, tasks, at_once, keep_detailed=keep_detailed)
    # The decoders end first: a thread that waits for one would keep an interrupted pass from ending.
    with ThreadPoolExecutor(_DECODED, thread_name_prefix="picture") as pool, Thumbnails.of(library) as thumbnails:
        pictures = _Pictures(library, thumbnails, pool, describer.side, photo_ids, local)
        if photo_ids:
            progress.report(Step(Stage.DESCRIBE, 0, len(photo_ids)))
        while run.report.problem is None and not is_over() and (batch := pictures.take(run.size)):
            run.describe(batch)
            progress.report(Step(Stage.DESCRIBE, run.report.done, len(photo_ids)))
        pictures.drop()
    run.report.away += pictures.unknown
    return run.report


class _Pictures:
    """The pictures of photos in their order, those of the next batch decoded while one is described."""

    def __init__(
        self,
        library: OpenLibrary,
        thumbnails: Thumbnails,
        pool: ThreadPoolExecutor,
        side: int,
        photo_ids: Sequence[int],
        local: Callable[[bytes], bytes],
    ) -> None:
        self._library = library
        self._local = local
        self._thumbnails = thumbnails
        self._pool = pool
        self._side = side
        self._left = deque(photo_ids)
        self._ahead: deque[tuple[Photo, Future[PlainPicture | NoPicture]]] = deque()
        #: Ids of photos that the library no longer has.
        self.unknown: list[int] = []

    def take(self, count: int) -> list[tuple[Photo, PlainPicture | NoPicture]]:
        """The next *count* photos with their pictures; fewer at the end, and none when all were taken."""
        self._begin(count)
        taken = [self._ahead.popleft() for _ in range(min(count, len(self._ahead)))]
        self._begin(count)
        return [(photo, future.result()) for photo, future in taken]

    def drop(self) -> None:
        """Decode no more of them."""
        while self._ahead:
            self._ahead.popleft()[1].cancel()

    def _begin(self, count: int) -> None:
        """Begin to decode pictures until *count* are ahead."""
        while self._left and len(self._ahead) < count:
            ids = [self._left.popleft() for _ in range(min(count - len(self._ahead), len(self._left)))]
            with self._library.catalog.read() as t:
                photos = t.photos.get(ids)
            self.unknown += set(ids).difference(photo.id for photo in photos)
            for photo in photos:
                here = replace(photo, paths=tuple(map(self._local, photo.paths)))
                self._ahead.append((photo, self._pool.submit(self._thumbnails.pixels, here, self._side)))


class _Pass:
    """One pass: what it has done, and how many pictures it takes at once."""

    def __init__(
        self,
        library: OpenLibrary,
        describer: Describer,
        tasks: Sequence[Task],
        at_once: int,
        *,
        keep_detailed: bool,
    ) -> None:
        self._library = library
        self._describer = describer
        self._tasks = frozenset(map(str, tasks))
        self._least = self.size = at_once
        self._keep_detailed = keep_detailed
        self.report = PassReport()
        #: Pictures in a row that got no description.
        self._in_a_row = 0

    def describe(self, batch: Sequence[tuple[Photo, PlainPicture | NoPicture]]) -> None:
        """Describe a batch, store the descriptions and count what became of it."""
        photos, pictures = [], []
        for photo, picture in batch:
            if isinstance(picture, PlainPicture):
                photos.append(photo)
                pictures.append(picture.image())
            elif picture.reason is Missing.GONE:
                self.report.away.append(photo.id)
            else:
                self.report.add_undescribed(photo, f"The picture cannot be decoded: {picture.detail}.")
        if not photos:
            return
        began = time.perf_counter()
        try:
            outcomes = self._describer.describe(pictures)
        except DescriberError as error:
            self.report.problem = str(error)
            return
        seconds = max(time.perf_counter() - began, 1e-3)
        self._store(photos, outcomes)
        for photo, outcome in zip(photos, outcomes, strict=True):
            self._count(photo, outcome)
        # No more pictures than may still be in vain before the pass ends.
        most = min(_MOST, self._most_in_a_row() - self._in_a_row)
        self.size = max(self._least, min(most, int(_SECONDS * len(photos) / seconds)))

    def _store(self, photos: Sequence[Photo], outcomes: Sequence[Description | NotDescribed]) -> None:
        now = datetime.now(UTC).replace(tzinfo=None)
        with self._library.catalog.write() as t:
            # Another process may have deleted some meanwhile.
            there = t.photos.known([photo.id for photo in photos])
            for photo, outcome in zip(photos, outcomes, strict=True):
                if isinstance(outcome, Description) and photo.id in there:
                    t.descriptions.put(photo.id, self._stored(outcome, now), keep_detailed=self._keep_detailed)
            follow_descriptions(t, sorted(there))

    def _stored(self, description: Description, now: datetime) -> StoredDescription:
        return StoredDescription(
            origin=self._describer.name,
            tasks=self._tasks,
            caption=description.caption,
            labels=description.labels,
            text=description.text,
            made_at=now,
        )

    def _count(self, photo: Photo, outcome: Description | NotDescribed) -> None:
        if isinstance(outcome, Description):
            self.report.described += 1
            self._in_a_row = 0
            return
        self.report.add_undescribed(photo, outcome.reason)
        if outcome.is_passing:
            self.report.unanswered.append(photo.id)
        self._in_a_row += 1
        if self._in_a_row >= self._most_in_a_row() and self.report.problem is None:
            reason = outcome.reason.rstrip(".")
            self.report.problem = (
                f"{self._in_a_row} pictures in a row got no description from {self._describer.name} ({reason}), so it "
                f"was left at that; what was described is kept."
            )

    def _most_in_a_row(self) -> int:
        return _MOST_IN_A_ROW if self.report.described else _MOST_AT_FIRST
