"""Keeps the library up to date and says, a line a pass, what changed."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import click

from photos.cli.indexing import give_way, happened
from photos.cli.progress import FileProgress
from photos.errors import EmptyLibrary, safe
from photos.holding import held

if TYPE_CHECKING:
    from indexer import IndexReport
    from photos.app import App


def follow(app: App, nice: int) -> None:
    """Hold the library and watch it until interrupted. Raises `AlreadyWatched`, and `EmptyLibrary` without a folder."""
    from photos.watching import Watch

    if app.is_new:
        raise EmptyLibrary(app.settings.library)
    with held(app.settings.library):
        give_way(nice)
        model = app.choose_model(None)
        _say(f"Watching {safe(str(app.settings.library))}; process {os.getpid()}. Ctrl-C ends it.")
        Watch(app, model, _say, _tell).run(FileProgress)


def _tell(report: IndexReport, seconds: float) -> None:
    for line in happened(report, seconds):
        _say(line)


def _say(line: str) -> None:
    click.echo(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}", err=True)
