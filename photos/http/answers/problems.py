"""Errors as answers: problem+json (RFC 9457) with the codes of the program's errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from starlette.responses import Response

from photos.errors import (
    EmptyLibrary,
    LabelExists,
    MissingFolder,
    MovesBusy,
    NoEarlierRevision,
    NothingFound,
    PhotosError,
    SidecarsBusy,
    UnknownFolder,
    UnknownSearch,
    WrongCursor,
)
from photos.exits import sentence_and_status
from photos.model_errors import UnknownSpace
from photos.strict_json import to_json
from query.errors import BadQuery, NotInLibrary, Superseded, UnknownLabel, UnknownSlot, UnknownVocabulary
from store.errors import CatalogBusy, CatalogError, DiskFull

MEDIA_TYPE: Final = "application/problem+json"
#: Characters of a sentence: a query may be quoted in it.
_LONGEST = 500

_STATUSES: Final[tuple[tuple[type[PhotosError], HTTPStatus], ...]] = (
    (CatalogBusy, HTTPStatus.SERVICE_UNAVAILABLE),
    (DiskFull, HTTPStatus.INSUFFICIENT_STORAGE),
    (CatalogError, HTTPStatus.SERVICE_UNAVAILABLE),
    (WrongCursor, HTTPStatus.GONE),
    (NotInLibrary, HTTPStatus.NOT_FOUND),
    (UnknownLabel, HTTPStatus.NOT_FOUND),
    (UnknownVocabulary, HTTPStatus.NOT_FOUND),
    (UnknownSlot, HTTPStatus.NOT_FOUND),
    (UnknownFolder, HTTPStatus.NOT_FOUND),
    (UnknownSearch, HTTPStatus.NOT_FOUND),
    (UnknownSpace, HTTPStatus.NOT_FOUND),
    (MissingFolder, HTTPStatus.NOT_FOUND),
    (NothingFound, HTTPStatus.NOT_FOUND),
    (NoEarlierRevision, HTTPStatus.NOT_FOUND),
    (EmptyLibrary, HTTPStatus.CONFLICT),
    (LabelExists, HTTPStatus.CONFLICT),
    (Superseded, HTTPStatus.CONFLICT),
    (MovesBusy, HTTPStatus.CONFLICT),
    (SidecarsBusy, HTTPStatus.CONFLICT),
)


@dataclass(frozen=True, slots=True)
class Problem(Exception):
    """An answer that is an error: its HTTP status, the error's code, its sentence, and further fields."""

    status: int
    code: str
    title: str
    more: Mapping[str, object] = field(default_factory=dict)


def problem_body(problem: Problem) -> bytes:
    """Return the body of *problem*, ASCII."""
    record = {"status": problem.status, "code": problem.code, "title": problem.title[:_LONGEST], **problem.more}
    return to_json(record).encode("ascii", "backslashreplace")


def problem_of(error: PhotosError) -> Problem:
    """Return the answer to a request at which *error* was raised."""
    sentence, _ = sentence_and_status(error)
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), HTTPStatus.UNPROCESSABLE_ENTITY)
    more = {"token": error.token[:_LONGEST]} if isinstance(error, BadQuery) and error.token else {}
    return Problem(status, error.code, sentence, more)


def problem_response(problem: Problem) -> Response:
    """Return *problem* as a response."""
    headers = {"Retry-After": "1"} if problem.status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return Response(problem_body(problem), problem.status, headers, MEDIA_TYPE)


def not_found(what: str) -> Problem:
    """Return the answer to a request for something that there is not. *what* is a sentence."""
    return Problem(HTTPStatus.NOT_FOUND, "not_found", what)
