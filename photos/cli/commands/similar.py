"""`photos similar`."""

from __future__ import annotations

from contextlib import nullcontext

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, native_noise_hushed, pass_invocation
from photos.cli.kit.result_options import Presentation, presentation_options


@click.command(short_help="Find photos that look like a picture.")
@click.argument("image")
@options.top
@options.group
@presentation_options
@pass_invocation
def similar(invocation: Invocation, image: str, top: int | None, group: bool, presentation: Presentation) -> None:
    """Find the photos that look most like IMAGE, best first.

    IMAGE may be any picture. If it is in the library its stored embedding is used, and it is not among the results.
    """
    from photos.cli.kit.ask_daemon import answered_elsewhere
    from photos.cli.kit.format import here
    from photos.cli.views.search import present
    from photos.operations.requests import SimilarRequest

    settings = invocation.settings(top=top)
    request = SimilarRequest(image=image, directory=here(), top=settings.top, group=group)
    found = answered_elsewhere(settings.library, request, debug=invocation.debug)
    if found is None:
        with invocation.open_library(top=top) as app:
            from photos.operations.search import answer_similar

            found = answer_similar(app, request)
    # Sheets and previews decode pictures, which is not always done in silence.
    with nullcontext() if invocation.debug else native_noise_hushed():
        present(found.matches, presentation, title=found.title, of_text=found.of_text)
