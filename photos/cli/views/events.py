"""What happens while folders are indexed, for programs: one JSON object a line."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from photos.cli.kit.output import write_json
from photos.records.photos import text_of

if TYPE_CHECKING:
    from indexer import Event, IndexReport


class JsonProgress:
    """Listens to the indexer and writes each event to standard output."""

    def report(self, event: Event) -> None:
        """Write *event*."""
        from indexer import FileDone, FolderOffline, FolderScanned, ReadingBegins

        match event:
            case FolderScanned():
                folder = text_of(event.folder)
                write_json({"event": "folder", "path": folder, "files": event.files, "to_read": event.to_read})
            case FolderOffline():
                write_json({"event": "offline", "path": text_of(event.folder), "reason": event.reason})
            case ReadingBegins():
                write_json({"event": "reading", "files": event.files})
            case FileDone():
                outcome = str(event.outcome)
                write_json({"event": "file", "path": text_of(event.path), "outcome": outcome, "reason": event.reason})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held open."""


def write_end(report: IndexReport, photos: int, seconds: float) -> None:
    """Write what came of it: the last line."""
    write_json(
        {
            "event": "done",
            "seconds": round(seconds, 3),
            "photos": photos,
            "embedded": report.embedded,
            "alike": report.alike,
            "moved": report.moved,
            "companions": report.companions,
            "unchanged": report.unchanged,
            "gone": report.gone,
            "left_out": report.left_out,
            "outcomes": {str(outcome): count for outcome, count in report.outcomes.items() if count},
            "offline": [text_of(folder.path) for folder in report.offline],
            "held_back": [
                {"path": text_of(held.folder.path), "gone": held.gone, "held": held.held} for held in report.held_back
            ],
        }
    )
