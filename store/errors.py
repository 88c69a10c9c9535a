"""Errors: the base of all errors that people see, and those of the store.

PhotosError                 `code`, `status`, `fields`, and one sentence that says what to do
└── StoreError
    ├── CatalogError        (path, detail)
    │   ├── NotACatalog     another kind of file
    │   │   └── ForeignDatabase     a database of another program
    │   ├── CatalogTooNew   made by a later version
    │   ├── CatalogTooOld   made by an early version that cannot be upgraded
    │   ├── CatalogBusy     another process holds it
    │   ├── CatalogReadOnly no permission to write or open
    │   │   └── DatabaseReadOnly    a role or a server that may only read
    │   ├── CatalogDamaged  the database says so
    │   │   └── WordIndexDamaged    of the index of words, which can be made anew
    │   ├── CatalogMoved    the file was deleted or replaced while it was open
    │   ├── DiskFull
    │   ├── DiskFailed      the system cannot read or write it
    │   ├── CatalogUnreachable  the server does not answer, or not now
    │   │   └── CatalogRefused      it answers, and lets this role not in
    │   ├── NoCatalog       nothing there that could be copied
    │   ├── CatalogNotEmpty a library is there already
    │   ├── UnfinishedCopy  a copy of another catalog, of which something lacks
    │   ├── CopyRunning     another process copies to it
    │   ├── RowRefused      it cannot hold a row of the catalog that is copied
    │   ├── CopyDiffers     it is not what was copied
    │   ├── DatabaseForbidden       the role may not even read it
    │   ├── PgvectorMissing, PgvectorTooOld, DatabaseNotUnicode     the database cannot hold a catalog
    │   ├── QueueOfAnother  the database has another program's queue of work
    │   └── PostgresNotInstalled    this program lacks the driver
    ├── BadCatalogAddress   no address of a PostgreSQL database
    ├── CacheUnwritable     pictures cannot be kept in a file beside the catalog
    ├── FolderCovered       inside a folder that is registered
    └── BadVector           wrong shape, not finite, or not of length one

The base stands here because the store is the lowest floor. `query.errors`, `indexer.errors` and `photos.errors`
extend it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import ClassVar, Final, dataclass_transform


@dataclass_transform(eq_default=False)
class PhotosError(Exception):
    """Base of all errors that people see. A subclass names its fields by annotations, as a dataclass does.

    `code` is stable: scripts and HTTP clients may rely on it. `status` is the exit status. `sentence` is a template
    over the fields, each of which is made safe for a terminal; a subclass with more to decide overrides `__str__`.
    The fields are the arguments of the constructor, in order. A decorator of `dataclasses` would do the same at ten
    times the cost, for some sixty classes at every start.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 1
    sentence: ClassVar[str] = "Something went wrong."
    _names: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "code" not in cls.__dict__:
            cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
        annotations = cls.__dict__.get("__annotations__", {})  # noqa: RUF063 - `inspect` is slow to import
        own = (name for name, kind in annotations.items() if "ClassVar" not in str(kind))
        cls._names = tuple(dict.fromkeys((*cls._names, *own)))

    def __init__(self, *values: object, **named: object) -> None:
        given = dict(zip(self._names, values, strict=False)) | named
        missing = [name for name in self._names if name not in given and not hasattr(type(self), name)]
        if len(values) > len(self._names) or missing or not given.keys() <= set(self._names):
            raise TypeError(f"{type(self).__name__} takes {', '.join(self._names) or 'nothing'}")
        for name in self._names:
            setattr(self, name, given.get(name, getattr(type(self), name, None)))
        super().__init__(*self.fields.values())

    @property
    def fields(self) -> dict[str, object]:
        """The values that the sentence is made of, by name."""
        return {name: getattr(self, name) for name in self._names}

    def __str__(self) -> str:
        """One sentence that says what to do."""
        shown = {
            name: safe(value) if isinstance(value, str | bytes | Path) else value for name, value in self.fields.items()
        }
        return self.sentence.format_map(shown)


class StoreError(PhotosError):
    """Base of the store's errors."""


class CatalogError(StoreError):
    """Something is wrong with the catalog at `path`."""

    sentence = "The catalog {path} cannot be used."
    #: A file's path, or the address of a database without its password.
    path: Path | str
    detail: str = ""


