"""`photos embed`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


@click.command(short_help="Print the vectors of pictures or of texts.")
@click.argument("images", nargs=-1, metavar="[IMAGE]...")
@click.option(
    "--text",
    "texts",
    multiple=True,
    metavar="TEXT",
    help="Encode a text in place of pictures; repeatable.",
)
@options.as_json
@click.option(
    "--raw",
    is_flag=True,
    help="Write a NumPy .npy file to standard output, float32: one vector, or several as rows.",
)
@options.model
@pass_invocation
def embed(
    invocation: Invocation, images: tuple[str, ...], texts: tuple[str, ...], as_json: bool, raw: bool, model: str | None
) -> None:
    """Print the unit vector of each IMAGE, or of each --text, as the library's checkpoint makes it.

    \b
    photos embed photo.jpg --json
    photos embed --text "a red car" --raw > red-car.npy
    photos embed holiday/*.jpg --raw > holiday.npy
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.views.embed import show_vectors
    from photos.operations.embed import EmbedRequest
    from photos.operations.embed import embed as encode

    if bool(images) == bool(texts):
        raise click.UsageError("Give either an IMAGE or --text TEXT.")
    if as_json and raw:
        raise click.UsageError("Give --json or --raw, not both.")
    if len(images or texts) > 1 and not (as_json or raw):
        raise click.UsageError("Give --json or --raw for several vectors.")
    with invocation.open_library() as app:
        result = encode(app, EmbedRequest(images=images, texts=texts, model=model))
    show_vectors(result, images=images, texts=texts, as_json=as_json, raw=raw)
