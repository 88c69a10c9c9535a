"""`photos model`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


@click.group(short_help="List, choose, check, measure and download checkpoints.")
def model() -> None:
    """List, choose, check, measure and download checkpoints.

    Any SigLIP or SigLIP 2 checkpoint works, by its id on the Hugging Face hub or as a folder.
    """


@model.command("list", short_help="List the recommended and the downloaded checkpoints.")
@options.as_json
@pass_invocation
def list_(invocation: Invocation, as_json: bool) -> None:
    """List the recommended checkpoints with their sizes, and the other ones on this machine."""
    from photos.cli.views.model import show_models
    from photos.operations.models import list_models

    with invocation.open_library() as library:
        show_models(list_models(library), as_json=as_json)


@model.command(short_help="Choose the library's checkpoint.")
@click.argument("reference", metavar="NAME|FOLDER")
@options.precision
@options.patches
@pass_invocation
def use(invocation: Invocation, reference: str, precision: str | None, patches: int | None) -> None:
    """Choose the library's checkpoint, as long as the library has no photos.

    NaFlex checkpoints keep a picture's proportions. More patches show them more detail and take more time: 576 about
    2.3 times as long as 256, and 1024 about 4.6 times.

    \b
    photos model use google/siglip2-base-patch16-256
    photos model use google/siglip2-base-patch16-naflex --patches 576
    """  # noqa: D301 - Click keeps the lines after \b
    from photos.operations.models import use_model

    with invocation.open_library(precision=precision) as library:
        chosen = use_model(library, reference, patches)
    seen = "" if chosen.checkpoint.patches is None else f", with up to {chosen.checkpoint.patches} patches a picture"
    click.echo(f"This library uses {chosen.reference}{seen}. Next: photos add FOLDER")


@model.command(short_help="Show the library's checkpoint.")
@options.backend
@options.as_json
@pass_invocation
def status(invocation: Invocation, backend: str | None, as_json: bool) -> None:
    """Show the library's checkpoint, whether its weights are unchanged, and the implementation of its encoder."""
    from photos.cli.views.model import show_model_status
    from photos.operations.models import model_status

    with invocation.open_library(backend=backend) as library:
        show_model_status(model_status(library), as_json=as_json)


@model.command(short_help="Measure the speed of each precision here.")
@click.argument("reference", metavar="[NAME|FOLDER]", required=False)
@options.device
@options.as_json
@pass_invocation
def speed(invocation: Invocation, reference: str | None, device: str | None, as_json: bool) -> None:
    """Measure the speed of each precision on this machine, with the library's checkpoint or another one.

    It takes some seconds. int8 is called int8-narrow where its integers have 7.5 bits instead of 8, on processors that
    multiply those faster. A library keeps its precision; `--precision` of `photos add` chooses that of a new one.
    """
    from photos.cli.views.model import show_model_speed
    from photos.operations.models import model_speed

    with invocation.open_library(device=device) as library:
        measured = model_speed(library, reference)
    show_model_speed(measured, as_json=as_json)


@model.command(short_help="Compare the encoders with transformers.")
@click.argument("reference", metavar="[NAME|FOLDER]", required=False)
@options.device
@options.as_json
@pass_invocation
def check(invocation: Invocation, reference: str | None, device: str | None, as_json: bool) -> None:
    """Compare this program's encoders with those of transformers, on a checkpoint and a few pictures and texts.

    The checkpoint is the library's, or the one named; pictures and past searches are the library's own where it has
    any. In float32, pixels, vectors and logits must be those of transformers up to rounding; for another precision, the
    least cosine with float32 is shown, too. Exit status 1 if a limit is exceeded. It takes some seconds, and twice the
    memory of the model.

    \b
    photos model check
    photos model check google/siglip2-base-patch16-256
    """  # noqa: D301 - Click keeps the lines after \b
    from photos.cli.kit.progress import ProgressBars
    from photos.cli.views.model import show_model_check
    from photos.operations.model_check import check_model

    with invocation.open_library(device=device) as library, ProgressBars() as progress:
        result = check_model(library, reference, progress)
    show_model_check(result, as_json=as_json)
    if not result.passes:
        click.get_current_context().exit(1)


@model.command(short_help="Download a checkpoint from the Hugging Face hub.")
@click.argument("reference", metavar="NAME")
@pass_invocation
def download(invocation: Invocation, reference: str) -> None:
    """Download a checkpoint from the Hugging Face hub.

    This is the only command that uses the network. If it is interrupted, the downloaded parts stay, and the same
    command goes on from there.
    """
    from photos.cli.kit.format import shown_path
    from photos.cli.kit.progress import ProgressBars
    from photos.operations.models import download_model

    with invocation.open_library() as library, ProgressBars() as progress:
        folder = download_model(library, reference, progress)
    if folder is None:
        click.echo(f"{reference} comes with the program; there is nothing to download.")
    else:
        click.echo(f"{reference} is in {shown_path(bytes(folder))}. Next: photos add FOLDER --model {reference}")
