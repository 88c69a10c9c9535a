"""What the indexer tells of its work while it does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from store import Outcome


@dataclass(frozen=True, slots=True)
class FolderScanned:
    """A folder was walked: `to_read` of its `files` are new or changed."""

    folder: bytes
    files: int
    to_read: int


@dataclass(frozen=True, slots=True)
class FolderOffline:
    """A folder cannot be listed, or is suddenly empty. What is known of it is kept."""

    folder: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class ReadingBegins:
    """All folders were walked: `files` are to be read, those whose photos lack an embedding among them."""

    files: int


@dataclass(frozen=True, slots=True)
class FileDone:
    """A file came to its end, by absolute path; `reason` is None if it was indexed."""

    path: bytes
    outcome: Outcome
    reason: str | None


Event = FolderScanned | ReadingBegins | FolderOffline | FileDone


class Progress(Protocol):
    """Hears of events, on the thread that called the indexer."""

    def report(self, event: Event) -> None:
        """Take note of *event*."""
        ...
