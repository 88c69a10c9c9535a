"""Wire protocol between the daemon and its clients: socket path, endpoints, headers, status codes, bodies.

HTTP/1.1 over a Unix socket, one request a connection, bodies in JSON. Imports nothing but the standard library,
settings and requests.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from photos.catalog_place import CatalogPlace
from photos.operations.searching.requests import ORDERS, Request, SearchRequest, SimilarRequest
from photos.strict_json import to_json

if TYPE_CHECKING:
    from photos.records.photos import SearchRecord

#: Endpoints. Each takes the fields of its request and answers with a `SearchRecord`.
SEARCH: Final = "/v1/search"
SIMILAR: Final = "/v1/similar"
#: Endpoint that answers `{"query": …}` with the `{"address": …}` at which the gallery can be opened once.
OPEN: Final = "/v1/open"
#: The kind of request at each endpoint. An older program answers 404 for a path that it does not know.
REQUESTS: Final[Mapping[str, type[Request]]] = {SEARCH: SearchRequest, SIMILAR: SimilarRequest}
#: The header with the client's program, see `photos.daemon.version`. Clients without it accept answers of any.
PROGRAM: Final = "Photos-Program"
#: The header with the catalog that the client means, see `catalog_id`. A socket moves with its library, and then leads
#: to a process that still serves the library's old place.
CATALOG: Final = "Photos-Catalog"
#: The status of a refusal: `{"refused": sentence, "status": exit status, "code": the error's}`.
REFUSED: Final = 422
#: The socket's name in the library.
SOCKET: Final = "photos.sock"

#: Bytes that the path of a socket may have: 107 on Linux, and 103 on macOS and the BSDs.
_LONGEST = 103
#: Characters of an unknown field's name that an error shows.
_SHOWN = 50


def socket_path(library: Path) -> str:
    """Return the socket's path."""
    return os.path.join(library, SOCKET)


def catalog_id(library: Path, address: str | None = None) -> str | None:
    """Return a string that identifies the catalog file in *library* now, or the catalog at *address*.

    None if there is no such file.
    """
    return CatalogPlace(library, address).identity()


@contextmanager
def connectable(library: Path) -> Iterator[str]:
    """Give a path of the library's socket that is short enough for the system, however deep the library lies.

    Raises `OSError` where there is none: only Linux has short paths of open folders.
    """
    path = socket_path(library)
    if len(os.fsencode(path)) <= _LONGEST:
        yield path
        return
    folder = os.open(library, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{SOCKET}"
    finally:
        os.close(folder)


def has_unix_sockets() -> bool:
    """True if Python has Unix sockets on this system. It has none on Windows."""
    import socket  # noqa: PLC0415 - clients without a daemon do not need it

    return hasattr(socket, "AF_UNIX")


def endpoint(request: Request) -> str:
    """Return the path of the endpoint for *request*."""
    return next(path for path, kind in REQUESTS.items() if isinstance(request, kind))


def encode(content: Request | Mapping[str, object]) -> bytes:
    """Return the body of a request or a response."""
    # ASCII: paths that are no text keep their bytes as lone surrogates, which only escapes can hold.
    return to_json(content if isinstance(content, Mapping) else asdict(content)).encode("ascii")


class BadRequest(ValueError):
    """The body is no request. The message names the field that is wrong."""


def decode_request(path: str, body: bytes) -> Request:
    """Read the body of a request to the endpoint *path*. Raises `BadRequest`."""
    from store.json_text import parse_json  # noqa: PLC0415 - clients read no requests

    try:
        record = parse_json(body)
    except ValueError as error:
        raise BadRequest(f"this is no JSON: {error}") from error
    if not isinstance(record, dict):
        raise BadRequest("this is not a JSON object")
    kind = REQUESTS[path]
    known = {field.name: field for field in fields(kind)}
    for name in record.keys() - known.keys():
        raise BadRequest(f"{name[:_SHOWN]}: there is no such field; there are {', '.join(known)}")
    for name, field in known.items():
        if name not in record and field.default is MISSING:
            raise BadRequest(f"{name}: it is missing")
    return kind(**{name: _checked(name, value) for name, value in record.items()})


def _checked(name: str, value: object) -> Any:
    try:
        return _CHECKS[name](value)
    except (ValueError, OverflowError) as error:
        raise BadRequest(f"{name}: it must be {error}") from error


def _query(value: object) -> str | tuple[str, ...]:
    if isinstance(value, list):
        return tuple(_text(each) for each in value)
    return _text(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a text")  # noqa: TRY004 - a request is wrong, not a type
    try:
        # Bytes of a path that is no text are lone surrogates; others mean nothing.
        is_sound = b"\0" not in os.fsencode(value)
    except UnicodeEncodeError:
        is_sound = False
    if not is_sound:
        raise ValueError("a text without NUL characters and lone surrogates")
    return value


def _directory(value: object) -> str:
    if not os.path.isabs(text := _text(value)):
        raise ValueError("an absolute path")
    return text


def _whole_or_none(least: int) -> Callable[[object], int | None]:
    check = _whole(least)
    return lambda value: None if value is None else check(value)


def _whole(least: int) -> Callable[[object], int]:
    def check(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ValueError(f"a whole number from {least} on")
        return value

    return check


def _order(value: object) -> str:
    if value not in ORDERS:
        raise ValueError(" or ".join(ORDERS))
    return str(value)


def _cosine(value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError("a number or null")
    return float(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")  # noqa: TRY004 - as above
    return value


_CHECKS: Final[Mapping[str, Callable[[object], object]]] = {
    "query": _query,
    "image": _text,
    "directory": _directory,
    "top": _whole_or_none(1),
    "count_only": _flag,
    "whole_listing": _flag,
    "offset": _whole(0),
    "sort": _order,
    "min_score": _cosine,
    "stands_out": _flag,
    "group": _flag,
    "exact": _flag,
    "model": lambda value: None if value is None else _text(value),
    "with_captions": _flag,
    "only_library": _flag,
}


def decode_search(body: Mapping[str, object]) -> SearchRecord:
    """Return *body* as the record of a search. Raises `LookupError` or `TypeError` if it is none."""
    for field in ("title", "of_text", "is_cut", "is_chance", "best", "least", "reason", "total", "captions"):
        _ = body[field]
    if not isinstance(body["matches"], list):
        raise TypeError(body["matches"])
    return cast("SearchRecord", body)
