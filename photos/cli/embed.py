"""`photos embed`."""

from __future__ import annotations

import click

from photos.cli import options
from photos.cli.program import Invocation, pass_invocation


@click.command(short_help="The vector of a picture or of a text.")
@click.argument("image", required=False)
@click.option("--text", metavar="TEXT", help="Embed a text in place of a picture.")
@options.as_json
@click.option("--raw", is_flag=True, help="A NumPy .npy file on standard output, float32.")
@options.model
@pass_invocation
def embed(
    invocation: Invocation, image: str | None, text: str | None, as_json: bool, raw: bool, model: str | None
) -> None:
    """Print the unit vector of IMAGE, or of --text, as the library's checkpoint makes it.

    \b
    photos embed photo.jpg --json
    photos embed --text "a red car" --raw > red-car.npy
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.output import write_vector
    from photos.pictures import embed as embed_one

    if (image is None) == (text is None):
        raise click.UsageError("Give either an IMAGE or --text TEXT.")
    if as_json and raw:
        raise click.UsageError("Give --json or --raw, not both.")
    with invocation.app() as app:
        name, vector = embed_one(app, model, image=image, text=text)
    about = {"path": image} if text is None else {"text": text}
    write_vector(vector, {**about, "model": name}, as_json=as_json, raw=raw)
