"""Client of a daemon that shows the gallery: asks for an address that opens it once."""

from __future__ import annotations

import json
import os
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from .protocol import CATALOG, OPEN, PROGRAM, SOCKET, catalog_id, connectable, has_unix_sockets
from .version import program_id

#: Seconds for the answer.
_PATIENCE = 10.0


def gallery_address(library: Path, query: str | None = None, catalog: str | None = None) -> str | None:
    """Return the address at which the running server of *library* shows the gallery once; None if there is none.

    *query* is in its search box. *catalog* is the address of the library's catalog, if that is on a server. A server of
    another version of the program counts as none.
    """
    if not has_unix_sockets() or not os.path.exists(os.path.join(library, SOCKET)):
        return None
    import socket  # noqa: PLC0415 - as in the client of searches

    connection = HTTPConnection("photos", timeout=_PATIENCE)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(_PATIENCE)
    identity = catalog_id(library, catalog)
    headers = {PROGRAM: program_id(), "Content-Type": "application/json"}
    with closing(connection):
        try:
            with connectable(library) as path:
                connection.sock.connect(path)
            body = json.dumps({"query": query}).encode("ascii")
            connection.request("POST", OPEN, body, headers | ({} if identity is None else {CATALOG: identity}))
            response = connection.getresponse()
            content = json.loads(response.read())
            return str(content["address"]) if response.status == HTTPStatus.OK else None
        except (OSError, HTTPException, ValueError, LookupError, TypeError):
            return None
