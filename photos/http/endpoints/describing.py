"""Describers: those of the library, and jobs that let one describe photos or delete what one said."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from indexer.describers import Task
from photos.http.answers.problems import Problem, not_found
from photos.http.jobs import EndedEarly, Lane
from photos.operations.describing.captions import describer_summaries
from photos.operations.describing.describe import DescribeRequest, DescribeResult, describe, forget_describer
from photos.operations.describing.describers import choose_describer, offered_describers
from photos.operations.progress import Progress
from photos.operations.searching.chosen_photos import ChosenPhotos
from photos.operations.searching.pages import ROOT
from photos.operations.searching.search import parsed
from photos.records.http import DescribersRecord, JobRecord, describer_record

from .calls import Call
from .changes import MOST_PHOTOS, Photo

TaskName = Literal["caption", "detailed-caption", "objects", "regions", "text"]


class DescribedPhotos(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Photos to describe, by their numbers or by a query, and the describer: one of `offered`, or null for the usual.

    A query with terms ranks all photos, so `top` says how many of the best are meant. No `tasks` stand for a caption
    and words. Photos that have the description are passed over unless `again`.
    """

    photos: Annotated[list[Photo], Meta(min_length=1, max_length=MOST_PHOTOS)] | None = None
    query: Annotated[str, Meta(max_length=4096)] | None = None
    top: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = None
    describer: Annotated[str, Meta(min_length=1, max_length=1000)] | None = msgspec.field(name="with", default=None)
    tasks: Annotated[list[TaskName], Meta(max_length=5)] = []
    again: bool = False


def list_describers(call: Call) -> DescribersRecord:
    """Answer with the describers that the library has descriptions by, and those that can describe here."""
    items = [describer_record(each) for each in describer_summaries(call.library)]
    return {"items": items, "offered": offered_describers(call.library.settings)}


def start_describing(call: Call) -> JobRecord:
    """Let a describer describe photos."""
    asked = call.body(DescribedPhotos)
    settings = call.library.settings
    # No folder that a client names is opened.
    if asked.describer is not None and asked.describer not in offered_describers(settings):
        raise not_found(f"There is no describer {asked.describer[:100]!r} here; `GET describers` has those there are.")
    choose_describer(settings, asked.describer)
    request = DescribeRequest(
        chosen=_chosen(asked),
        describer=asked.describer,
        tasks=tuple(Task(each) for each in asked.tasks),
        again=asked.again,
    )

    def work(progress: Progress) -> str | EndedEarly:
        result = describe(call.library, request, progress)
        note = _sentence(result)
        return note if result.problem is None else EndedEarly(note, result.problem)

    return call.service.jobs.start("describe", work, Lane.DESCRIBING).record()


def start_forgetting_describer(call: Call) -> JobRecord:
    """Delete the descriptions by a describer."""
    name = call.path["name"]
    if name not in {each.origin for each in describer_summaries(call.library)}:
        raise not_found(f"No photo was described by {name[:100]!r}.")

    def work(_: Progress) -> str:
        result = forget_describer(call.library, name)
        return f"Deleted what {result.describer} said of {_photos(result.photos)}."

    return call.service.jobs.start("describer forget", work).record()


def _chosen(asked: DescribedPhotos) -> ChosenPhotos:
    """The photos that are meant. Raises `Problem` unless they are named in one way, and `BadQuery`."""
    if (asked.photos is None) == (asked.query is None):
        raise _bad("Photos to describe are named by their numbers or by a query.", "photos")
    if asked.query is None:
        return ChosenPhotos(photos=tuple(asked.photos or ()))
    if not asked.query.strip():
        raise _bad("An empty query names no photos.", "query")
    if parsed(asked.query, ROOT).terms and asked.top is None:
        raise _bad("A query with terms ranks all photos; say with `top` how many of the best are meant.", "top")
    return ChosenPhotos(query=asked.query, directory=ROOT, top=asked.top)


def _bad(sentence: str, field: str) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, "bad_request", sentence, {"field": field})


def _sentence(result: DescribeResult) -> str:
    """Sentences about what became of the photos of a pass."""
    parts = [f"{_photos(result.described)} described by {result.describer}"]
    if result.known:
        parts.append(f"{result.known} had a description before")
    if result.away:
        parts.append(f"{result.away} passed over, because their files are not there as indexed")
    if result.undescribed:
        reason = result.named[0].reason.rstrip(".")
        parts.append(f"{result.undescribed} got no description, the first because: {reason}")
    if result.left:
        parts.append(f"{result.left} left")
    return f"{'; '.join(parts)}."


def _photos(count: int) -> str:
    return f"{count} photo{'' if count == 1 else 's'}"
