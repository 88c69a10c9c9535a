"""`photos watch`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


@click.command(short_help="Keep the library up to date from now on.")
@options.device
@options.backend
@options.workers
@options.threads
@options.queue
@options.nice
@options.log_level
@click.option(
    "--log-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Log to FILE, at most 10 MB with its predecessor FILE.1, instead of standard error.",
)
@pass_invocation
def watch(
    invocation: Invocation,
    device: str | None,
    backend: str | None,
    workers: int | None,
    threads: int | None,
    queue: bool | None,
    nice: int,
    log_level: str | None,
    log_file: Path | None,
) -> None:
    """Scan the folders of the library, then index every change in them, until interrupted.

    File system events only show where to scan. All folders are scanned again every hour (setting `rescan_minutes`), and
    folders on network disks every five minutes (`poll_minutes`). A file is read two seconds after its last change
    (`quiet_seconds`). Only one process can keep a library up to date; `photos daemon start` runs it in the background.

    This process also answers `photos search` and `photos similar`, which then take a fraction of the time (unless
    `answer_searches` is false). What you search for is never logged.
    """
    # Before numpy is loaded: its threads wait for each other by spinning, which takes cores from other programs.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from photos.cli.views.watch import log_pass, pass_progress
    from photos.daemon.log import log_end, logging_to
    from photos.daemon.watcher import log_notice
    from photos.daemon.watcher import watch as watch_library
    from photos.http.daemon_server import serving_daemon

    with (
        invocation.open_library(
            on_notice=log_notice,
            device=device,
            backend=backend,
            workers=workers,
            threads=threads,
            queue=queue,
            log_level=log_level,
        ) as library,
        logging_to(log_file, library.settings.log_level),
    ):
        try:
            watch_library(library, nice, log_pass, pass_progress, serving_daemon)
        except (Exception, KeyboardInterrupt) as error:
            if log_file is None or invocation.debug:
                raise
            # The log has the reason; nothing reads the standard error of a daemon.
            click.get_current_context().exit(log_end(error))
