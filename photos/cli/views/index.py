"""Indexing on the terminal: progress, the result, and the files that could not be indexed."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from photos.cli.kit.format import counted, duration, file_name, shown_path
from photos.cli.kit.output import write_json
from photos.cli.kit.progress import ProgressBars
from photos.cli.kit.terminal import prose
from photos.cli.views.failed import by_reason, not_pictures
from photos.errors import safe
from photos.records.library import add_preview_record, event_record, index_record
from photos.sizes import readable_size
from store.records import Outcome

if TYPE_CHECKING:
    from indexer import IndexReport
    from photos.operations.indexing.add_preview import AddPreview
    from photos.operations.indexing.index import IndexResult
    from store.records import Folder, Problem

#: Files that are named; the rest is counted.
_NAMED = 3
#: Characters of a rule that are shown.
_QUOTED = 60
_LONGEST_NAME = 32
#: Reasons that are listed separately.
_REASONS = 6


class JsonEvents:
    """Receiver of events that writes each event of the indexer to standard output as one JSON object a line."""

    def report(self, event: object, /) -> None:
        """Write one event."""
        record = event_record(event)
        if record is not None:
            write_json(record)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing."""


def index_progress(*, as_json: bool) -> JsonEvents | ProgressBars:
    """Make the receiver of an index operation's events: JSON for programs, bars for people."""
    return JsonEvents() if as_json else ProgressBars()


def show_result(result: IndexResult, *, as_json: bool) -> None:
    """Print the result of indexing."""
    if as_json:
        write_json(index_record(result))
        return
    for line in result_lines(result):
        click.echo(prose(line))


def show_add_previews(previews: Sequence[AddPreview], *, as_json: bool) -> None:
    """Print for each folder what adding it would read."""
    for preview in previews:
        if as_json:
            write_json(add_preview_record(preview))
        else:
            click.echo(_add_preview_line(preview))


def _add_preview_line(preview: AddPreview) -> str:
    pictures = f"{counted(preview.pictures, 'picture')} ({readable_size(preview.size)})"
    others = preview.files - preview.pictures - preview.companions
    parts = [f"{pictures} in {counted(preview.files, 'file')}"]
    parts += [f"{counted(preview.companions, 'companion')}"] if preview.companions else []
    parts += [f"{counted(others, 'other file')}"] if others else []
    parts += [f"{counted(preview.left_out, 'path')} left out by rules"] if preview.left_out else []
    line = f"Would add {shown_path(preview.path)}: {', '.join(parts)}."
    if preview.around is not None:
        where = (
            "it was added already" if preview.around == preview.path else f"it is part of {shown_path(preview.around)}"
        )
        line += f" Nothing new: {where}."
    if preview.within:
        line += f" Becoming part of it: {', '.join(map(shown_path, preview.within))}."
    return line


def result_lines(result: IndexResult) -> Iterator[str]:
    """Describe the result: photos, files that were left out with reasons, and the next commands."""
    report, took = result.report, duration(result.seconds)
    library = f"{counted(result.photos, 'photo')} in {counted(result.files, 'file')}"
    yield f"{library}; {_changes(report) or 'nothing new'}; it took {took}."
    if report.queued:
        yield "When the workers are done, `photos index` does the rest; `photos status` shows how far they are."
    yield from warning_lines(report)
    yield from _moved(result)
    yield from _left_out(result.problems, name_them=_problem_count(report) > 0)
    if others := report.outcomes.get(Outcome.NOT_A_PICTURE, 0):
        yield f"{not_pictures(others)}, and left out."
    if result.photos:
        yield 'Next: photos search "beach at sunset", photos tags, photos status'
    else:
        yield "There is no photo to search in yet."


def change_line(report: IndexReport, seconds: float) -> str | None:
    """Describe the changes of one pass in one line; None if there was none."""
    problems = _problem_count(report)
    left = f"{counted(problems, 'file')} left out (photos failed)" if problems else ""
    parts = [part for part in (_changes(report), left) if part]
    return f"{', '.join(parts)}; it took {duration(seconds)}." if parts else None


