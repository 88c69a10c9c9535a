"""Wire protocol between the daemon and its clients: socket path, endpoints, headers, status codes, bodies.

HTTP/1.1 over a Unix socket, one request a connection, bodies in JSON. Imports nothing but the standard library,
settings and requests.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from photos.config import CATALOG_FILE
from photos.operations.requests import Request, SearchRequest, SimilarRequest

if TYPE_CHECKING:
    from photos.records.photos import SearchRecord

#: Endpoints. Each takes the fields of its request and answers with a `SearchRecord`.
SEARCH: Final = "/v1/search"
SIMILAR: Final = "/v1/similar"
#: The kind of request at each endpoint. An older program answers 404 for a path that it does not know.
REQUESTS: Final[Mapping[str, type[Request]]] = {SEARCH: SearchRequest, SIMILAR: SimilarRequest}
#: The header with the client's program, see `photos.daemon.version`. Clients without it accept answers of any.
PROGRAM: Final = "Photos-Program"
#: The header with the catalog that the client means, see `catalog_id`. A socket moves with its library, and then leads
#: to a process that still serves the library's old place.
CATALOG: Final = "Photos-Catalog"
#: The status of a refusal: `{"refused": sentence, "status": exit status}`.
REFUSED: Final = 422
#: The socket's name in the library.
SOCKET: Final = "photos.sock"

#: Bytes that the path of a socket may have: 107 on Linux, and 103 on macOS and the BSDs.
_LONGEST = 103


def socket_path(library: Path) -> str:
    """Return the socket's path."""
    return os.path.join(library, SOCKET)


def catalog_id(library: Path) -> str | None:
    """Return a string that identifies the catalog file in *library* now; None if there is none."""
    try:
        status = os.stat(os.path.join(library, CATALOG_FILE))
    except OSError:
        return None
    return f"{status.st_dev:x}-{status.st_ino:x}"


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
    return json.dumps(content if isinstance(content, Mapping) else asdict(content)).encode("ascii")


def decode_request(path: str, body: bytes) -> Request:
    """Read the body of a request to the endpoint *path*.

    Raises `ValueError`, `TypeError`, `LookupError` or `AttributeError` if it is not valid.
    """
    record = json.loads(body)
    if path == SIMILAR:
        filters = record.get("query", ())
        similar = SimilarRequest(**{**record, "query": filters if isinstance(filters, str) else tuple(filters)})
        _check_texts(*([filters] if isinstance(filters, str) else filters), similar.image, similar.directory)
        _check_numbers(similar.top, 0)
        return similar
    query = record["query"]
    search = SearchRequest(**{**record, "query": query if isinstance(query, str) else tuple(query)})
    _check_texts(*([query] if isinstance(query, str) else query), search.directory)
    _check_numbers(search.top, search.offset)
    return search


def _check_texts(*texts: object) -> None:
    if not all(isinstance(text, str) for text in texts):
        raise TypeError(texts)


def _check_numbers(top: int, offset: int) -> None:
    if top < 1 or offset < 0:
        raise ValueError(top, offset)


def decode_search(body: Mapping[str, object]) -> SearchRecord:
    """Return *body* as the record of a search. Raises `LookupError` or `TypeError` if it is none."""
    for field in ("title", "of_text", "is_cut", "is_chance", "best", "least", "reason"):
        _ = body[field]
    if not isinstance(body["matches"], list):
        raise TypeError(body["matches"])
    return cast("SearchRecord", body)
