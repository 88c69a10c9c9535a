"""Calls of the API: a request becomes typed parameters, and a record or an error becomes an answer."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeVar, get_origin, get_type_hints
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from photos.errors import PhotosError
from photos.exits import sentence_and_status
from photos.http.answers.problems import Problem, not_found, problem_of, problem_response
from photos.http.answers.public_records import encode
from photos.http.server.worker_threads import NoFreeThread, WorkerThreads
from photos.http.service import Service
from photos.library import OpenLibrary

T = TypeVar("T", bound=msgspec.Struct)

#: The parameter that names a model.
Model = Annotated[
    str, Meta(max_length=1000, description="A model of the library, by its name there; else the one that answers.")
]

JSON: Final = "application/json"
#: Bytes of a request's body, and bytes from which an answer is compressed.
_LARGEST, _WORTH = 1 << 20, 1024
#: An id of the database has 63 bits.
_MOST_ID = 1 << 63


class NoParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its content, type, status and headers."""

    content: bytes
    media_type: str = JSON
    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """A request to one route, in a thread."""

    service: Service
    route: Route
    path: Mapping[str, str]
    parameters: msgspec.Struct
    content: msgspec.Struct | None
    headers: Mapping[str, str]

    @property
    def library(self) -> OpenLibrary:
        """The library, for this call."""
        return self.service.library()

    @property
    def photo_id(self) -> int:
        """The photo in the path."""
        return self.number("id")

    def number(self, name: str) -> int:
        """The number called *name* in the path. Raises `Problem` if there can be none."""
        text = self.path[name]
        number = int(text) if text.isascii() and text.isdigit() and len(text) < len(str(_MOST_ID)) else 0
        if not 0 < number < _MOST_ID:
            raise not_found(f"There is no {text[:40]!r}.")
        return number

    def query(self, kind: type[T]) -> T:
        """The parameters, of the route's own kind."""
        assert isinstance(self.parameters, kind)
        return self.parameters

    def body(self, kind: type[T]) -> T:
        """The body, of the route's own kind."""
        assert isinstance(self.content, kind)
        return self.content


#: Answers a call with a record, a list of records, or an `Answer`. Raises `PhotosError` or `Problem`.
Handler = Callable[[Call], object]


@dataclass(frozen=True, slots=True)
class Route:
    """A route of the API: its method and path below `/api/v1`, its sentence, and the kinds of what goes in and out.

    `answer` is the record's type, or a media type in quotes. `command` is the command that prints the same record.
    """

    method: str
    path: str
    summary: str
    handler: Handler
    answer: Any
    query: type[msgspec.Struct] = NoParameters
    body: type[msgspec.Struct] | None = None
    status: int = HTTPStatus.OK
    #: Whether pictures are read, which other requests need not wait for.
    of_pictures: bool = False


class Endpoint:
    """Answers the requests to one route."""

    def __init__(self, service: Service, route: Route) -> None:
        self._service = service
        self._route = route

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        try:
            call = await self._call(request)
            return _response(request, await self._threads.run(lambda: self._answer(call)))
        except Problem as problem:
            return problem_response(problem)
        except NoFreeThread:
            busy = Problem(HTTPStatus.SERVICE_UNAVAILABLE, "busy", "Too many requests at once; try again.")
            return problem_response(busy)

    @property
    def _threads(self) -> WorkerThreads:
        if self._route.of_pictures:
            return self._service.picture_threads
        return self._service.threads if self._route.method == "GET" else self._service.change_threads

    async def _call(self, request: Request) -> Call:
        parameters = _parameters(self._route.query, request.scope["query_string"])
        content = None
        if self._route.body is not None:
            content = await read_body(request, self._route.body)
        headers = {name: request.headers[name] for name in request.headers}
        return Call(self._service, self._route, request.path_params, parameters, content, headers)

    def _answer(self, call: Call) -> Answer:
        try:
            found = self._route.handler(call)
            return found if isinstance(found, Answer) else Answer(encode(found), status=self._route.status)
        except Problem:
            raise
        except PhotosError as error:
            raise problem_of(error) from error
        except Exception as error:
            # Without the sentence: it may hold what was searched for, and queries are private.
            self._service.log(f"A request could not be answered ({type(error).__name__}).")
            raise _internal(error) from error


def _internal(error: Exception) -> Problem:
    sentence, _ = sentence_and_status(error)
    if isinstance(error, OSError | MemoryError):
        return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "system_error", sentence)
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", sentence)


def _response(request: Request, answer: Answer) -> Response:
    headers, content = dict(answer.headers), answer.content
    accepted = request.headers.get("Accept-Encoding", "")
    if "gzip" in accepted and len(content) >= _WORTH and answer.media_type.startswith(JSON):
        content = gzip.compress(content, 1)
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(content, answer.status, headers, answer.media_type)


async def _content(request: Request) -> bytes:
    length = request.headers.get("Content-Length", "")
    if not length.isdigit():
        raise Problem(HTTPStatus.LENGTH_REQUIRED, "bad_request", "The request has no length.")
    if int(length) > _LARGEST:
        raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "bad_request", f"A body has at most {_LARGEST} bytes.")
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != JSON:
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "bad_request", f"The body's type must be {JSON}.")
    return await request.body()


def _parameters(kind: type[T], query: bytes) -> T:
    given: dict[str, str | list[str]] = {}
    repeated = _repeated(kind)
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="replace"):
        if name in repeated:
            values = given.setdefault(name, [])
            assert isinstance(values, list)
            values.append(value)
        elif name in given:
            raise _bad(f"{name[:40]} is there twice.", name)
        elif "\0" in value:
            raise _bad(f"{name[:40]} has a NUL character.", name)
        else:
            given[name] = value
    return _converted(kind, lambda: msgspec.convert(given, kind, strict=False))


@cache
def _repeated(kind: type[msgspec.Struct]) -> frozenset[str]:
    """Return the parameters that may be there several times. Reading type hints takes longer than the request."""
    return frozenset(name for name, hint in get_type_hints(kind).items() if get_origin(hint) in {list, tuple})


async def read_body(request: Request, kind: type[T]) -> T:
    """Read the body of a request. Raises `Problem`, naming the field that is wrong."""
    content = await _content(request)
    return _converted(kind, lambda: msgspec.json.decode(content, type=kind))


def _converted(kind: type[T], convert: Callable[[], T]) -> T:
    try:
        return convert()
    except msgspec.ValidationError as error:
        what, _, place = str(error).partition(" - at `$.")
        raise _bad(f"{what}.", place.rstrip("`") or _named(what, kind)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        raise _bad("This is no JSON.", None) from None


def _named(what: str, kind: type[msgspec.Struct]) -> str | None:
    """The field in a sentence such as: Object contains unknown field `colour`."""
    quoted = what.split("`")
    return quoted[1][:40] if len(quoted) > 1 and issubclass(kind, msgspec.Struct) else None


def _bad(sentence: str, name: str | None) -> Problem:
    more = {} if name is None else {"field": name[:40]}
    return Problem(HTTPStatus.BAD_REQUEST, "bad_request", sentence, more)


def records(found: Sequence[object]) -> Mapping[str, object]:
    """Return a list of records as the answer of a route that lists something."""
    return {"items": list(found)}
