"""State of the process that keeps the library up to date."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import duration, shown_path
from photos.cli.kit.output import write_json
from photos.errors import safe
from photos.records.library import daemon_record

if TYPE_CHECKING:
    from photos.operations.status import DaemonStatus


def show_daemon(status: DaemonStatus, *, as_json: bool) -> None:
    """Print the state of the daemon and the place of its log."""
    if as_json:
        write_json(daemon_record(status))
        return
    for line in _lines(status, time.time()):
        click.echo(line)


def _lines(status: DaemonStatus, now: float) -> Iterator[str]:
    info = status.info
    age, state = duration(now - info.started_at), f"{info.state} for {duration(now - info.since)}"
    yield f"Process {info.pid} has kept the library up to date for {age}; {state}."
    yield "It answers searches." if info.answers else "It does not answer searches; each opens the library itself."
    if info.scanned_at is not None:
        yield f"All folders were scanned {duration(now - info.scanned_at)} ago."
    for path, reason in info.polled:
        yield f"{safe(path)} is scanned at intervals: {safe(reason)}."
    if info.problem is not None:
        yield f"It waits because of an error: {safe(info.problem)}"
    yield f"Its log is {shown_path(os.fsencode(status.log))}."
