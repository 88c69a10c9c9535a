"""The demo's steps as lines, each with the time it took."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import click

from indexer import FileDone, FolderOffline, FolderScanned, ReadingBegins
from photos.cli.kit.format import columns, counted, duration, file_name, percentage, shown_path, table, tags_line
from photos.cli.kit.progress import Bar, ProgressBars
from photos.cli.kit.terminal import paint, prose, width
from photos.errors import safe
from photos.known_models import DEFAULT
from photos.operations.demo import DemoResult, DemoSearch, DemoSearches, Drawn, Indexed, Tagging
from photos.operations.progress import Event, Stage, Step, Waiting
from photos.sizes import readable_size

#: Columns for the name of a step, and at most for tags in the table of answers.
_STEP, _TAGS_WIDTH = 11, 48


class DemoProgress:
    """Receiver of the demo's events: bars for its steps, and lines for its results."""

    def __init__(self, pictures: os.PathLike[str]) -> None:
        self._pictures = pictures
        self._bars = ExitStack()
        self._drawing = self._bars.enter_context(Bar("Drawing", None, "picture"))
        self._files = self._bars.enter_context(ProgressBars())

    def report(self, event: Event) -> None:
        """Show one event."""
        match event:
            case Step(stage=Stage.DRAW, done=done, total=int(total)):
                self._drawing.reach(done, total)
            case Drawn():
                self._drawing.close()
                seconds = duration(event.seconds)
                _echo(f"Pictures   {event.count} drawings in {_shown(self._pictures)} ({seconds})")
            case Indexed():
                self._bars.close()
                _echo(f"Index      {_indexed(event)}")
            case Tagging(report=None):
                _echo(f"Tags       {_most_frequent(event)}")
            case Tagging():
                _show_retag(event)
            case DemoSearches():
                _show_answers(event.answers)
            case Waiting() | FolderScanned() | ReadingBegins() | FolderOffline() | FileDone():
                self._files.report(event)
            case _:
                pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.close()


def show_next_steps(result: DemoResult, catalog: str | None = None) -> None:
    """Paths to look at, and commands to go on with.

    *catalog* is the address of the demo's, if it is on a server; empty if it is not, and the settings name another one.
    """
    place = f"--library {_shown(result.folder.library)}"
    if catalog is not None:
        place += f" --catalog {safe(shlex.quote(catalog))}"
    _echo(f"Look       {_shown(result.folder.sheet)}")
    _echo(f"Go on      photos {place} search a dog on the beach")
    click.echo()
    lead = "That was a checkpoint of 4 MB that knows drawings only. For your own photos, get one that knows the world:"
    click.echo(prose(lead, hang=0))
    click.echo(f"  photos model download {DEFAULT.reference}   ({readable_size(DEFAULT.size)}, once)")
    click.echo("  photos add ~/Pictures")
    click.echo()
    _echo(f"Gallery    photos {place} open")


def _echo(line: str) -> None:
    """Write a line that begins with the name of a step; it goes on below its text."""
    click.echo(prose(line, hang=_STEP))


def _indexed(event: Indexed) -> str:
    if not event.report.embedded:
        return f"nothing new ({duration(event.seconds)})"
    rate = event.report.embedded / event.seconds
    photos = counted(event.report.embedded, "photo")
    return f"{photos} embedded and tagged in {duration(event.seconds)}, {rate:.0f} a second"


def _most_frequent(tagging: Tagging) -> str:
    names = ", ".join(f"{label} {count}" for label, count in tagging.counts[:7])
    labels = counted(len(tagging.revision.labels), "label")
    return f"{labels} of the vocabulary {tagging.revision.vocabulary!r}: {names}, …"


def _show_answers(answers: Sequence[DemoSearch]) -> None:
    rows = []
    for answer in answers:
        best = answer.matches[0]
        rows.append(
            (
                f"  {answer.query}",
                f"{best.cosine:z.3f}",
                percentage(best.probability),
                file_name(best.photo.paths[0]),
                [tag.label for tag in best.tags],
            )
        )
    times = sorted(answer.seconds for answer in answers)
    median = duration(times[len(times) // 2])
    _echo(f"Search     {len(answers)} texts, the best photo for each ({median} a search)")
    lines = list(table([row[:4] for row in rows], right=(1, 2), strip=False))
    room = min(_TAGS_WIDTH, width() - columns(lines[0]) - 2)
    for line, row in zip(lines, rows, strict=True):
        click.echo(f"{line}  {paint(tags_line(row[4], room), 'tag')}".rstrip())


def _show_retag(tagging: Tagging) -> None:
    report = tagging.report
    assert report is not None
    seconds = duration(report.scoring_seconds + report.writing_seconds)
    _echo(
        f"Re-tag     {counted(report.photos, 'photo')} with {tagging.revision.vocabulary!r} in {seconds}, "
        "from the stored embeddings: no picture was opened"
    )
    _echo(f"           {_most_frequent(tagging)}")


def _shown(path: os.PathLike[str]) -> str:
    return shown_path(os.fsencode(path))
