"""Indexing on the terminal: progress, the result, and the files that could not be indexed."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from photos.cli.kit.format import counted, duration, file_name, shown_path
from photos.cli.kit.output import write_json
from photos.cli.kit.progress import ProgressBars
from photos.cli.kit.terminal import prose
from photos.errors import safe
from photos.records.library import event_record, index_record, problem_record

if TYPE_CHECKING:
    from indexer import IndexReport
    from photos.operations.index import IndexResult
    from store.records import Problem

#: Files that are named; the rest is counted.
_NAMED = 3
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


def show_problems(problems: Sequence[Problem], *, as_json: bool) -> None:
    """Print each file that could not be indexed, with the reason."""
    for problem in problems:
        if as_json:
            write_json(problem_record(problem))
        else:
            click.echo(f"{shown_path(problem.path)}: {problem.outcome}: {safe(problem.reason)}")
    if not problems and not as_json:
        click.echo("Every file was indexed.", err=True)


def result_lines(result: IndexResult) -> Iterator[str]:
    """Describe the result: photos, files that were left out with reasons, and the next commands."""
    report, took = result.report, duration(result.seconds)
    library = f"{counted(result.photos, 'photo')} in {counted(result.files, 'file')}"
    yield f"{library}; {_changes(report) or 'nothing new'}; it took {took}."
    yield from warning_lines(report)
    yield from _moved(result)
    yield from _left_out(result.problems, name_them=_problem_count(report) > 0)
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
    for folder in report.offline:
        yield f"{shown_path(folder.path)} is not there, or suddenly empty: its photos are kept."
    for held in report.held_back:
        yield (
            f"{shown_path(held.folder.path)} has lost {counted(held.gone, 'photo')} of {held.held}. They are kept "
            "until you confirm: photos index --confirm-removals"
        )
    for bad in report.bad_rules:
        yield f"{shown_path(bad.path)}:{bad.line}: {safe(bad.text)!r} is not a pattern and is ignored."
    for below, reason in report.unreadable:
        yield f"{shown_path(below)} cannot be listed ({safe(reason)}): its photos are kept."
    for path, reason in report.unread[:_NAMED]:
        yield f"{shown_path(path)} could not be read ({safe(reason)}); the next `photos index` tries again."
    for path, note in report.noted[:_NAMED]:
        yield f"{shown_path(path)}: {safe(note)}."
    if len(report.unread) > _NAMED:
        yield f"{counted(len(report.unread) - _NAMED, 'more file')} could not be read either."


def _moved(result: IndexResult) -> Iterator[str]:
    """Name the command for each folder that seems to have been renamed, or for all if none was recognised."""
    registered = {folder.path for folder in result.folders}
    for old, new in result.moved:
        if new in registered:
            yield f"Its files are in {shown_path(new)} now, which is indexed, too: photos remove {_typed(old)}"
        else:
            yield f"It seems to be {shown_path(new)} now: photos add --moved {_typed(old)} {_typed(new)}"
    if result.report.offline and not result.moved:
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
    reasons = Counter((problem.outcome, problem.reason) for problem in problems)
    for (outcome, reason), count in reasons.most_common(_REASONS):
        some = [problem for problem in problems if (problem.outcome, problem.reason) == (outcome, reason)]
        names = ", ".join(_shortened(file_name(problem.path)) for problem in some[:_NAMED])
        more = ", …" if count > _NAMED else ""
        yield f"  {count} {outcome}: {reason.rstrip('.')} ({names}{more})"
    rest = sum(reasons.values()) - sum(count for _, count in reasons.most_common(_REASONS))
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
            (report.gone, "file gone", "files gone"),
            (report.left_out, "file left out by rules", "files left out by rules"),
        )
        if count
    ]
    return ", ".join(parts)
