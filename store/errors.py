"""What can go wrong with what is kept.

StoreError
├── CatalogError            (path)
│   ├── NotACatalog         another kind of file
│   ├── CatalogTooNew       made by a later version
│   ├── CatalogTooOld       made by an early version that cannot be upgraded
│   ├── CatalogBusy         another process holds it
│   ├── CatalogReadOnly     no permission to write or open
│   ├── CatalogDamaged      SQLite says so
│   ├── CatalogMoved        the file was deleted or replaced meanwhile
│   ├── DiskFull
│   └── DiskFailed          the system cannot read or write it
├── FolderCovered           inside a folder that is registered
└── BadVector               wrong shape, not finite, or not of length one
"""

from __future__ import annotations

import os
from pathlib import Path


class StoreError(Exception):
    """Anything the store refuses or cannot do."""


class CatalogError(StoreError):
    """Something is wrong with the catalog at `path`."""

    sentence = "The catalog {path} cannot be used."

    def __init__(self, path: Path, detail: str = "") -> None:
        super().__init__(path, detail)
        self.path = path
        self.detail = detail

    def __str__(self) -> str:
        """One sentence that says what to do."""
        return self.sentence.format(path=readable(os.fsencode(self.path)), detail=self.detail)


class NotACatalog(CatalogError):
    """The file is something else; it is left alone."""

    sentence = "{path} is not a photos catalog; choose another library folder with --library."


class CatalogTooNew(CatalogError):
    """The catalog was made by a later version; it is left alone."""

    sentence = "The catalog {path} was made by a newer version of photos (schema {detail}); please upgrade photos."


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


class CatalogDamaged(CatalogError):
    """SQLite finds the file damaged."""

    sentence = "The catalog {path} is damaged ({detail}); restore it from a backup, or move it away and index again."


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


class FolderCovered(StoreError):
    """The folder lies inside one that is registered already."""

    def __init__(self, path: bytes, by: bytes) -> None:
        super().__init__(path, by)
        self.path = path
        self.by = by

    def __str__(self) -> str:
        """One sentence."""
        return f"{readable(self.path)} is inside {readable(self.by)}, which is indexed already."


class BadVector(StoreError):
    """A vector that is no unit vector of its space."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        """One sentence."""
        return f"The model gave a vector that cannot be kept: {self.reason}."


def readable(path: bytes) -> str:
    """*path* as text that is safe to show: bytes that are no text, and control characters, are escaped."""
    text = path.decode("utf-8", "backslashreplace")
    return "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode("ascii") for mark in text)
