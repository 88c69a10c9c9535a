"""`photos model`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


@click.group(short_help="List, choose, try, compare, check and download checkpoints.")
def model() -> None:
    """List, choose, try, compare, check, measure and download checkpoints.

    Any SigLIP or SigLIP 2 checkpoint works, by its id on the Hugging Face hub or as a folder.
    """


@model.command("list", short_help="List the recommended and the downloaded checkpoints.")
@options.as_json
@pass_invocation
def list_(invocation: Invocation, as_json: bool) -> None:
    """List the recommended checkpoints with their sizes, and the other ones on this machine."""
    from photos.cli.views.model import show_models
    from photos.operations.models.checkpoints import list_models
    from photos.operations.models.spaces import list_spaces

    with invocation.open_library() as library:
        show_models(list_models(library), list_spaces(library), as_json=as_json)


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
    from photos.operations.models.checkpoints import use_model

    with invocation.open_library(precision=precision) as library:
        chosen = use_model(library, reference, patches)
    seen = "" if chosen.checkpoint.patches is None else f", with up to {chosen.checkpoint.patches} patches a picture"
    click.echo(f"This library uses {chosen.reference}{seen}. Next: photos add FOLDER")


@model.command(short_help="Show the library's checkpoint.")
@options.backend
@options.as_json
@pass_invocation
def status(invocation: Invocation, backend: str | None, as_json: bool) -> None:
    """Show the library's checkpoint, whether its weights are unchanged, and the models that it has embeddings of."""
    from photos.cli.views.model import show_model_status
    from photos.operations.models.checkpoints import model_status
    from photos.operations.models.spaces import list_spaces

    with invocation.open_library(backend=backend) as library:
        show_model_status(model_status(library), list_spaces(library), as_json=as_json)


@model.command("try", short_help="Embed the photos with a second checkpoint, while the first answers.")
@click.argument("reference", metavar="[NAME|FOLDER]", required=False)
@click.option("--in", "folder", metavar="FOLDER", help="Only photos in FOLDER, one of the library or within one.")
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Only N photos, chosen at random once.")
@options.precision
@options.patches
@options.device
@options.workers
@options.threads
@options.nice
@options.as_json
@pass_invocation
def try_(
    invocation: Invocation,
    reference: str | None,
    folder: str | None,
    sample: int | None,
    precision: str | None,
    patches: int | None,
    device: str | None,
    workers: int | None,
    threads: int | None,
    nice: int,
    as_json: bool,
) -> None:
    """Embed and tag the library's photos with a second checkpoint. Searches and tags stay as they are.

    It can be interrupted, and goes on with the same command, or with `photos model try` alone; a running daemon goes on
    with it, too, when it has nothing else to do. Photos that are added meanwhile get embeddings of both. The same
    checkpoint in another precision is another model, such as demo@int8.

    \b
    photos model try google/siglip2-so400m-patch16-384 --sample 2000
    photos model compare --sheet compared.html
    photos search --model google/siglip2-so400m-patch16-384 beach at sunset
    photos model try google/siglip2-so400m-patch16-384
    photos model switch
    """  # noqa: D301 - Click keeps the lines after \b
    from photos.cli.kit.program import lower_priority
    from photos.cli.kit.progress import ProgressBars
    from photos.cli.views.spaces import show_try
    from photos.operations.models.trials import TryRequest, try_model

    lower_priority(nice)
    request = TryRequest(model=reference, folder=folder, sample=sample, precision=precision, patches=patches)
    with (
        invocation.open_library(device=device, workers=workers, threads=threads) as library,
        ProgressBars() as progress,
    ):
        result = try_model(library, request, progress)
    show_try(result, as_json=as_json)


