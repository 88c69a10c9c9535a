"""Duplicates that are moved to a folder outside the library, and put back."""

from __future__ import annotations

from collections import Counter
from http import HTTPStatus
from typing import Annotated
from urllib.parse import unquote_to_bytes

import msgspec
from msgspec import Meta

from photos.http.answers.problems import Problem
from photos.operations.duplicate_moves import (
    MoveDuplicatesRequest,
    move_duplicates,
    move_runs,
    undo_duplicate_moves,
)
from photos.operations.duplicates import DuplicatesRequest
from photos.operations.progress import Progress
from photos.records.files import move_run_record
from photos.records.http import JobRecord

from .calls import Call, records

_SCHEME = "file://"
#: Reasons in one sentence.
_SHOWN = 3


class MovedDuplicates(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Files to move, by their `path_uri`, and the absolute path of a folder on the server's machine.

    `exact` and `bursts` are those that the groups were listed with.
    """

    files: Annotated[
        list[Annotated[str, Meta(max_length=20_000, pattern="^file:///")]], Meta(min_length=1, max_length=5000)
    ]
    folder: Annotated[str, Meta(min_length=1, max_length=4096, pattern="^/")]
    exact: bool = False
    bursts: bool = False


class UndoneMove(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A run that moved files, or null for the newest one that was not undone."""

    run: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = None


def start_move(call: Call) -> JobRecord:
    """Move duplicates to a folder."""
    asked = call.body(MovedDuplicates)
    files = tuple(unquote_to_bytes(each.removeprefix(_SCHEME)) for each in asked.files)
    if "\0" in asked.folder or any(b"\0" in each for each in files):
        raise Problem(HTTPStatus.BAD_REQUEST, "bad_request", "A path has no NUL character.", {"field": "folder"})
    request = MoveDuplicatesRequest(
        folder=asked.folder, files=files, duplicates=DuplicatesRequest(exact=asked.exact, bursts=asked.bursts)
    )

    def work(progress: Progress) -> str:
        report = move_duplicates(call.library, request, progress)
        return _sentence(report.count, "moved", [each.reason for each in report.left])

    return call.service.jobs.start("move", work).record()


def undo_move(call: Call) -> JobRecord:
    """Put moved files back."""
    run = call.body(UndoneMove).run

    def work(progress: Progress) -> str:
        report = undo_duplicate_moves(call.library, run, progress)
        return _sentence(report.count, "put back", [each.reason for each in report.left])

    return call.service.jobs.start("move undo", work).record()


def list_moves(call: Call) -> object:
    """Answer with the runs that moved files, newest first."""
    return records([move_run_record(each) for each in move_runs(call.library)])


def _sentence(count: int, what: str, reasons: list[str]) -> str:
    """Return a sentence about files: how many were moved, and why others were left."""
    done = f"{count} {'file' if count == 1 else 'files'} {what}"
    if not reasons:
        return f"{done}."
    why = "; ".join(reason for reason, _ in Counter(reasons).most_common(_SHOWN))
    return f"{done}, {len(reasons)} left: {why}."
