"""Describing chosen photos. Those that have the description asked for are passed over, so a pass can go on later."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.describers import Task
from photos.errors import PhotosError
from photos.library import OpenLibrary
from photos.lock import PART_SECONDS, describe_lock
from photos.model_errors import UnknownDescriber
from photos.operations.progress import SILENT, Progress, Wait, Waiting
from photos.operations.searching.caption_vectors import embed_captions
from photos.operations.searching.chosen_photos import ChosenPhotos, find_chosen
from photos.operations.shared_work import has_workers, queue_in_use
from store import DescriberSummary

if TYPE_CHECKING:
    from store.queue.base import WorkQueue

from .cost import DescriberCost, cost
from .describers import CONFIGURED, ChosenDescriber, DescriberFactory, choose_describer
from .passes import PassReport, Undescribed, describe_photos
from .shared_describing import DESCRIBE, share_describing


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeRequest:
    """Photos to describe, all if `chosen` is None, by the describer of that name or else by that of the settings.

    Photos that have descriptions of it for all `tasks` are passed over, and detailed captions stay where short ones are
    asked for, unless `again`. No more than `limit` are
    described. No tasks stand for a caption and words.
    """

    chosen: ChosenPhotos | None = None
    describer: str | None = None
    tasks: tuple[Task, ...] = ()
    again: bool = False
    limit: int | None = None
    #: Whether pictures may leave this machine and its private networks.
    may_be_remote: bool = False


@dataclass(frozen=True, slots=True)
class DescribeEstimate:
    """Event before a pass: its describer, and the photos that it has before it. `cost` is known for a checkpoint."""

    describer: str
    tasks: tuple[Task, ...]
    photos: int
    #: Chosen photos that have such descriptions already.
    known: int
    cost: DescriberCost | None


@dataclass(frozen=True, slots=True)
class DescribeResult:
    """A pass over chosen photos: how many were described, and what became of the others."""

    describer: str
    tasks: tuple[Task, ...]
    described: int
    #: Chosen photos that had such descriptions before.
    known: int
    #: Photos whose files are not there now, or have changed since they were indexed.
    away: int
    #: Photos that got no description, and the first of them.
    undescribed: int
    named: tuple[Undescribed, ...]
    #: Chosen photos that had no turn, because the pass ended early or at its limit.
    left: int
    seconds: float
    #: Why it ended early, as a sentence.
    problem: str | None


@dataclass(frozen=True, slots=True)
class ForgottenDescriber:
    """A describer whose descriptions were deleted, and the number of photos that had one."""

    describer: str
    photos: int


def describe(
    library: OpenLibrary,
    request: DescribeRequest,
    progress: Progress = SILENT,
    describers: DescriberFactory = CONFIGURED,
    *,
    patience: float = PART_SECONDS,
) -> DescribeResult:
    """Describe photos by another model. Reports a `DescribeEstimate` before the model is loaded.

    Workers describe if the settings say so and one lives. What is described is stored every few photos and stays,
    however the pass ends. New captions get their vectors, for
    searches with captions. Raises `NoDescriber`, the errors of `find_chosen`, those of opening the describer, and
    `DescribersBusy` if another process describes for *patience* seconds.
    """
    started = time.perf_counter()
    _check_photos(library)
    with describe_lock(library.settings.library, patience, catalog=library.catalog_if_any):
        work = _work(library, request, describers)
        progress.report(work.estimate)
        ids = work.photo_ids[: request.limit]
        report = PassReport()
        queue = queue_in_use(library)
        if ids and queue is not None and has_workers(library.catalog, queue, DESCRIBE):
            report = _by_workers(library, queue, work, ids, progress, again=request.again)
        elif ids:
            progress.report(Waiting(Wait.DESCRIBER))
            with closing(describers.open(library, work.choice)) as describer:
                at_once = work.choice.at_once(library.settings)
                report = describe_photos(
                    library,
                    describer,
                    work.choice.tasks,
                    ids,
                    progress,
                    at_once=at_once,
                    keep_detailed=not request.again,
                )
        if report.described:
            # A search with captions makes the vectors that are missing then, if the checkpoint can be read.
            with suppress(PhotosError):
                embed_captions(library, progress, ids)
    return DescribeResult(
        work.estimate.describer,
        work.choice.tasks,
        report.described,
        work.estimate.known,
        len(report.away),
        len(report.undescribed),
        tuple(report.named),
        len(work.photo_ids) - report.done,
        time.perf_counter() - started,
        report.problem,
    )


def _by_workers(
    library: OpenLibrary, queue: WorkQueue, work: _Work, ids: list[int], progress: Progress, *, again: bool
) -> PassReport:
    """Let workers describe these photos. Those that have no description then count as undescribed."""
    name, tasks = work.estimate.describer, work.choice.tasks
    report = PassReport()
    report.problem = share_describing(library, queue, work.choice, name, ids, progress, again=again)
    lacking = lacking_photos(library, name, tasks, ids)
    report.described = len(ids) - len(lacking)
    if report.problem is None and lacking:
        with library.catalog.read() as t:
            photos = {photo.id: photo for photo in t.photos.get(lacking)}
        for photo_id in lacking:
            photo = photos.get(photo_id)
            if photo is None or not photo.paths:
                report.away.append(photo_id)
            else:
                report.add_undescribed(photo, "A worker got none; its log says why.")
    return report


def estimate_describing(
    library: OpenLibrary, request: DescribeRequest, describers: DescriberFactory = CONFIGURED
) -> DescribeEstimate:
    """Tell how many photos `describe` has before it and what they cost, and describe none. Raises as `describe`."""
    _check_photos(library)
    return _work(library, request, describers).estimate


def forget_describer(library: OpenLibrary, name: str) -> ForgottenDescriber:
    """Delete all descriptions by the describer of that name. Raises `UnknownDescriber` if there are none."""
    _check_photos(library)
    with library.catalog.write() as t:
        known = t.descriptions.origins()
        if name not in known:
            raise UnknownDescriber(name, known)
        return ForgottenDescriber(name, t.descriptions.forget(name))


def list_describers(library: OpenLibrary) -> list[DescriberSummary]:
    """Return the describers that photos have descriptions by, the one that described last first."""
    catalog = library.catalog_if_any
    if catalog is None:
        return []
    with catalog.read() as t:
        return t.descriptions.summaries()


def photos_after(library: OpenLibrary, photo_id: int) -> list[int]:
    """Return the photos with a file that came to the library after that one, oldest first."""
    with library.catalog.read() as t:
        return [each for each in t.selection.all().tolist() if each > photo_id]


def lacking_photos(library: OpenLibrary, describer: str, tasks: Sequence[Task], photo_ids: Sequence[int]) -> list[int]:
    """Return those of *photo_ids* that have no description of that name for all *tasks*, in their order."""
    with library.catalog.read() as t:
        done = set(t.descriptions.described(describer, frozenset(map(str, tasks))).tolist())
    return [photo_id for photo_id in photo_ids if photo_id not in done]


@dataclass(frozen=True, slots=True)
class _Work:
    """A chosen describer and the photos that are to be described, with the estimate of both."""

    choice: ChosenDescriber
    photo_ids: list[int]
    estimate: DescribeEstimate


def _check_photos(library: OpenLibrary) -> None:
    """Raise `EmptyLibrary` if there is no photo to describe."""
    with library.read():
        return


def _work(library: OpenLibrary, request: DescribeRequest, describers: DescriberFactory) -> _Work:
    choice = choose_describer(library.settings, request.describer, request.tasks, may_be_remote=request.may_be_remote)
    chosen = _chosen_ids(library, request.chosen)
    identity = describers.identify(library, choice)
    lacking = chosen if request.again else lacking_photos(library, identity.name, choice.tasks, chosen)
    parameters, count = identity.parameters, len(lacking)
    of = None if parameters is None else cost(library, parameters, choice.tasks, count)
    return _Work(choice, lacking, DescribeEstimate(identity.name, choice.tasks, count, len(chosen) - count, of))


def _chosen_ids(library: OpenLibrary, chosen: ChosenPhotos | None) -> list[int]:
    if chosen is not None:
        return [photo.id for photo in find_chosen(library, chosen)]
    with library.catalog.read() as t:
        everything = t.selection.all()
        return t.selection.newest_first(everything, len(everything))
