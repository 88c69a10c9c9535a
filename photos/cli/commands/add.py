"""`photos add`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


def _checked_patterns(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    if given:
        from indexer import is_pattern

        for pattern in given:
            if not is_pattern(pattern):
                raise click.BadParameter(f"{pattern!r} is no pattern.")
    return given


@click.command(short_help="Index folders, from now on part of the library.")
@click.argument("folders", nargs=-1, metavar="FOLDER...")
@click.option(
    "--exclude",
    "excludes",
    multiple=True,
    metavar="PATTERN",
    callback=_checked_patterns,
    help="Leave out what fits, in the syntax of .gitignore; may be given more than once. It replaces the folder's "
    "earlier ones, and '' takes them away.",
)
@click.option(
    "--moved",
    nargs=2,
    multiple=True,
    metavar="OLD NEW",
    help="A folder of the library is now somewhere else: its photos keep their embeddings and tags.",
)
@options.model
@options.device
@options.precision
@options.workers
@options.threads
@options.nice
@options.json_events
@pass_invocation
def add(
    invocation: Invocation,
    folders: tuple[str, ...],
    excludes: tuple[str, ...],
    moved: tuple[tuple[str, str], ...],
    model: str | None,
    device: str | None,
    precision: str | None,
    workers: int | None,
    threads: int | None,
    nice: int,
    as_json: bool,
) -> None:
    """Register folders, with all below them, and index them now.

    The folders are only read. Interrupt it whenever you like: what is done is kept, and the same command goes on.
    Files that cannot be indexed cost nothing but themselves; `photos failed` lists them with the reasons.

    Hidden files and what programs keep beside pictures are left out, and so is what a `.photosignore` file in any of
    the folders says, in the syntax of .gitignore, and folders with a `.nomedia` file.

    A new library uses --model, or the `model` setting, or else google/siglip2-base-patch16-256, with a GPU
    google/siglip2-so400m-patch16-384. It must be on this machine: only `photos model download` downloads.

    \b
    photos add ~/Pictures
    photos add ~/Pictures /mnt/camera --model google/siglip2-so400m-patch16-384
    photos add ~/Pictures --exclude "*.png" --exclude "scans/"
    photos add --moved /mnt/old/Pictures /mnt/new/Pictures
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.views.index import give_way, index_and_tell
    from photos.operations import folders as naming

    if not folders and not moved:
        raise click.UsageError("Missing argument 'FOLDER...'.")
    paths = [naming.checked(folder) for folder in folders]
    places = [(naming.absolute(old), naming.checked(new)) for old, new in moved]
    with invocation.app(device=device, precision=precision, workers=workers, threads=threads) as app:
        give_way(nice)
        chosen = app.choose_model(model)
        with app.catalog.write() as t:
            registered = [naming.move(t, old, new) for old, new in places]
            registered += [naming.register(t, path, excludes) for path in paths]
        index_and_tell(app, chosen, list(dict.fromkeys(registered)), as_json=as_json)
