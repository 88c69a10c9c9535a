"""A cache of small pictures: one SQLite file, by the content of the photo that a picture was made from.

The file is no part of the catalog. It may be deleted or replaced at any time, also while it is open, and a damaged one
is made anew. So nothing here waits for the disk, there is no log beside the file, and readers take every failure for
an absent picture.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from store.errors import CacheUnwritable
from store.private_files import as_catalog, make_folder

T = TypeVar("T")

#: Raised when the table changes; a file with another number is made anew.
_VERSION: Final = 1
#: Seconds to wait for another process that writes. Its transactions take milliseconds.
_PATIENCE: Final = 2.0
#: Bytes of a SHA-256.
_HASH: Final = 32
#: Seconds after which a picture's last use is noted again, so that most reads write nothing.
_GRAIN: Final = 3600
#: Share of its limit that a full cache is emptied to, and pictures that are deleted at once.
_ROOM: Final = 0.9
_STEP: Final = 8
#: Contents that are compared or deleted in one statement.
_CHUNK: Final = 500
#: Errors of a file that is no database of ours any more, and starts of messages without a code of their own.
_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})
_OF_DAMAGE: Final = ("malformed", "no such table", "no such column", "database schema", "Could not decode")

_TABLE: Final = """
CREATE TABLE picture (
    content_hash BLOB NOT NULL,
    side INTEGER NOT NULL,
    method INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    image BLOB NOT NULL,
    UNIQUE (content_hash, side)
)
"""
_BY_USE: Final = "CREATE INDEX picture_by_use ON picture (used_at)"
_GET: Final = """
SELECT rowid, used_at, checksum, image FROM picture
WHERE content_hash BETWEEN ? AND ? AND side = ? AND method = ? LIMIT 1
"""
_PUT: Final = "INSERT OR REPLACE INTO picture VALUES (?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class CachedPicture:
    """A picture made from the photo with that content: its longer side's limit in pixels, and the file's bytes.

    `method` numbers the way in which it was made: a picture that was made in another way is absent.
    """

    content_hash: bytes
    side: int
    method: int
    image: bytes


@dataclass(frozen=True, slots=True)
class CacheUse:
    """Number of pictures in a cache, and the bytes of its file."""

    pictures: int
    bytes: int


class PictureCache:
    """The cache in the file at *path*, made when something is first put. Threads and processes may share it.

    With *most* bytes, the pictures that have not been used for longest make room for new ones.
    """

    def __init__(self, path: Path, most: int | None = None) -> None:
        # A link leads to another disk, and stays.
        self._path = os.path.realpath(path)
        self._most = most
        self._lock = threading.Lock()
        self._open: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None

    def get(self, content_hash: bytes, side: int, method: int) -> bytes | None:
        """Return a picture; None if it is not there, or cannot be read now.

        *content_hash* may be the first bytes of one, eight or more.
        """

        def find(connection: sqlite3.Connection) -> bytes | None:
            last = content_hash.ljust(_HASH, b"\xff")
            row = connection.execute(_GET, (content_hash, last, side, method)).fetchone()
            if row is None:
                return None
            rowid, used_at, checksum, image = row
            if not isinstance(image, bytes) or zlib.crc32(image) != checksum:
                connection.execute("DELETE FROM picture WHERE rowid = ?", (rowid,))
                return None
            self._note_use(connection, rowid, used_at)
            return image

        return self._read(find, None)

    def put(self, pictures: Sequence[CachedPicture]) -> None:
        """Keep *pictures*, in place of earlier ones of the same sizes. Raises `CacheUnwritable`."""
        now = int(time.time())

        def insert(connection: sqlite3.Connection) -> None:
            rows = [(one.content_hash, one.side, one.method, now, zlib.crc32(one.image), one.image) for one in pictures]
            with _transaction(connection):
                connection.executemany(_PUT, rows)
                if self._most is not None:
                    _make_room(connection, self._most)

        if pictures:
            self._write(insert)

    def lacking(self, hashes: Iterable[bytes], side: int, method: int) -> list[bytes]:
        """Return those of the contents *hashes* that have no picture of that size, in their order."""

        def held(connection: sqlite3.Connection) -> set[bytes]:
            rows = connection.execute("SELECT content_hash FROM picture WHERE side = ? AND method = ?", (side, method))
            return {content_hash for (content_hash,) in rows}

        there: set[bytes] = self._read(held, set())
        return [content_hash for content_hash in hashes if content_hash not in there]

    def has(self, content_hash: bytes, side: int, method: int) -> bool:
        """Return whether there is such a picture. Its bytes are not read."""
        query = "SELECT 1 FROM picture WHERE content_hash = ? AND side = ? AND method = ?"
        return self._read(lambda open_: open_.execute(query, (content_hash, side, method)).fetchone(), None) is not None

    def keep_only(self, hashes: set[bytes]) -> int:
        """Drop the pictures of all contents but *hashes*, overwrite their bytes, and return how many were dropped.

        Raises `CacheUnwritable`.
        """

        def drop(connection: sqlite3.Connection) -> int:
            connection.execute("PRAGMA secure_delete = ON")
            with _transaction(connection):
                rows = connection.execute("SELECT rowid, content_hash FROM picture").fetchall()
                gone = [(rowid,) for rowid, content_hash in rows if content_hash not in hashes]
                connection.executemany("DELETE FROM picture WHERE rowid = ?", gone)
            # Run as a query, it would free one page only.
            connection.executescript("PRAGMA incremental_vacuum")
            connection.execute("PRAGMA secure_delete = OFF")
            return len(gone)

        if not os.path.exists(self._path):
            return 0
        return self._write(drop)

    def use(self) -> CacheUse:
        """Return what the cache holds; nothing of a file that cannot be read."""
        count = self._read(lambda open_: open_.execute("SELECT count(*) FROM picture").fetchone()[0], 0)
        try:
            size = os.stat(self._path).st_size
        except OSError:
            size = 0
        return CacheUse(int(count), size)

    def close(self) -> None:
        """Close the file. The cache can be used again."""
        with self._lock:
            self._close()

    def _read(self, ask: Callable[[sqlite3.Connection], T], absent: T) -> T:
        """Ask an existing file; *absent* if there is none, or if it cannot be read."""
        with self._lock:
            try:
                connection = self._connection()
                return absent if connection is None else ask(connection)
            except sqlite3.Error as error:
                if _is_damage(error):
                    self._discard()
                return absent
            except OSError:
                return absent

    def _write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Change the file, which is made if there is none, and anew if it is damaged. Raises `CacheUnwritable`."""
        with self._lock:
            try:
                try:
                    return change(self._made())
                except sqlite3.Error as error:
                    if not _is_damage(error):
                        raise
                    self._discard()
                    return change(self._made())
            except (sqlite3.Error, OSError) as error:
                self._close()
                reason = error.strerror if isinstance(error, OSError) else str(error)
                raise CacheUnwritable(Path(self._path), reason or str(error)) from error

    def _connection(self) -> sqlite3.Connection | None:
        """Return the open file, opened again if another took its place; None if there is none."""
        now = _identity(self._path)
        if self._open is None or now != self._identity:
            self._close()
            if now is None:
                return None
            # First: whoever finds it damaged discards this file.
            self._identity = now
            self._open = _connect(self._path)
            (version,) = self._open.execute("PRAGMA user_version").fetchone()
            if version != _VERSION:
                raise sqlite3.DatabaseError("malformed: it is of another version")
        return self._open

    def _made(self) -> sqlite3.Connection:
        connection = None if _is_empty(self._path) else self._connection()
        if connection is not None:
            return connection
        self._close()
        make_folder(Path(self._path).parent)
        os.close(as_catalog(self._path, os.O_RDWR | os.O_CREAT))
        self._identity = _identity(self._path)
        self._open = connection = _connect(self._path)
        # Only in an empty file; given to the system again, the room of dropped pictures is not held for ever.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        with _transaction(connection):
            # Another process may be making it.
            if connection.execute("PRAGMA user_version").fetchone() == (0,):
                connection.execute(_TABLE)
                connection.execute(_BY_USE)
                connection.execute(f"PRAGMA user_version = {_VERSION}")
        return connection

    def _note_use(self, connection: sqlite3.Connection, rowid: int, used_at: int) -> None:
        """Note that a picture is used, so that others make room before it. Without a limit that does not matter."""
        now = int(time.time())
        if self._most is not None and not 0 <= now - used_at < _GRAIN:
            # It is there all the same if another process is writing, or the disk is full.
            with suppress(sqlite3.Error):
                connection.execute("UPDATE picture SET used_at = ? WHERE rowid = ?", (now, rowid))

    def _discard(self) -> None:
        """Delete the file if it is still the one that was opened. A folder, a pipe or a device stays."""
        identity = self._identity
        self._close()
        if identity is not None and _identity(self._path) == identity and os.path.isfile(self._path):
            for path in (self._path, f"{self._path}-journal"):
                with suppress(OSError):
                    os.unlink(path)

    def _close(self) -> None:
        if self._open is not None:
            with suppress(sqlite3.Error):
                self._open.close()
        self._open = self._identity = None


def _connect(path: str) -> sqlite3.Connection:
    # Threads take turns by the cache's lock.
    connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        # Pictures that a power cut loses are made again.
        connection.execute("PRAGMA synchronous = OFF")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _make_room(connection: sqlite3.Connection, most: int) -> None:
    """Delete the pictures that have not been used for longest if all take more than *most* bytes."""
    if _held(connection) <= most:
        return
    oldest = "SELECT rowid FROM picture ORDER BY used_at, rowid LIMIT ?"
    while _held(connection) > most * _ROOM:
        if not connection.execute(f"DELETE FROM picture WHERE rowid IN ({oldest})", (_STEP,)).rowcount:  # noqa: S608 - our own text
            break


def _held(connection: sqlite3.Connection) -> int:
    """Bytes of the pages in use."""
    used, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((used - free) * size)


def _is_damage(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None and (code & 0xFF in _DAMAGE or code == sqlite3.SQLITE_IOERR_SHORT_READ):
        return True
    return code in {None, sqlite3.SQLITE_ERROR} and str(error).startswith(_OF_DAMAGE)


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _is_empty(path: str) -> bool:
    try:
        return os.stat(path).st_size == 0
    except OSError:
        return True
