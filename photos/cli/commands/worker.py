"""`photos worker`."""

from __future__ import annotations

import os

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation
from store.queue.base import SILENCE


@click.command(short_help="Do work for a library on a server, with other machines.")
@click.option(
    "--tasks",
    metavar="TASK,…",
    help="Take units of these tasks alone; of all unless set.",
)
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="REMOTE=LOCAL",
    help="A folder of the library, REMOTE, is LOCAL on this machine. Can be repeated.",
)
@click.option("--drain", is_flag=True, help="End when nothing is left to be done now.")
@click.option(
    "--silence",
    type=click.FloatRange(min=1),
    default=SILENCE,
    metavar="SECONDS",
    show_default=True,
    help="Take over the unit of a worker that was silent for so long.",
)
@options.device
@options.backend
@options.workers
@options.threads
@options.nice
@options.log_level
@pass_invocation
def worker(
    invocation: Invocation,
    tasks: str | None,
    maps: tuple[str, ...],
    drain: bool,
    silence: float,
    device: str | None,
    backend: str | None,
    workers: int | None,
    threads: int | None,
    nice: int,
    log_level: str | None,
) -> None:
    """Take units of work from the queue of a catalog on a PostgreSQL server, and do them, until interrupted.

    Any number of workers can run, on any machines that see the folders of the library. Work gets into the queue by
    `photos add`, `index`, `watch`, `retag`, `describe` and `xmp write` with --queue. A unit that is interrupted is
    handed back, and what was stored of it stays; the unit of a worker that died is taken by another one.

    The checkpoint must be on this machine, with the same weights, under the name by which it was chosen.
    """
    # Before numpy is loaded: its threads wait for each other by spinning, which takes cores from other programs.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from photos.cli.kit.program import lower_priority
    from photos.cli.views.worker import log_event, log_sentence
    from photos.daemon.log import logging_to
    from photos.workers.tasks import checked_tasks
    from photos.workers.worker import WorkRequest, work

    request = WorkRequest(checked_tasks(tasks), drain=drain, silence=silence)
    lower_priority(nice)
    with (
        invocation.open_library(
            on_notice=log_sentence,
            device=device,
            backend=backend,
            workers=workers,
            threads=threads,
            log_level=log_level,
            map=list(maps) or None,
        ) as library,
        logging_to(None, library.settings.log_level),
    ):
        work(library, request, log_event)
