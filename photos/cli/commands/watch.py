"""`photos watch`."""

from __future__ import annotations

import os

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


@click.command(short_help="Keep the library up to date from now on.")
@options.device
@options.workers
@options.threads
@options.nice
@pass_invocation
def watch(invocation: Invocation, device: str | None, workers: int | None, threads: int | None, nice: int) -> None:
    """Look through the folders of the library, and from then on at whatever changes in them, until interrupted.

    News of the system is a hint of where to look; everything is looked through again every hour (setting
    `rescan_minutes`), and folders on network disks every five minutes (`poll_minutes`). A file is read when it was left
    alone for two seconds (`quiet_seconds`). Only one process can keep a library up to date; `photos daemon start` runs
    it in the background.
    Meanwhile `photos search` is answered by it, in a fraction of the time (unless `answer_searches` is false).
    """
    # Before numpy is loaded: its threads wait for each other by spinning, which others pay for who want the cores.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from photos.cli.views.watch import follow

    with invocation.app(device=device, workers=workers, threads=threads) as app:
        follow(app, nice)
