"""Sessions kept in the library, so that a browser stays let in when the server was stopped and begins again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from store.json_text import parse_json
from store.open_file import read_file
from store.private_files import write_private

#: The file in the library: hashes of keys with the times, in seconds since 1970, until which they are good.
SESSIONS_FILE: Final = "http-sessions.json"
#: Name of a daemon's port there; it is no hash.
_PORT: Final = "port"
#: Bytes of the file, and sessions in it.
_LONGEST, _MOST = 100_000, 100


class KeptSessions:
    """The file of sessions in *library*. Only hashes of keys are in it, and only its owner can read it."""

    def __init__(self, library: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = library / SESSIONS_FILE
        self._clock = clock

    def read(self) -> dict[bytes, float]:
        """Return the seconds for which each session is still good, by the hash of its key."""
        sessions: dict[bytes, float] = {}
        for name, until in self._content().items():
            with suppress(ValueError):
                if isinstance(until, int | float) and (left := until - self._clock()) > 0:
                    sessions[bytes.fromhex(name)] = left
        return sessions

    def port(self) -> int | None:
        """Return the port at which those browsers found a daemon; None if it is not known."""
        port = self._content().get(_PORT)
        return port if isinstance(port, int) and 0 < port < 1 << 16 else None

    def keep(self, key: bytes, seconds: float) -> None:
        """Keep the session with that hash. If the file cannot be written, it ends with the server."""
        sessions = self.read()
        sessions.pop(key, None)
        while len(sessions) >= _MOST:
            del sessions[next(iter(sessions))]
        self._write({**sessions, key: seconds}, self.port())

    def keep_port(self, port: int) -> None:
        """Keep the port of a daemon."""
        self._write(self.read(), port)

    def drop(self, key: bytes) -> None:
        """Keep the session with that hash no longer."""
        sessions = self.read()
        if sessions.pop(key, None) is not None:
            self._write(sessions, self.port())

    def _content(self) -> dict[str, object]:
        try:
            found = parse_json(read_file(self._path, _LONGEST).decode("ascii"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self, sessions: Mapping[bytes, float], port: int | None) -> None:
        now = self._clock()
        kept = {key.hex(): round(now + left) for key, left in sessions.items()}
        content = json.dumps(kept if port is None else {_PORT: port, **kept})
        with suppress(OSError):
            write_private(self._path, content)
