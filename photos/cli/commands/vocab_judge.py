"""The commands of `photos vocab` that judge: by your photos, or one vocabulary by another."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation
from photos.cli.kit.result_options import preview_option


@click.command("try", short_help="Show what a label would be on, before it is one.")
@click.argument("words", nargs=-1, required=True, metavar="LABEL...")
@options.threshold
@options.as_json
@pass_invocation
def try_(invocation: Invocation, words: tuple[str, ...], threshold: float | None, as_json: bool) -> None:
    """Show what LABEL would tag before it is in any vocabulary: how many photos, how the scores lie, and examples.

    \b
    photos vocab try stained glass
    photos vocab try "our cat" --threshold 0.01
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.views.vocab_try import try_and_tell

    with invocation.open_library(threshold=threshold) as app:
        try_and_tell(app, " ".join(words), as_json=as_json)


@click.command(short_help="Move a label's threshold by photos around it.")
@click.argument("words", nargs=-1, required=True, metavar="LABEL...")
@click.option(
    "--photos", "count", type=click.IntRange(2, 100), default=12, show_default=True, help="How many to ask about."
)
@preview_option
@pass_invocation
def tune(invocation: Invocation, words: tuple[str, ...], count: int, preview: str | None) -> None:
    """Move a label's threshold: say of photos on both sides of it whether LABEL is right there.

    The threshold becomes the one that fits most of your answers, in a new revision of the label's vocabulary
    (`photos vocab rollback` takes it back), and your answers stay as tags by hand.

    \b
    photos vocab tune beach
    photos vocab tune birds:heron --preview     in a terminal that shows pictures
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.views.vocab_tune import tune_and_tell

    with invocation.open_library() as app:
        tune_and_tell(app, " ".join(words), count, preview)


@click.command(short_help="Compare two vocabularies, and what they say of photos.")
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@click.option("--photos", "of_photos", is_flag=True, help="Name the photos whose tags differ.")
@options.as_json
@pass_invocation
def diff(invocation: Invocation, one: str, other: str, of_photos: bool, as_json: bool) -> None:
    """Compare two vocabularies, each a name, NAME@NUMBER or a file: their labels, and what they say of your photos.

    Exits with 0 if they are the same, and with 1 if they differ.
    """
    from photos.cli.views.vocab_diff import compare_and_tell

    with invocation.open_library() as app:
        is_same = compare_and_tell(app, one, other, of_photos=of_photos, as_json=as_json)
    if not is_same:
        click.get_current_context().exit(1)


@click.command(short_help="Name labels that are worth a look.")
@click.argument("vocabulary", metavar="[NAME|FILE]", required=False)
@options.as_json
@pass_invocation
def lint(invocation: Invocation, vocabulary: str | None, as_json: bool) -> None:
    """Name labels to look at.

    These are near-synonyms, prompts too long for the model, labels that are on no photo or on every one, and pairs that
    are always on the same photos.

    Exits with 0 if there are none, and with 1 if there are.
    """
    from photos.cli.views.vocab_lint import lint_and_tell

    with invocation.open_library() as app:
        is_clean = lint_and_tell(app, vocabulary, as_json=as_json)
    if not is_clean:
        click.get_current_context().exit(1)


@click.command(short_help="Name what your photos show and no label says.")
@click.option("--words", metavar="NAME|FILE", help="The vocabulary whose labels are tried; `photographic` unless set.")
@click.option(
    "--count", type=click.IntRange(1, 100), default=8, show_default=True, metavar="N", help="How many gaps to show."
)
@options.as_json
@pass_invocation
def suggest(invocation: Invocation, words: str | None, count: int, as_json: bool) -> None:
    """Name what your photos show and the vocabulary in force has no word for.

    Looks for photos of which their tags leave something unsaid, and for the words, of another vocabulary, that say it.
    Photos that look alike, have no tag, and fit no word are shown last. Exits with 1 if nothing stands out.

    The first use with a list encodes it: 7 000 words take a quarter of an hour on two cores with a base-size model.

    \b
    photos vocab suggest
    photos vocab suggest --words ram_tag_list.txt --count 20
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.views.vocab_suggest import suggest_and_tell

    with invocation.open_library() as app:
        found_any = suggest_and_tell(app, words, count, as_json=as_json)
    if not found_any:
        click.get_current_context().exit(1)
