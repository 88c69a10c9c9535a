"""The demo's steps as lines, each with the time it took."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import click

from indexer import FileDone, FolderOffline, FolderScanned, ReadingBegins
from photos.cli.kit.format import counted, duration, file_name, probability, shown_path, table, tags_line
from photos.cli.kit.progress import Bar, ProgressBars
from photos.models import DEFAULT
from photos.operations.demo import Answer, Answers, DemoResult, Drawn, Indexed, Tagging
from photos.operations.progress import Event, Stage, Step, Waiting
from photos.sizes import readable_size

#: Columns for tags in the table of answers.
_TAGS_WIDTH = 48


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
                click.echo(f"Pictures   {event.count} drawings in {_shown(self._pictures)} ({seconds})")
            case Indexed():
                self._bars.close()
                click.echo(f"Index      {_indexed(event)}")
            case Tagging(report=None):
                click.echo(f"Tags       {_most_frequent(event)}")
            case Tagging():
                _show_retag(event)
            case Answers():
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


def show_next_steps(result: DemoResult) -> None:
    """Paths to look at, and commands to go on with."""
    click.echo(f"Look       {_shown(result.folder.sheet)}")
    click.echo(f"Go on      photos --library {_shown(result.folder.library)} search a dog on the beach")
    click.echo(
        "\nThat was a checkpoint of 4 MB that knows drawings only. For your own photos, get one that knows the world:"
    )
    click.echo(f"  photos model download {DEFAULT.reference}   ({readable_size(DEFAULT.size)}, once)")
    click.echo("  photos add ~/Pictures")


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


def _show_answers(answers: Sequence[Answer]) -> None:
    rows = []
    for answer in answers:
        best = answer.matches[0]
        rows.append(
            (
                f"  {answer.query}",
                f"{best.cosine:z.3f}",
                probability(best.probability),
                file_name(best.photo.paths[0]),
                tags_line([tag.label for tag in best.tags], _TAGS_WIDTH),
            )
        )
    times = sorted(answer.seconds for answer in answers)
    median = duration(times[len(times) // 2])
    click.echo(f"Search     {len(answers)} texts, the best photo for each ({median} a search)")
    for line in table(rows, right=(1, 2)):
        click.echo(line)


def _show_retag(tagging: Tagging) -> None:
    report = tagging.report
    assert report is not None
    seconds = duration(report.scoring_seconds + report.writing_seconds)
    click.echo(
        f"Re-tag     {counted(report.photos, 'photo')} with {tagging.revision.vocabulary!r} in {seconds}, "
        "from the stored embeddings: no picture was opened"
    )
    click.echo(f"           {_most_frequent(tagging)}")


def _shown(path: os.PathLike[str]) -> str:
    return shown_path(os.fsencode(path))
