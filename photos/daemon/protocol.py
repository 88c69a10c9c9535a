"""Where the process that keeps a library up to date is asked: what who asks and who answers must agree upon.

HTTP/1.1 over a Unix socket, a request a connection, bodies in JSON. Imports nothing but the standard library, settings
and requests.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from photos.config import CATALOG_FILE
from photos.operations.requests import Request, SearchRequest, SimilarRequest

#: Take a request's `record()`, give `SearchAnswer.record()`.
SEARCH: Final = "/v1/search"
SIMILAR: Final = "/v1/similar"
#: What is asked where. A path that an older program does not know is answered there with 404, and asked no further.
REQUESTS: Final[Mapping[str, type[Request]]] = {SEARCH: SearchRequest, SIMILAR: SimilarRequest}
#: The header that names the program which asks, as `program` does. What asks without it takes answers of any.
PROGRAM: Final = "Photos-Program"
#: The header that names the catalog which is asked, as `catalog_of` does. A socket goes along where its library is
#: moved, and then leads to a process that looks where the library was.
CATALOG: Final = "Photos-Catalog"
#: The status with which a question is refused, as `{"refused": sentence, "status": exit status}` says.
REFUSED: Final = 422

_NAME = "photos.sock"
#: Bytes that the name of a socket may have: 107 on Linux, and 103 on macOS and the BSDs.
_LONGEST = 103


def socket_of(library: Path) -> str:
    """The socket's path."""
    return os.path.join(library, _NAME)


def catalog_of(library: Path) -> str | None:
    """Names the catalog that is in *library* now; None if there is none."""
    try:
        status = os.stat(os.path.join(library, CATALOG_FILE))
    except OSError:
        return None
    return f"{status.st_dev:x}-{status.st_ino:x}"


@contextmanager
def reachable(library: Path) -> Iterator[str]:
    """A name of the library's socket that the system takes, however deep the library lies.

    Raises `OSError` where there is none: only Linux has names for folders that are open.
    """
    path = socket_of(library)
    if len(os.fsencode(path)) <= _LONGEST:
        yield path
        return
    folder = os.open(library, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{_NAME}"
    finally:
        os.close(folder)


def is_possible() -> bool:
    """Whether there are such sockets here. Python has none on Windows."""
    import socket  # noqa: PLC0415 - who finds nobody to ask needs none

    return hasattr(socket, "AF_UNIX")


def path_of(request: Request) -> str:
    """Where *request* is asked."""
    return next(path for path, kind in REQUESTS.items() if isinstance(request, kind))


def program() -> str:
    """Names this installation of the program: others, other versions, and what it was before an upgrade, differ."""
    status = os.stat(__file__)
    return f"{status.st_dev:x}-{status.st_ino:x}-{status.st_mtime_ns:x}"
