"""Attempts to decode a content that failed for no fault that is known of it: a crash, a clock, too little memory."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, delete, select

from store.records import Attempts
from store.sql import schema
from store.sql.dialect import replacing

_attempt = schema.attempt
# Built once: making a statement costs more than running it.
_OF = select(_attempt.c.tries, _attempt.c.last_at, _attempt.c.reason).where(
    _attempt.c.content_hash == bindparam("content")
)
_PUT = replacing(_attempt, ["content_hash"], ["tries", "last_at", "reason"])


class AttemptLog:
    """Counts failed attempts by content, wherever it lies."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, content_hash: bytes) -> Attempts | None:
        """The attempts at the content of that SHA-256; None if none has failed."""
        row = self._connection.execute(_OF, {"content": content_hash}).one_or_none()
        return None if row is None else Attempts(row.tries, row.last_at, row.reason)

    def note(self, content_hash: bytes, reason: str) -> None:
        """One more has just failed."""
        before = self.of(content_hash)
        now = datetime.now(UTC).replace(tzinfo=None)
        count = 1 if before is None else before.count + 1
        row = {
            "content_hash": content_hash,
            "tries": count,
            "last_at": now,
            "reason": reason.encode("utf-8", "backslashreplace").decode("utf-8"),
        }
        self._connection.execute(_PUT, row)

    def forget(self) -> None:
        """Give every content another chance."""
        self._connection.execute(delete(_attempt))
