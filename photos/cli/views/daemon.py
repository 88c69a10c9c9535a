"""Shows the process that keeps the library up to date."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import duration
from photos.cli.kit.output import write_json
from photos.daemon.lock import Keeper, keeper_of
from photos.errors import NotWatched, safe

if TYPE_CHECKING:
    from photos.library import OpenLibrary


def show(app: OpenLibrary, *, as_json: bool) -> None:
    """Say who it is and what it does. Raises `NotWatched`."""
    keeper = keeper_of(app.settings.library)
    if keeper is None:
        raise NotWatched(app.settings.library)
    if as_json:
        write_json(asdict(keeper))
        return
    for line in _lines(keeper, time.time()):
        click.echo(line)


def _lines(keeper: Keeper, now: float) -> Iterator[str]:
    age, state = duration(now - keeper.started_at), f"{keeper.state} for {duration(now - keeper.since)}"
    yield f"Process {keeper.pid} has kept the library up to date for {age}; {state}."
    yield "It answers searches." if keeper.answers else "It does not answer searches; each opens the library itself."
    if keeper.looked_at is not None:
        yield f"Everything was looked through {duration(now - keeper.looked_at)} ago."
    for path, reason in keeper.polled:
        yield f"{safe(path)} is looked through now and then: {safe(reason)}."
    if keeper.trouble is not None:
        yield f"It waits: {safe(keeper.trouble)}"