def warning_lines(report: IndexReport) -> Iterator[str]:
    """Describe everything of a pass that may need attention."""
    for folder in _absent(report):
        yield f"{shown_path(folder.path)} is not there, or suddenly empty: its photos are kept."
    for held in report.held_back:
        yield (
            f"{shown_path(held.folder.path)} has lost {counted(held.gone, 'photo')} of {held.held}. They are kept "
            "until you confirm: photos index --confirm-removals"
        )
    for bad in report.bad_rules:
        shown = bad.text if len(bad.text) <= _QUOTED else f"{bad.text[:_QUOTED]}…"
        yield f"{shown_path(bad.path)}:{bad.line}: {safe(shown)!r} is not a pattern and is ignored."
    for below, reason in report.unreadable:
        yield f"{shown_path(below)} cannot be listed ({safe(reason)}): its photos are kept."
    for path, reason in report.unread[:_NAMED]:
        yield f"{shown_path(path)}: {safe(reason)}; the next `photos index` tries again."
    for path, note in report.noted[:_NAMED]:
        yield f"{shown_path(path)}: {safe(note)}."
    if report.without_thumbnails is not None:
        yield report.without_thumbnails
    if len(report.unread) > _NAMED:
        yield f"{counted(len(report.unread) - _NAMED, 'more file')} could not be read either."


def _absent(report: IndexReport) -> list[Folder]:
    """Return the folders that are offline, less those that are there but cannot be read."""
    unreadable = {path for path, _ in report.unreadable}
    return [folder for folder in report.offline if folder.path not in unreadable]


def _moved(result: IndexResult) -> Iterator[str]:
    """Name the command for each folder that seems to have been renamed, or for all if none was recognised."""
    registered = {folder.path for folder in result.folders}
    for old, new in result.moved:
        if new in registered:
            yield f"Its files are in {shown_path(new)} now, which is indexed, too: photos remove {_typed(old)}"
        else:
            yield f"It seems to be {shown_path(new)} now: photos add --moved {_typed(old)} {_typed(new)}"
    if _absent(result.report) and not result.moved:
        yield "If it was moved or renamed: photos add --moved OLD NEW"


def _typed(path: bytes) -> str:
    return safe(shlex.quote(os.fsdecode(path)))


def _left_out(problems: Sequence[Problem], *, name_them: bool) -> Iterator[str]:
    if not problems:
        return
    if not name_them:
        yield f"{counted(len(problems), 'file')} left out, as before: `photos failed` lists them."
        return
    yield f"{counted(len(problems), 'file')} left out:"
    reasons = by_reason(problems)
    for outcome, reason, some in reasons[:_REASONS]:
        names = ", ".join(_shortened(file_name(problem.path)) for problem in some[:_NAMED])
        more = ", …" if len(some) > _NAMED else ""
        yield f"  {len(some)} {outcome}: {safe(reason)} ({names}{more})"
    rest = sum(len(some) for _, _, some in reasons[_REASONS:])
    if rest:
        yield f"  {rest} for other reasons"
    yield "  `photos failed` lists them all."


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _problem_count(report: IndexReport) -> int:
    return sum(count for outcome, count in report.outcomes.items() if outcome.is_problem)


def _changes(report: IndexReport) -> str:
    parts = [
        counted(count, what, many)
        for count, what, many in (
            (report.embedded, "photo embedded", "photos embedded"),
            (report.alike, "file that looks the same as another", "files that look the same as others"),
            (report.moved, "file of a known photo", "files of known photos"),
            (report.edited, "photo edited, its tags kept", "photos edited, their tags kept"),
            (report.companions, "companion", "companions"),
            (report.refreshed, "file whose facts were read again", "files whose facts were read again"),
            (report.gone, "file gone", "files gone"),
            (report.left_out, "file left out by rules", "files left out by rules"),
            (report.queued, "file in the queue for workers", "files in the queue for workers"),
        )
        if count
    ]
    return ", ".join(parts)
