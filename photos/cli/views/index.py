"""Indexes folders, with a bar while it lasts and a summary at its end."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, duration, file_name, shown_path
from photos.cli.kit.progress import Bar, FileProgress
from photos.cli.views.events import JsonProgress, write_end
from photos.daemon.lock import keeper_of
from photos.errors import safe
from photos.operations.index import bring_up_to_date
from photos.output.durations import Stopwatch
from store import Outcome, Problem

if TYPE_CHECKING:
    from indexer import IndexReport
    from photos.library import OpenLibrary
    from photos.operations.models import Model
    from store import Folder

#: Problems that are named; the rest is counted.
_NAMED = 3
_LONGEST_NAME = 32
#: Reasons that are told apart.
_REASONS = 6


def index_and_tell(
    app: OpenLibrary,
    model: Model,
    folders: Sequence[Folder],
    *,
    confirm_removals: bool = False,
    check_embeddings: bool = False,
    as_json: bool = False,
) -> None:
    """Bring *folders* up to date and say what came of it: to people, or *as_json* to programs while it happens."""
    watch = Stopwatch()
    if _was_interrupted(app):
        click.echo("The last run was interrupted; what it finished is kept, and this one goes on.", err=True)
    listener = JsonProgress() if as_json else FileProgress()
    with listener as files, Bar("Encoding labels", None, "text") as labels:
        report = bring_up_to_date(
            app,
            model,
            folders,
            files,
            labels.reach,
            confirm_removals=confirm_removals,
            check_embeddings=check_embeddings,
        )
    if as_json:
        with app.catalog.read() as t:
            photos = t.photos.count()
        write_end(report, photos, watch.seconds())
        return
    for line in summary(app, folders, report, watch.seconds()):
        click.echo(line)


def give_way(nice: int) -> None:
    """Let other programs go first, the more the higher *nice*, up to 19. Not on Windows, which has no such thing."""
    if nice and hasattr(os, "nice"):
        os.nice(nice)


def _was_interrupted(app: OpenLibrary) -> bool:
    with app.catalog.read() as t:
        is_indexing = t.library.is_indexing()
    return is_indexing and keeper_of(app.settings.library) is None


def summary(app: OpenLibrary, folders: Sequence[Folder], report: IndexReport, seconds: float) -> Iterator[str]:
    """What came of it: photos, files that were left out and why, and what to do next."""
    with app.catalog.read() as t:
        photos, files = t.photos.count(), t.files.counts().get(Outcome.INDEXED, 0)
        problems = [problem for problem in t.files.problems() if _is_in(problem, folders)]
    yield f"{counted(photos, 'photo')} in {counted(files, 'file')}; {_news(report)}; it took {duration(seconds)}."
    yield from _remarks(report)
    is_news = any(count for outcome, count in report.outcomes.items() if outcome.is_problem)
    yield from _left_out(problems, name_them=is_news)
    if photos:
        yield 'Next: photos search "beach at sunset", photos tags, photos status'
    else:
        yield "There is no photo to search in yet."


def happened(report: IndexReport, seconds: float) -> Iterator[str]:
    """What a pass of `watch` did, and nothing if it did nothing."""
    bad = sum(count for outcome, count in report.outcomes.items() if outcome.is_problem)
    if report.embedded or report.alike or report.moved or report.companions or report.gone or report.left_out or bad:
        left = f", {counted(bad, 'file')} left out (photos failed)" if bad else ""
        yield f"{_news(report)}{left}; it took {duration(seconds)}."
    yield from _remarks(report)


def _remarks(report: IndexReport) -> Iterator[str]:
    for folder in report.offline:
        yield f"{shown_path(folder.path)} is not there, or suddenly empty: its photos are kept as they were."
    for held in report.held_back:
        yield (
            f"{shown_path(held.folder.path)} has lost {counted(held.gone, 'photo')} of {held.held}. They are kept "
            "until you say that it is right: photos index --confirm-removals"
        )
    for bad in report.bad_rules:
        yield f"{shown_path(bad.path)}:{bad.line}: {safe(bad.text)!r} is no pattern and is passed over."
    for below, reason in report.unreadable:
        yield f"{shown_path(below)} cannot be listed ({safe(reason)}): its photos are kept as they were."
    for path, reason in report.unread[:_NAMED]:
        yield f"{shown_path(path)} could not be read ({safe(reason)}); the next `photos index` tries again."
    if len(report.unread) > _NAMED:
        yield f"{counted(len(report.unread) - _NAMED, 'more file')} could not be read either."


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


def _news(report: IndexReport) -> str:
    parts = [
        counted(count, what, many)
        for count, what, many in (
            (report.embedded, "photo embedded", "photos embedded"),
            (report.alike, "file that looks the same as another", "files that look the same as others"),
            (report.moved, "file of a known photo", "files of known photos"),
            (report.companions, "companion", "companions"),
            (report.gone, "file gone", "files gone"),
            (report.left_out, "file left out by rules", "files left out by rules"),
        )
        if count
    ]
    return ", ".join(parts) or "nothing new"


def _is_in(problem: Problem, folders: Sequence[Folder]) -> bool:
    return any(problem.path.startswith(folder.path.rstrip(b"/") + b"/") for folder in folders)
