"""Keeps the library up to date and says, a line a pass, what changed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Thread
from typing import TYPE_CHECKING

import click

from photos.cli.indexing import give_way, happened
from photos.cli.progress import FileProgress
from photos.errors import EmptyLibrary, safe
from photos.holding import held

if TYPE_CHECKING:
    from indexer import IndexReport
    from photos.app import App
    from photos.config import Settings
    from photos.towers import Towers


def follow(app: App, nice: int) -> None:
    """Hold the library and watch it until interrupted. Raises `AlreadyWatched`, and `EmptyLibrary` without a folder."""
    from photos.towers import KeptTowers
    from photos.watching import Watch

    settings = app.settings
    if app.is_new:
        raise EmptyLibrary(settings.library)
    with held(settings.library):
        model = app.choose_model(None)
        towers = KeptTowers(app.towers, settings.idle_minutes * 60)
        _say(f"Watching {safe(str(settings.library))}; process {os.getpid()}. Ctrl-C ends it.")
        with _answering(settings, towers) as answers:
            give_way(nice)
            Watch(app, model, _say, _tell, towers, answers=answers).run(FileProgress)


@contextmanager
def _answering(settings: Settings, towers: Towers) -> Iterator[bool]:
    """Answer searches meanwhile, as quickly as if nothing gave way. Gives whether it can and is to."""
    from photos.serving.address import is_possible

    if not settings.answer_searches or not is_possible():
        yield False
        return
    from photos.serving.answers import Answers
    from photos.serving.server import serving

    with closing(Answers(settings, towers)) as answers, serving(settings.library, answers, _say) as is_served:
        if is_served:
            _say("Searches are answered from here.")
            Thread(target=answers.prepare, name="preparing", daemon=True).start()
        yield is_served


def _tell(report: IndexReport, seconds: float) -> None:
    for line in happened(report, seconds):
        _say(line)


def _say(line: str) -> None:
    click.echo(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}", err=True)
