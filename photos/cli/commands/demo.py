"""`photos demo`."""

from __future__ import annotations

from pathlib import Path

import click

from photos.cli.kit.program import Invocation, pass_invocation


@click.command(short_help="See it work on a sample library, with nothing to download.")
@click.option(
    "--count",
    type=click.IntRange(min=1),
    default=300,
    show_default=True,
    metavar="N",
    help="How many pictures to draw.",
)
@click.option(
    "--folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Where to keep the pictures and their library; the platform's data folder unless given.",
)
@pass_invocation
def demo(invocation: Invocation, count: int, folder: Path | None) -> None:
    """Draw a sample library, index, search and tag it, tag it again with other words, and show it as a contact sheet.

    It has a library of its own and touches no other. Running it again changes nothing and takes seconds. The checkpoint
    that is used was trained on such drawings: it is right about them, and knows nothing of photographs.
    """
    from photos.cli.views.demo import demonstrate
    from photos.config import data_path
    from photos.demo.run import Demo

    demonstrate(invocation, Demo((folder or data_path() / "demo").absolute()), count)
