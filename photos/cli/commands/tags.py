"""`photos tags`: of photos, of the library, and those of other programs."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


class _Tags(click.Group):
    """Without the name of a command, `show` is meant."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As Click does, once a command is named."""
        is_help = args[:1] in (["-h"], ["--help"])
        named = args if is_help or args[:1] in [[name] for name in self.commands] else ["show", *args]
        return super().parse_args(ctx, named)


@click.group(cls=_Tags, short_help="The tags of photos, or of the library; those of other programs.")
def tags() -> None:
    """Show the tags of photos or of the library, take over those of other programs, and compare them.

    `photos tags [IMAGE]...` is short for `photos tags show`; an image called like a command is written with ./ before.
    """


@tags.command(short_help="The tags of images, or of the library.")
@click.argument("images", nargs=-1, metavar="[IMAGE]...")
@options.threshold
@click.option("--history", is_flag=True, help="What was said of the tags of each IMAGE by hand, and when.")
@options.as_json
@pass_invocation
def show(
    invocation: Invocation, images: tuple[str, ...], threshold: float | None, history: bool, as_json: bool
) -> None:
    """Show the tags of each IMAGE with their scores, or without one, the library's tags and how many photos have them.

    After the label: its score, the model's probability, how far it stands out in this library (`sd`), and from which
    score it counts. Scores are kept from low on, so --threshold moves at once, in both directions.
    """
    from photos.cli.views.tags import show_counts, show_history, show_tags

    if history and not images:
        raise click.UsageError("--history needs an IMAGE.")
    with invocation.open_library(threshold=threshold) as app:
        if history:
            show_history(app, images, as_json=as_json)
        elif images:
            show_tags(app, images, as_json=as_json)
        else:
            show_counts(app, as_json=as_json)


@tags.command("import", short_help="Take over the tags of another program.")
@click.argument("file", required=False)
@click.option("--source", metavar="NAME", help="The program that gave the tags, such as ram++.")
@click.option("--keywords", is_flag=True, help="Instead of a FILE: the keywords that pictures and sidecars hold.")
@pass_invocation
def import_(invocation: Invocation, file: str | None, source: str | None, keywords: bool) -> None:
    """Take over the tags in FILE: CSV with columns `path` and `tags`, or JSON objects with these, one a line.

    Paths are absolute, or begin at the file's own folder. What the same source gave the same photos before is replaced;
    the tags of others stay. In CSV several tags in a field are kept apart by ; or |.

    \b
    photos tags import ram.csv --source ram++
    photos tags import --keywords
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.views.tag_import import import_and_tell

    if keywords == (file is not None):
        raise click.UsageError("Name a FILE, or --keywords.")
    if file is not None and not source:
        raise click.UsageError("Say with --source which program gave the tags.")
    with invocation.open_library() as app:
        import_and_tell(app, file, source or "keywords")


@tags.command(short_help="Compare two sources of tags, label by label.")
@click.argument("one", metavar="SOURCE")
@click.argument("other", metavar="SOURCE")
@options.as_json
@pass_invocation
def compare(invocation: Invocation, one: str, other: str, as_json: bool) -> None:
    """Compare two sources of tags, label by label: `auto`, `user`, or a name that tags were imported under.

    Only photos that both speak of count, and only labels that both could give. `overlap` is the part of the photos
    tagged by either that both tag, `kappa` the agreement beyond chance.
    """
    from photos.cli.views.tag_import import compare_and_tell

    with invocation.open_library() as app:
        compare_and_tell(app, one, other, as_json=as_json)