class NotACatalog(CatalogError):
    """The file is something else; it is left alone."""

    sentence = "{path} is not a photos catalog; choose another library folder with --library."


class ForeignDatabase(NotACatalog):
    """The database on the server has tables of another program; it is left alone."""

    sentence = "The database {path} belongs to another program; make an empty one for photos, and name that."


class CatalogTooNew(CatalogError):
    """The catalog was made by a later version; it is left alone."""

    sentence = "The catalog {path} was made by a newer version of photos (schema {detail}); please upgrade photos."


class CatalogUpgraded(CatalogError):
    """A later version upgraded the catalog while it was open here; it is left alone."""

    sentence = (
        "The catalog {path} was upgraded by a newer version of photos (schema {detail}) while this program was "
        "running; start it again, in that version."
    )


class CatalogTooOld(CatalogError):
    """The catalog was made by an early version and cannot be upgraded; it is left alone."""

    sentence = (
        "The catalog {path} was made by an early version of photos (schema {detail}) and cannot be upgraded; add your "
        "folders to a new library, with --library or after moving this one away."
    )


class CatalogBusy(CatalogError):
    """Another process has held the catalog for too long."""

    sentence = "The catalog {path} is busy: another photos process is writing to it; try again when it is done."


class CatalogReadOnly(CatalogError):
    """The catalog or its folder may not be written or opened."""

    sentence = "The catalog {path} cannot be opened for writing; check the permissions of the file and its folder."


class DatabaseReadOnly(CatalogReadOnly):
    """The role, or the server, may only read the catalog."""

    sentence = (
        "The catalog {path} cannot be changed ({detail}); searching it works, and for the rest its administrator must "
        "give this role the right to write."
    )


class DatabaseForbidden(CatalogError):
    """The role may not even read the catalog."""

    sentence = (
        "This role may not read the catalog {path} ({detail}); its administrator must give it the rights, as "
        "`photos help postgres` tells."
    )


class CatalogDamaged(CatalogError):
    """The database finds itself damaged."""

    sentence = "The catalog {path} is damaged ({detail}); restore it from a backup, or move it away and index again."


class WordIndexDamaged(CatalogDamaged):
    """SQLite finds the index of the words of captions and texts damaged, which follows from other tables."""

    sentence = "The index of words in the catalog {path} is damaged ({detail}); `photos verify --repair` makes it anew."


class CatalogMoved(CatalogError):
    """The catalog's file was deleted or replaced while it was open."""

    sentence = "The catalog {path} was moved or deleted while it was in use; nothing more was written."


class DiskFull(CatalogError):
    """There is no room left for the catalog."""

    sentence = (
        "The disk that holds {path} is full; make room and run the command again, nothing that was finished is lost."
    )


class DiskFailed(CatalogError):
    """The system could not read or write the catalog: a limit, a quota, a lost connection, a failing disk."""

    sentence = (
        "The catalog {path} could not be read or written ({detail}); check the disk, its limits and its connection, "
        "and run the command again."
    )


class CatalogUnreachable(CatalogError):
    """The server of the catalog does not answer, refuses the connection, or ended it."""

    sentence = (
        "The server of the catalog {path} does not answer ({detail}); check the address, the password and the server, "
        "and run the command again, nothing that was finished is lost."
    )


class CatalogRefused(CatalogUnreachable):
    """The server of the catalog answers, and does not accept the connection: a password, a name, or not now."""

    sentence = (
        "The server of the catalog {path} refused the connection ({detail}); check the address, the role and its "
        "password, and run the command again, nothing that was finished is lost."
    )


class NoCatalog(CatalogError):
    """There is no catalog at that place."""

    sentence = (
        "There is no catalog at {path}; name the folder of a library, or an address such as "
        "postgresql://user@host/database."
    )


class CatalogNotEmpty(CatalogError):
    """A library is at the place to which another one is to be copied; it is left alone."""

    sentence = "The catalog {path} holds a library already; copy to a new folder, or to an empty database."


