"""`photos model`: the checkpoints."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


@click.group(short_help="Checkpoints: which there are, and which one is used.")
def model() -> None:
    """Checkpoints: which there are, and which one is used.

    Any fixed-resolution SigLIP or SigLIP 2 checkpoint works, by its id on the Hugging Face hub or as a folder.
    """


@model.command("list", short_help="List the recommended checkpoints, and those that are here.")
@options.as_json
@pass_invocation
def list_(invocation: Invocation, as_json: bool) -> None:
    """List the recommended checkpoints, their sizes, and those that are on this machine."""
    from photos.cli.kit.format import table
    from photos.cli.kit.output import write_json
    from photos.operations.models import in_bytes, listed

    with invocation.app() as app:
        entries = listed(app.settings.models, app.reference)
    if as_json:
        for entry in entries:
            write_json({"model": entry.reference, "bytes": entry.size, "here": entry.here, "in_use": entry.in_use})
        return
    rows = [
        (
            entry.reference,
            in_bytes(entry.size),
            "in use" if entry.in_use else "downloaded" if entry.here else "",
            entry.good_for,
        )
        for entry in entries
    ]
    for line in table([("model", "size", "", "good for"), *rows], right=(1,)):
        click.echo(line)


@model.command(short_help="Use a checkpoint for this library.")
@click.argument("reference", metavar="NAME|FOLDER")
@options.precision
@pass_invocation
def use(invocation: Invocation, reference: str, precision: str | None) -> None:
    """Use a checkpoint for this library. It works as long as the library has no photos."""
    with invocation.app(precision=precision) as app:
        chosen = app.choose_model(reference)
    click.echo(f"This library uses {chosen.reference}. Next: photos add FOLDER")


@model.command(short_help="Show the library's checkpoint.")
@options.as_json
@pass_invocation
def status(invocation: Invocation, as_json: bool) -> None:
    """Show the library's checkpoint, and whether its files are as they were."""
    from photos.cli.kit.format import table
    from photos.cli.kit.output import write_json
    from photos.operations.status import model_record

    with invocation.app() as app:
        facts = model_record(app)
    if as_json:
        write_json(facts)
        return
    for line in table([(name.replace("_", " "), str(value)) for name, value in facts.items() if value is not None]):
        click.echo(line)


@model.command(short_help="Fetch a checkpoint from the Hugging Face hub.")
@click.argument("reference", metavar="NAME")
@pass_invocation
def download(invocation: Invocation, reference: str) -> None:
    """Fetch a checkpoint from the Hugging Face hub.

    This is the only command that uses the network. What was fetched stays when it is interrupted, and the same command
    goes on from there.
    """
    from indexer.models import HuggingFaceHub
    from indexer.models import download as fetch
    from photos.cli.kit.format import shown_path
    from photos.cli.kit.progress import BYTES, Bar
    from photos.operations.models import SHIPPED

    if reference in SHIPPED:
        click.echo(f"{reference} comes with the program; there is nothing to download.")
        return
    with invocation.app() as app, Bar(reference, None, BYTES) as bar:
        folder = fetch(reference, app.settings.models, HuggingFaceHub(), bar.reach)
    click.echo(f"{reference} is in {shown_path(bytes(folder))}. Next: photos add FOLDER --model {reference}")