@model.command(short_help="Compare the checkpoint that is tried with the one that answers.")
@click.argument("queries", nargs=-1, metavar="[QUERY]...")
@options.in_model
@click.option("--count", type=click.IntRange(min=1), default=10, metavar="N", help="Photos that count as found.")
@click.option("--sheet", metavar="FILE", help="Write a contact sheet of two columns, one .html file.")
@click.option("--force", is_flag=True, help="Replace an existing sheet.")
@options.as_json
@pass_invocation
def compare(
    invocation: Invocation,
    queries: tuple[str, ...],
    model: str | None,
    count: int,
    sheet: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Compare the checkpoint that is tried, or another one of the library, with the one that answers.

    If none is tried and --model names none, it is the one before the last switch, or the only other one.

    Each QUERY is a text; without any, your newest searches are compared. The table has how many of the first 10 photos
    both find, how far photos move, the tags that photos gain and lose by label, and what a photo takes. Look
    at the sheet to see which model is right.

    \b
    photos model compare
    photos model compare "beach at sunset" "birthday cake" --sheet compared.html
    """  # noqa: D301 - Click keeps the lines after \b
    from photos.cli.kit.progress import ProgressBars
    from photos.cli.views.spaces import show_comparison, write_comparison_sheet
    from photos.operations.models.model_comparison import CompareModelsRequest, compare_models

    if sheet is not None and not sheet.lower().endswith((".html", ".htm")):
        raise click.UsageError("--sheet writes HTML here; give a name that ends in .html.")
    request = CompareModelsRequest(queries=queries, model=model, count=count)
    with invocation.open_library() as library:
        with ProgressBars() as progress:
            compared = compare_models(library, request, progress)
        show_comparison(compared, as_json=as_json)
        if sheet is not None:
            write_comparison_sheet(library, compared, sheet, force=force)


@model.command(short_help="Let the checkpoint that was tried answer.")
@click.argument("name", metavar="[MODEL]", required=False)
@click.option("--force", is_flag=True, help="Switch although it does not have all photos and tags yet.")
@options.as_json
@pass_invocation
def switch(invocation: Invocation, name: str | None, force: bool, as_json: bool) -> None:
    """Let the checkpoint that is tried, or another MODEL of the library, answer searches and give the tags.

    If none is tried, the only MODEL that is kept needs no name; `photos model rollback` goes back to the previous one.
    It must have all photos and tags. The switch takes an instant, a running daemon follows it, and
    `photos model rollback` takes it back. Photos that are added after it get embeddings of the new model alone.
    """
    from photos.cli.views.spaces import show_switch
    from photos.operations.models.spaces import switch_model

    with invocation.open_library() as library:
        result = switch_model(library, name, force=force)
    show_switch(result, as_json=as_json)


@model.command(short_help="Go back to the checkpoint before the last switch.")
@options.as_json
@pass_invocation
def rollback(invocation: Invocation, as_json: bool) -> None:
    """Go back to the checkpoint before the last switch, at once.

    Photos that came since the switch are embedded with it then. The other model is kept: `photos model switch MODEL`
    chooses it again, and `photos model forget MODEL` deletes it.
    """
    from photos.cli.kit.progress import ProgressBars
    from photos.cli.views.spaces import show_switch
    from photos.operations.models.spaces import complete_space, roll_back_model

    with invocation.open_library() as library:
        result = roll_back_model(library)
        show_switch(result, as_json=as_json, is_back=True)
        if result.missing:
            with ProgressBars() as progress:
                complete_space(library, progress)


@model.command(short_help="Delete the embeddings of a checkpoint that does not answer.")
@click.argument("name", metavar="MODEL")
@options.as_json
@pass_invocation
def forget(invocation: Invocation, name: str, as_json: bool) -> None:
    """Delete the embeddings, scores and index files of a MODEL of this library that does not answer.

    The checkpoint's own files stay. This ends a trial, too.
    """
    from photos.cli.views.spaces import show_forgotten
    from photos.operations.models.spaces import forget_model

    with invocation.open_library() as library:
        result = forget_model(library, name)
    show_forgotten(result, as_json=as_json)


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
    from photos.operations.models.checkpoints import model_speed

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
    from photos.operations.models.model_check import check_model

    with invocation.open_library(device=device) as library, ProgressBars() as progress:
        result = check_model(library, reference, progress)
    show_model_check(result, as_json=as_json)
    if not result.passes:
        click.get_current_context().exit(1)


@model.command(short_help="Download a checkpoint from the Hugging Face hub.")
@click.argument("reference", metavar="NAME")
@pass_invocation
def download(invocation: Invocation, reference: str) -> None:
    """Download a checkpoint from the Hugging Face hub: one of SigLIP, or Florence-2 for `photos describe`.

    This is the only command that uses the network. If it is interrupted, the downloaded parts stay, and the same
    command goes on from there.
    """
    from indexer.describers import is_florence
    from photos.cli.kit.format import shown_path
    from photos.cli.kit.progress import ProgressBars
    from photos.operations.models.checkpoints import download_model

    with invocation.open_library() as library, ProgressBars() as progress:
        folder = download_model(library, reference, progress)
    if folder is None:
        click.echo(f"{reference} comes with the program; there is nothing to download.")
    else:
        use = "describe QUERY --with" if is_florence(reference) else "add FOLDER --model"
        click.echo(f"{reference} is in {shown_path(bytes(folder))}. Next: photos {use} {reference}")