class UnfinishedCopy(CatalogError):
    """The catalog is a copy of the one at `source`, of which something lacks; nothing is read from it."""

    source: str = ""
    #: The place as the command names it.
    target: str = ""

    def __str__(self) -> str:
        import shlex  # noqa: PLC0415 - only for a mistake

        places = " ".join(shlex.quote(safe(place)) for place in (self.source, self.target))
        return (
            f"The catalog {safe(self.path)} is a copy that was not finished; `photos catalog copy {places}` goes on "
            "with it, and the option --restart lets any copy to that place begin anew."
        )


class CopyRunning(CatalogError):
    """Another process copies a library to that place."""

    sentence = "Another process is copying a library to {path}; wait until it is done."


class RowRefused(CatalogError):
    """The database cannot hold a row of the table `table` of the catalog `source`."""

    sentence = (
        "A row of the table {table} in {source} cannot be kept in {path} ({detail}); the copy stopped there, and goes "
        "on when the same command is run after a repair."
    )
    source: Path | str = ""
    table: str = ""


class CopyDiffers(CatalogError):
    """Rows of a table were read back and are not those that were copied."""

    sentence = (
        "The copy at {path} differs from its source in the table {table}, so it was not put to use; check that disk, "
        "and run the command again, which copies that table anew."
    )
    table: str = ""


class PgvectorMissing(CatalogError):
    """The database lacks the extension in which vectors are kept, and this role cannot make it."""

    sentence = (
        "The database {path} lacks pgvector, which keeps the photos' vectors ({detail}); install pgvector 0.8.4 or "
        "newer on the server, and let an administrator run CREATE EXTENSION vector in that database."
    )


class PgvectorTooOld(CatalogError):
    """The extension in the database has faults that damage a catalog's indexes."""

    sentence = (
        "The database {path} has pgvector {detail}, which may damage its indexes; install 0.8.4 or newer on the "
        "server, and let an administrator run ALTER EXTENSION vector UPDATE in that database."
    )


class DatabaseNotUnicode(CatalogError):
    """The database cannot hold all texts."""

    sentence = "The database {path} has the encoding {detail}; make one with the encoding UTF8, and name that."


class QueueOfAnother(CatalogError):
    """The database has tables of procrastinate that another program uses."""

    sentence = (
        "The database {path} has another program's queue of work, in tables of procrastinate; give photos a database "
        "of its own, or move that program's tables to another schema."
    )


class PostgresNotInstalled(CatalogError):
    """The program was installed without the driver for PostgreSQL."""

    sentence = "The catalog {path} is on PostgreSQL, which needs more packages: pip install 'photos[postgres]'."


class BadCatalogAddress(StoreError):
    """The address of a catalog cannot be read. It is not repeated: it may hold a password."""

    sentence = "The catalog's address cannot be read; it should look like postgresql://user@host/database."


class CacheUnwritable(StoreError):
    """Small pictures cannot be kept in the file at `path`, which is no part of the catalog."""

    sentence = "Thumbnails cannot be kept in {path} ({reason}); make room, or turn them off with thumbnails = false."
    path: Path
    reason: str


class FolderCovered(StoreError):
    """The folder lies inside one that is registered already."""

    sentence = "{path} is inside {by}, which is indexed already."
    path: bytes
    by: bytes


class BadVector(StoreError):
    """The vector is no unit vector of its space."""

    sentence = "The model gave a vector that cannot be kept: {reason}."
    reason: str


#: Errors of a server, a disk or another process: work goes on when they are over.
PASSING: Final = (CatalogBusy, CatalogUnreachable, DiskFull, DiskFailed)


def safe(text: str | bytes | os.PathLike[str]) -> str:
    """*text* with everything escaped that a terminal could take as a command, and bytes that are no text."""
    if not isinstance(text, str | bytes):
        text = os.fspath(text)
    plain = text.decode("utf-8", "backslashreplace") if isinstance(text, bytes) else text
    return "".join(mark if is_shown(mark) else mark.encode("unicode_escape").decode("ascii") for mark in plain)


def is_shown(text: str) -> bool:
    """Return whether *text* has only characters that a reader sees, or that join those: no control characters.

    The zero-width joiner and non-joiner are letters of words in Persian, Hindi and other languages, and of emoji.
    """
    return text.isprintable() or text.translate(_JOINERS).isprintable()


#: U+200C, U+200D, and the letters of flags.
_JOINERS = dict.fromkeys([0x200C, 0x200D, *range(0xE0020, 0xE0080)])
