"""Re-tags: bars while they run, and a sentence for each that ended."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from photos.cli.kit.format import counted, duration
from photos.cli.kit.progress import Bar
from photos.operations.progress import Stage, Step

if TYPE_CHECKING:
    from photos.operations.progress import Event
    from photos.operations.retag import Overtaken, RetagResult, SlotRetag

_BARS = {Stage.ENCODE_LABELS: ("Encoding labels", "text"), Stage.TAG: ("Tagging", "photo")}


class TaggingBars:
    """Receiver of progress with a bar for each stage: labels' texts that are encoded, and photos that are tagged."""

    def __init__(self) -> None:
        self._bars: dict[Stage, Bar] = {}
        self._done: dict[Stage, int] = {}

    def report(self, event: Event, /) -> None:
        """Move the bar of a step's stage."""
        if isinstance(event, Step) and event.total is not None and event.stage in _BARS:
            if event.done < self._done.get(event.stage, 0):
                # The next re-tag begins.
                self._bars.pop(event.stage).close()
            if event.stage not in self._bars:
                what, unit = _BARS[event.stage]
                self._bars[event.stage] = Bar(what, None, unit)
            self._done[event.stage] = event.done
            self._bars[event.stage].reach(event.done, event.total)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for bar in self._bars.values():
            bar.close()


def show_retags(result: RetagResult, *, err: bool = False) -> None:
    """Write a line for each re-tag; with *err* to standard error, because results go to standard output."""
    for each in result.retags:
        click.echo(retag_sentence(each), err=err)
    for overtaken in result.overtaken:
        click.echo(overtaken_sentence(overtaken), err=True)


def retag_sentence(done: SlotRetag) -> str:
    """A sentence on a re-tag: photos, labels, what changed, and the time of its parts."""
    revision, report = done.revision, done.report
    encoded = (
        f"{counted(report.labels_encoded, 'label')} encoded in {duration(report.encoding_seconds)}, "
        if report.labels_encoded
        else ""
    )
    under = f" as {done.slot}" if done.slot else ""
    changed = f"the scores of {counted(report.changed, 'photo')}" if report.changed else "no score"
    return (
        f"Tagged {counted(report.photos, 'photo')} with {revision.vocabulary}{under} "
        f"({counted(len(revision.labels), 'label')}, revision {revision.number}): {encoded}"
        f"scored in {duration(report.scoring_seconds)}, "
        f"{changed} changed, written in {duration(report.writing_seconds)}. "
        "No picture was opened."
    )


def overtaken_sentence(overtaken: Overtaken) -> str:
    """A sentence on a re-tag that another process does instead."""
    return (
        f"Another process changed {overtaken.revision.vocabulary} to revision {overtaken.later} at the same time, and "
        "tags with that."
    )
