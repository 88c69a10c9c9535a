"""Runs the demo and tells what happens, with the times."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, duration, file_name, probability, shown_path, table, tags_line
from photos.cli.kit.progress import Bar, ProgressBars
from photos.models import DEFAULT, DEMO
from photos.output.durations import Stopwatch
from photos.sizes import readable_size

if TYPE_CHECKING:
    from indexer import IndexReport
    from photos.cli.kit.program import Invocation
    from photos.demo.run import Answer, Demo, Tagging
    from photos.library import OpenLibrary

_TAGS_ROOM = 48


def demonstrate(invocation: Invocation, demo: Demo, count: int) -> None:
    """Everything, from drawing to the contact sheet."""
    demo.check()
    _draw(demo, count)
    with invocation.open_library(library=demo.library, model=DEMO) as app:
        _use(app, demo)
    _say_goodbye(demo)


def _draw(demo: Demo, count: int) -> None:
    watch = Stopwatch()
    with Bar("Drawing", count, "picture") as bar:
        there = demo.draw(count, bar.reach)
    click.echo(f"Pictures   {there} drawings in {_shown(demo.pictures)} ({duration(watch.seconds())})")


def _use(app: OpenLibrary, demo: Demo) -> None:
    watch = Stopwatch()
    with ProgressBars() as files:
        model, report = demo.index(app, files)
    click.echo(f"Index      {_indexed(report, watch.seconds())}")
    is_new = report.embedded > 0 or not demo.sheet.exists()
    first = demo.tag_first(app, model, anew=is_new)
    click.echo(f"Tags       {_most(first)}")
    answers = demo.search(app)
    _show(answers)
    second = demo.tag_second(app)
    _show_second(second)
    if is_new:
        demo.write_sheet(app, answers, second)


def _indexed(report: IndexReport, seconds: float) -> str:
    if not report.embedded:
        return f"nothing new ({duration(seconds)})"
    rate = report.embedded / seconds
    return f"{counted(report.embedded, 'photo')} embedded and tagged in {duration(seconds)}, {rate:.0f} a second"


def _most(tagging: Tagging) -> str:
    names = ", ".join(f"{label} {count}" for label, count in tagging.counts[:7])
    labels = counted(len(tagging.revision.labels), "label")
    return f"{labels} of the vocabulary {tagging.revision.vocabulary!r}: {names}, …"


def _show(answers: Sequence[Answer]) -> None:
    rows = []
    for answer in answers:
        best = answer.matches[0]
        rows.append(
            (
                f"  {answer.query}",
                f"{best.cosine:z.3f}",
                probability(best.probability),
                file_name(best.photo.paths[0]),
                tags_line([tag.label for tag in best.tags], _TAGS_ROOM),
            )
        )
    times = sorted(answer.seconds for answer in answers)
    click.echo(
        f"Search     {len(answers)} texts, the best photo for each ({duration(times[len(times) // 2])} a search)"
    )
    for line in table(rows, right=(1, 2)):
        click.echo(line)


def _show_second(second: Tagging) -> None:
    report = second.report
    assert report is not None
    tagging = duration(report.scoring_seconds + report.writing_seconds)
    click.echo(
        f"Re-tag     {counted(report.photos, 'photo')} with {second.revision.vocabulary!r} in {tagging}, "
        "from the stored embeddings: no picture was opened"
    )
    click.echo(f"           {_most(second)}")


def _say_goodbye(demo: Demo) -> None:
    click.echo(f"Look       {_shown(demo.sheet)}")
    click.echo(f"Go on      photos --library {_shown(demo.library)} search a dog on the beach")
    click.echo(
        "\nThat was a checkpoint of 4 MB that knows drawings only. For your own photos, get one that knows the world:"
    )
    click.echo(f"  photos model download {DEFAULT.reference}   ({readable_size(DEFAULT.size)}, once)")
    click.echo("  photos add ~/Pictures")


def _shown(path: os.PathLike[str]) -> str:
    return shown_path(os.fsencode(path))
