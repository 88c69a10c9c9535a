"""Keeps the library up to date and says, a line a pass, what changed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

import click

from photos.cli.kit.progress import FileProgress
from photos.cli.views.index import give_way, happened
from photos.daemon.lock import held
from photos.errors import EmptyLibrary, safe

if TYPE_CHECKING:
    from indexer import IndexReport
    from indexer.models.protocols import EncoderFactory
    from photos.config import Settings
    from photos.library import OpenLibrary


def follow(app: OpenLibrary, nice: int) -> None:
    """Hold the library and watch it until interrupted. Raises `AlreadyWatched`, and `EmptyLibrary` without a folder."""
    from photos.daemon.watcher import Watch
    from photos.encoders import CachedEncoders

    settings = app.settings
    if app.is_new:
        raise EmptyLibrary(settings.library)
    with held(settings.library):
        model = app.choose_model(None)
        towers = CachedEncoders(app.towers, settings.idle_minutes * 60)
        _say(f"Watching {safe(str(settings.library))}; process {os.getpid()}. Ctrl-C ends it.")
        with _answering(settings, towers) as prepare:
            give_way(nice)

            def tell(report: IndexReport, seconds: float) -> None:
                _tell(report, seconds)
                if prepare is not None:
                    prepare()

            Watch(app, model, _say, tell, towers, answers=prepare is not None).run(FileProgress)


@contextmanager
def _answering(settings: Settings, towers: EncoderFactory) -> Iterator[Callable[[], None] | None]:
    """Answer searches meanwhile, as quickly as if nothing gave way. None if that cannot be, or is not to be.

    Gives what is to be called when there is something new to answer from.
    """
    from photos.daemon.protocol import has_unix_sockets

    if not settings.answer_searches or not has_unix_sockets():
        yield None
        return
    from photos.daemon.server import serving
    from photos.daemon.session import Session

    with closing(Session(settings, towers)) as session, serving(settings.library, session.search, _say) as is_served:
        if not is_served:
            yield None
            return
        _say("Searches are answered from here.")
        with preparing(session.warm) as prepare:
            yield prepare


@contextmanager
def preparing(prepare: Callable[[], None]) -> Iterator[Callable[[], None]]:
    """*prepare* now, and again whenever what this gives is called, in one thread that never gives way.

    A thread, and those that it starts, gives way as the one does that started it.
    """
    due, is_over = Event(), Event()

    def work() -> None:
        while True:
            due.clear()
            if is_over.is_set():
                return
            prepare()
            due.wait()

    Thread(target=work, name="preparing", daemon=True).start()
    try:
        yield due.set
    finally:
        is_over.set()
        due.set()


def _tell(report: IndexReport, seconds: float) -> None:
    for line in happened(report, seconds):
        _say(line)


def _say(line: str) -> None:
    click.echo(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}", err=True)
