"""Sidecar runs as lines or JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

import click

from photos.cli.kit.format import counted, minute, shown_path, stars, table
from photos.cli.kit.output import write_json
from photos.cli.kit.progress import ProgressBars
from photos.cli.kit.terminal import show_lines
from photos.errors import NothingFound, safe
from photos.operations.progress import Event, Step
from photos.records.files import run_record, sidecar_record, undo_report_record, write_report_record
from photos.sidecars import Skipped, Undone, UndoReport, WriteReport, Written
from store import SidecarRun

#: Skipped sidecars that are named; the others are counted.
_NAMED = 10


class SidecarProgress:
    """Receiver of the events of a run: lines in a dry run, records in JSON, and else a bar.

    Skipped sidecars are named at the end, on standard error.
    """

    def __init__(self, *, dry_run: bool, as_json: bool) -> None:
        self._dry_run = dry_run
        self._as_json = as_json
        self._bars = None if dry_run or as_json else ProgressBars()
        self._named: list[Skipped] = []
        self._skipped = 0

    def report(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, Skipped):
            self._skipped += 1
            if not self._as_json and len(self._named) < _NAMED:
                self._named.append(event)
        if isinstance(event, Written | Undone | Skipped) and self._as_json:
            write_json(sidecar_record(event))
        elif isinstance(event, Written | Undone) and self._dry_run:
            click.echo(_dry_run_line(event))
        elif isinstance(event, Step) and self._bars is not None:
            self._bars.report(event)

    def show_skipped(self) -> None:
        """Name the skipped sidecars."""
        for skipped in self._named:
            click.echo(f"Left alone: {shown_path(skipped.path)}: {safe(skipped.reason)}.", err=True)
        if self._named and self._skipped > len(self._named):
            click.echo(f"And {self._skipped - len(self._named)} more; --json names all.", err=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.close()
        if error is None:
            self.show_skipped()


def show_write_report(report: WriteReport, *, dry_run: bool, as_json: bool) -> None:
    """Totals of a run."""
    if as_json:
        write_json(write_report_record(report))
        return
    if report.unchanged is None:
        rest = "the workers' logs tell what they left alone"
    else:
        rest = f"{counted(report.unchanged, 'picture')} {'needs' if report.unchanged == 1 else 'need'} no change"
    made, changed = counted(report.made, "sidecar"), counted(report.changed, "sidecar")
    if dry_run:
        click.echo(f"Would make {made} and change {changed}; {rest}.")
    elif report.run is None:
        click.echo(f"Nothing was written; {rest}.")
    else:
        click.echo(f"Run {report.run}: made {made} and changed {changed}; {rest}. `photos xmp undo` takes it back.")


def show_undo_report(report: UndoReport, *, dry_run: bool, as_json: bool) -> None:
    """Totals of an undo."""
    if as_json:
        write_json(undo_report_record(report))
        return
    removed, restored = counted(report.removed, "sidecar"), counted(report.restored, "sidecar")
    if dry_run:
        click.echo(f"Run {report.run}: would remove {removed} and put {restored} back.")
    else:
        click.echo(f"Run {report.run}: removed {removed} and put {restored} back.")


def show_runs(runs: Sequence[SidecarRun], *, as_json: bool) -> None:
    """Table of runs. Raises `NothingFound` if there are none."""
    if not runs:
        raise NothingFound("No sidecar was ever written; `photos xmp write` writes them.")
    if as_json:
        for run in runs:
            write_json(run_record(run))
        return
    rows = [
        (
            str(run.id),
            minute(run.started_at),
            str(run.made),
            str(run.changed),
            "" if run.undone_at is None else minute(run.undone_at),
        )
        for run in runs
    ]
    show_lines(table([("run", "at", "made", "changed", "undone"), *rows], right=(0, 2, 3)))


def _dry_run_line(event: Written | Undone) -> str:
    if isinstance(event, Undone):
        return f"{shown_path(event.sidecar)}: {'remove' if event.is_removed else 'put back'}"
    verb = "make" if event.is_new else "change"
    words = [
        *(f"+{word}" for word in event.added),
        *(f"-{word}" for word in event.removed),
        *_stars(event),
        *_caption(event),
    ]
    # Only copies of foreign keywords change: there is no word of ours to show.
    return f"{shown_path(event.sidecar)}: {verb}: {safe(', '.join(words)) or 'the keywords of its other lists'}"


def _stars(event: Written) -> Iterator[str]:
    if event.rating is not None:
        yield "no stars" if event.rating.after is None else stars(event.rating.after)


def _caption(event: Written) -> Iterator[str]:
    if event.caption is not None:
        yield "no caption" if event.caption.after is None else f'caption "{event.caption.after}"'
