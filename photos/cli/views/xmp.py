"""Writes sidecars and undoes it, and says what was done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, shown_path, table
from photos.cli.kit.output import write_json
from photos.cli.kit.progress import Bar
from photos.errors import NothingFound, safe
from photos.operations.folders import absolute
from photos.records.photos import text_of
from photos.sidecars import Left, Undone, Written, undo, write_sidecars

if TYPE_CHECKING:
    from photos.library import OpenLibrary

#: Sidecars that are named where they were left alone; the rest is counted.
_NAMED = 10


def write_and_tell(app: OpenLibrary, paths: Sequence[str], *, is_trial: bool, as_json: bool) -> bool:
    """Write sidecars and say how many. Returns whether none had to be left as it is."""
    left = _LeftAlone(as_json=as_json)

    def tell(event: Written | Left) -> None:
        if isinstance(event, Left):
            left.add(event)
        elif as_json:
            write_json(_record(event))
        elif is_trial:
            click.echo(_line(event))

    within = [absolute(path) for path in paths]
    with Bar("Writing sidecars", None, "picture") as bar:
        progress = None if is_trial or as_json else bar.reach
        report = write_sidecars(app, within, is_trial=is_trial, tell=tell, progress=progress)
    left.show()
    if as_json:
        counts = {"made": report.made, "changed": report.changed, "unchanged": report.unchanged, "left": report.left}
        write_json({"run": report.run, **counts})
        return not report.left
    rest = f"{counted(report.unchanged, 'picture')} {'needs' if report.unchanged == 1 else 'need'} nothing"
    made, changed = counted(report.made, "sidecar"), counted(report.changed, "sidecar")
    if is_trial:
        click.echo(f"Would make {made} and change {changed}; {rest}.")
    elif report.run is None:
        click.echo(f"Nothing was written; {rest}.")
    else:
        click.echo(f"Run {report.run}: made {made} and changed {changed}; {rest}. `photos xmp undo` takes it back.")
    return not report.left


def undo_and_tell(app: OpenLibrary, number: int | None, *, is_trial: bool, as_json: bool) -> bool:
    """Undo a run and say what came of it. Returns whether no sidecar had to be left as it is."""
    left = _LeftAlone(as_json=as_json)

    def tell(event: Undone | Left) -> None:
        if isinstance(event, Left):
            left.add(event)
        elif as_json:
            what = "removed" if event.is_removed else "restored"
            write_json({"sidecar": text_of(event.sidecar), "photo": event.photo_id, "what": what})
        elif is_trial:
            click.echo(f"{shown_path(event.sidecar)}: {'remove' if event.is_removed else 'put back'}")

    report = undo(app, number, is_trial=is_trial, tell=tell)
    left.show()
    if as_json:
        counts = {"removed": report.removed, "restored": report.restored, "left": report.left}
        write_json({"run": report.run, **counts})
    else:
        removed, restored = counted(report.removed, "sidecar"), counted(report.restored, "sidecar")
        what = f"remove {removed} and put {restored} back" if is_trial else f"removed {removed} and put {restored} back"
        click.echo(f"Run {report.run}: {'would ' if is_trial else ''}{what}.")
    return not report.left


def show_runs(app: OpenLibrary, *, as_json: bool) -> None:
    """The runs that wrote sidecars, newest first. Raises `NothingFound` if there are none."""
    runs = []
    if not app.is_new:
        with app.catalog.read() as t:
            runs = t.sidecars.runs()
    if not runs:
        raise NothingFound("No sidecar was ever written; `photos xmp write` writes them.")
    if as_json:
        for run in runs:
            undone = None if run.undone_at is None else run.undone_at.isoformat() + "Z"
            at = run.started_at.isoformat() + "Z"
            write_json({"run": run.id, "at": at, "made": run.made, "changed": run.changed, "undone_at": undone})
        return
    rows = [
        (
            str(run.id),
            f"{run.started_at:%Y-%m-%d %H:%M} UTC",
            str(run.made),
            str(run.changed),
            "" if run.undone_at is None else f"{run.undone_at:%Y-%m-%d %H:%M} UTC",
        )
        for run in runs
    ]
    for line in table([("run", "at", "made", "changed", "undone"), *rows], right=(0, 2, 3)):
        click.echo(line)


class _LeftAlone:
    """Sidecars that were left as they are: named at the end, or with the others in JSON."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._named: list[Left] = []
        self._count = 0

    def add(self, left: Left) -> None:
        self._count += 1
        if self._as_json:
            write_json({"path": text_of(left.path), "what": "left", "reason": left.reason})
        elif len(self._named) < _NAMED:
            self._named.append(left)

    def show(self) -> None:
        for left in self._named:
            click.echo(f"Left alone: {shown_path(left.path)}: {safe(left.reason)}.", err=True)
        if self._named and self._count > len(self._named):
            click.echo(f"And {self._count - len(self._named)} more; --json names all.", err=True)


def _line(event: Written) -> str:
    what = "make" if event.is_made else "change"
    words = [*(f"+{word}" for word in event.added), *(f"-{word}" for word in event.removed)]
    # Foreign keywords that come into a list of ours are no news.
    return f"{shown_path(event.sidecar)}: {what}: {safe(', '.join(words)) or 'the keywords of its other lists'}"


def _record(event: Written) -> dict[str, object]:
    return {
        "sidecar": text_of(event.sidecar),
        "path": text_of(event.picture.path),
        "photo": event.picture.photo_id,
        "what": "made" if event.is_made else "changed",
        "added": list(event.added),
        "removed": list(event.removed),
    }
