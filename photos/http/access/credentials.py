"""Credentials: one-time codes, sessions of browsers, and the token of programs. Only their hashes are kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from store.open_file import read_file
from store.private_files import write_private

from .kept_sessions import KeptSessions

#: The file of the token in the library.
TOKEN_FILE: Final = "http-token"  # noqa: S105 - a file's name
#: Seconds for which a code, and an unused session, are good.
CODE_SECONDS: Final = 60.0
SESSION_SECONDS: Final = 12 * 3600.0
#: Codes and sessions at once, and failures in a minute after which nobody is let in until it is over.
_MOST, _FAILURES, _MINUTE = 100, 10, 60.0
#: Seconds by which a kept session may be good for longer than its file says.
_LATE: Final = 600.0
_LONGEST = 1000


class Credentials:
    """The codes and sessions of one server. Threads may share it. The token's file is in *library*.

    Sessions that a code opened are kept in the library, so they outlive the server. One that a password opened ends
    with it: the next server may have another password, or none.
    """

    def __init__(self, library: Path, password: str | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._library = library
        self._password = password
        self._clock = clock
        self._lock = threading.Lock()
        self._codes: dict[bytes, float] = {}
        self._kept_sessions = KeptSessions(library)
        kept = self._kept_sessions.read()
        self._sessions: dict[bytes, float] = {key: clock() + left for key, left in kept.items()}
        #: The times that the file has for sessions in it.
        self._kept: dict[bytes, float] = dict(self._sessions)
        self._failed: list[float] = []

    @property
    def has_password(self) -> bool:
        """True if people may come in by a password."""
        return self._password is not None

    def make_code(self) -> str:
        """Return a code that opens one session, once, within a minute."""
        code = secrets.token_urlsafe(24)
        with self._lock:
            self._put(self._codes, code, CODE_SECONDS)
        return code

    def open_session(self, code: str | None, password: str | None) -> str | None:
        """Return the key of a new session for a good code or the password; None otherwise."""
        with self._lock:
            now = self._clock()
            self._failed = [each for each in self._failed if now - each < _MINUTE]
            if len(self._failed) >= _FAILURES:
                return None
            is_good = code is not None and self._codes.pop(_hash(code), 0.0) > now
            if password is not None and self._password is not None:
                is_good |= hmac.compare_digest(_hash(password), _hash(self._password))
            if not is_good:
                self._failed.append(now)
                return None
            key = secrets.token_urlsafe(32)
            self._put(self._sessions, key, SESSION_SECONDS)
            if password is None:
                self._keep(_hash(key))
            return key

    def is_session(self, key: str) -> bool:
        """Return whether *key* is of a session. Its time begins anew."""
        with self._lock:
            if self._sessions.get(_hash(key), 0.0) <= self._clock():
                return False
            self._put(self._sessions, key, SESSION_SECONDS)
            if _hash(key) in self._kept and self._kept[_hash(key)] + _LATE < self._sessions[_hash(key)]:
                self._keep(_hash(key))
            return True

    def end_session(self, key: str) -> None:
        """End a session."""
        with self._lock:
            self._sessions.pop(_hash(key), None)
            if self._kept.pop(_hash(key), None) is not None:
                self._kept_sessions.drop(_hash(key))

    def port_of_sessions(self) -> int | None:
        """Return the port at which browsers that are still let in found a daemon; None without such browsers."""
        return self._kept_sessions.port() if self._kept_sessions.read() else None

    def keep_port(self, port: int) -> None:
        """Keep the port of this daemon for the next one."""
        self._kept_sessions.keep_port(port)

    def is_token(self, token: str) -> bool:
        """Return whether *token* is that of the library now."""
        known = read_token(self._library)
        return known is not None and hmac.compare_digest(_hash(token), _hash(known))

    def _keep(self, key: bytes) -> None:
        self._kept[key] = self._sessions[key]
        self._kept_sessions.keep(key, self._sessions[key] - self._clock())

    def _put(self, where: dict[bytes, float], key: str, seconds: float) -> None:
        now = self._clock()
        for each in [each for each, until in where.items() if until <= now]:
            del where[each]
        where.pop(_hash(key), None)
        while len(where) >= _MOST:
            del where[next(iter(where))]
        where[_hash(key)] = now + seconds


def read_token(library: Path) -> str | None:
    """Return the token of *library*; None if none was made."""
    try:
        return read_file(library / TOKEN_FILE, _LONGEST).decode("ascii").strip() or None
    except (OSError, ValueError):
        return None


def make_token(library: Path) -> str:
    """Make a token in place of the one before, in a file that only its owner can read. Raises `OSError`."""
    token = secrets.token_urlsafe(32)
    write_private(library / TOKEN_FILE, f"{token}\n")
    return token


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
