"""`photos tags`: tags of photos, of the library, and of other programs."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Final

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, native_noise_hushed, pass_invocation
from photos.cli.kit.search_options import check_force, force_option, sheet_option

#: Photos on a sheet of differences.
_ON_SHEET: Final = 60


class _Tags(click.Group):
    """A group with the default command `show`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as Click does, with `show` before arguments that name no command."""
        is_help = args[:1] in (["-h"], ["--help"])
        named = args if is_help or args[:1] in [[name] for name in self.commands] else ["show", *args]
        return super().parse_args(ctx, named)


@click.group(cls=_Tags, short_help="Show the tags of photos or of the library; import those of other programs.")
def tags() -> None:
    """Show the tags of photos or of the library, import those of other programs, and compare them.

    `photos tags [IMAGE]...` is short for `photos tags show`. Write ./ before an image with the name of a command.
    """


@tags.command(short_help="Show the tags of images, or of the library.")
@click.argument("images", nargs=-1, metavar="[IMAGE]...")
@options.threshold
@click.option(
    "--history",
    is_flag=True,
    help="Show the changes of each IMAGE by hand and by imports: of its tags, and the last of its stars.",
)
@options.as_json
@pass_invocation
def show(
    invocation: Invocation, images: tuple[str, ...], threshold: float | None, history: bool, as_json: bool
) -> None:
    """Show the tags of each IMAGE with their scores, or without one, the library's tags and how many photos have them.

    Each line has the label, its score, the model's probability, the distance from the label's usual score in this
    library (`sd`), and the score from which the label counts. Low scores are stored too, so --threshold needs no
    re-tag, in either direction.
    """
    from photos.cli.views import tags as view
    from photos.operations.tagging import tags as operations

    if history and not images:
        raise click.UsageError("--history needs an IMAGE.")
    with invocation.open_library(threshold=threshold) as library:
        if history:
            view.show_history(operations.tag_history(library, images), as_json=as_json)
            return
        has_probabilities = library.space.identity.has_probabilities
        if images:
            found = operations.photo_tags(library, operations.TagsRequest(photos=images))
            view.show_tags(found, has_probabilities=has_probabilities, as_json=as_json)
        else:
            counts = operations.tag_counts(library)
            view.show_counts(counts, has_probabilities=has_probabilities, as_json=as_json)


@tags.command("import", short_help="Import the tags of another program.")
@click.argument("file", required=False)
@click.option("--source", metavar="NAME", help="The program that made the tags, such as ram++.")
@click.option("--keywords", is_flag=True, help="Instead of a FILE: the keywords in pictures and sidecars.")
@pass_invocation
def import_(invocation: Invocation, file: str | None, source: str | None, keywords: bool) -> None:
    """Import the tags in FILE: CSV with columns `path` and `tags`, JSON objects with these, or text.

    Paths are absolute, or begin in the file's own folder. Earlier tags of the same source on the same photos are
    replaced; the tags of other sources stay. In CSV, ; or | separates several tags in a field. Text is a picture and
    its tags on each line, as in `a.jpg: dog | beach`, or what RAM++ prints below the line that names the picture. The
    JSON of RAM's script for folders, and Florence-2's objects by path, are taken as they are.

    \b
    photos tags import ram_plus_results.json --source ram++
    photos tags import florence.json --source florence-2
    photos tags import --keywords
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.views.tag_import import show_import
    from photos.operations.tagging.tag_import import KEYWORDS, ImportTagsRequest, import_keywords, import_tags

    if keywords == (file is not None):
        raise click.UsageError("Name a FILE, or --keywords.")
    if file is not None and not source:
        raise click.UsageError("Name the program that made the tags with --source.")
    with invocation.open_library() as library:
        if file is None:
            show_import(import_keywords(library, source or KEYWORDS))
        else:
            show_import(import_tags(library, ImportTagsRequest(file, source or "")))


@tags.command(short_help="Compare sources of tags, label by label.")
@click.argument("sources", nargs=-1, metavar="SOURCE...", required=True)
@click.option("--query", metavar="QUERY", help="Only photos that QUERY finds: filters, or words together with --top.")
@options.top_of_query
@sheet_option
@force_option
@options.as_json
@pass_invocation
def compare(
    invocation: Invocation,
    sources: tuple[str, ...],
    query: str | None,
    top: int | None,
    sheet: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Compare two or more sources of tags, label by label: `auto`, `auto:SLOT`, `user`, or the source of an import.

    `siglip` is another name for `auto`, the tags of the vocabularies in force. Only photos that all sources tag,
    or have described, count, and only labels that all can give. `overlap` is the part of the photos tagged by any that
    all tag, `kappa` the agreement beyond chance.

    Your own tags, rejections and examples of `photos teach` tell who is right: precision is the part of a source's
    tags that you confirmed, of those you said anything about, and recall the part of your own tags that it gives. A
    label that you said nothing about has neither. The sheet shows the photos with the most differences.

    \b
    photos tags compare siglip ram++
    photos tags compare siglip florence ram++ --query year:2019 --sheet taggers.html
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.kit.format import here
    from photos.cli.views.source_comparison import show_comparison, write_comparison_sheet
    from photos.operations.tagging.source_comparison import CompareSourcesRequest, compare_sources

    if len(sources) == 1:
        raise click.UsageError("Name two sources or more, as in: photos tags compare siglip ram++")
    if top is not None and query is None:
        raise click.UsageError("--top goes with --query.")
    check_force(sheet, force=force)
    request = CompareSourcesRequest(
        sources=sources, query=query, directory=here(), top=top, disputed=0 if sheet is None else _ON_SHEET
    )
    with invocation.open_library() as library:
        compared = compare_sources(library, request)
    show_comparison(compared, as_json=as_json)
    if sheet is not None:
        # Decoders write to standard error while pictures are made.
        with nullcontext() if invocation.debug else native_noise_hushed(), invocation.open_thumbnails() as thumbnails:
            write_comparison_sheet(compared, sheet, thumbnails, force=force)
