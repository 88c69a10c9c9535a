"""`photos tags`: tags of photos, of the library, and of other programs."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


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
    """Import the tags in FILE: CSV with columns `path` and `tags`, or JSON objects with these, one a line.

    Paths are absolute, or begin in the file's own folder. Earlier tags of the same source on the same photos are
    replaced; the tags of other sources stay. In CSV, ; or | separates several tags in a field.

    \b
    photos tags import ram.csv --source ram++
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


@tags.command(short_help="Compare two sources of tags, label by label.")
@click.argument("one", metavar="SOURCE")
@click.argument("other", metavar="SOURCE")
@options.as_json
@pass_invocation
def compare(invocation: Invocation, one: str, other: str, as_json: bool) -> None:
    """Compare two sources of tags, label by label: `auto`, `user`, or the source of imported tags.

    Only photos with tags from both count, and only labels that both can give. `overlap` is the part of the photos
    tagged by either that both tag, `kappa` the agreement beyond chance.
    """
    from photos.cli.views.tag_import import show_comparison
    from photos.operations.tagging.tag_import import CompareSourcesRequest, compare_sources

    with invocation.open_library() as library:
        show_comparison(compare_sources(library, CompareSourcesRequest(one, other)), as_json=as_json)
