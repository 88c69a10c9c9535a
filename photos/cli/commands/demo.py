"""`photos demo`."""

from __future__ import annotations

from pathlib import Path

import click

from photos.cli.kit.program import Invocation, pass_invocation


@click.command(short_help="Try it on a sample library, with nothing to download.")
@click.option(
    "--count",
    type=click.IntRange(min=1),
    default=300,
    show_default=True,
    metavar="N",
    help="Number of pictures to draw.",
)
@click.option(
    "--folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Folder for the pictures and their library; the platform's data folder unless set.",
)
@click.option("--open", "opens", is_flag=True, help="Then open its gallery in the browser, until interrupted.")
@pass_invocation
def demo(invocation: Invocation, count: int, folder: Path | None, opens: bool) -> None:
    """Draw a sample library, index, search and tag it, tag it again with other words, and write a contact sheet.

    The demo has a library of its own and touches no other: a catalog on a server is used only if --catalog names it,
    and if it has no other photos. A second run changes nothing and takes seconds. Its checkpoint was trained on such
    drawings: it is right about them, and knows nothing of photographs.
    """
    from photos.cli.views.demo import DemoProgress, show_next_steps
    from photos.config import demo_path
    from photos.known_models import DEMO
    from photos.operations.demo import DemoFolder, DemoRequest, run_demo

    place = DemoFolder((folder or demo_path()).absolute())
    # The drawings must not come among the photos of the catalog that other commands use.
    catalog = invocation.catalog or ""
    with (
        invocation.open_library(library=place.library, catalog=catalog, model=DEMO) as library,
        DemoProgress(place.pictures) as progress,
    ):
        result = run_demo(library, DemoRequest(place.folder, count), progress)
        address = str(library.settings.catalog_place.name) if catalog else "" if invocation.has_server else None
    show_next_steps(result, address)
    if opens:
        from photos.cli.views.gallery import open_gallery
        from photos.http.serving import ServeRequest, serve

        with invocation.open_library(library=place.library, catalog=catalog) as library:
            serve(
                library,
                ServeRequest(),
                lambda ready: open_gallery(
                    ready.once, only_print=False, environment=invocation.environment, serves_here=True
                ),
            )
