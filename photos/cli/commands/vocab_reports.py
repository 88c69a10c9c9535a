"""Reports of `photos vocab`: try, diff, lint, suggest."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


@click.command("try", short_help="Show which photos a label would be on.")
@click.argument("words", nargs=-1, required=True, metavar="LABEL...")
@options.threshold
@options.as_json
@pass_invocation
def try_(invocation: Invocation, words: tuple[str, ...], threshold: float | None, as_json: bool) -> None:
    """Show what LABEL would tag before it is in any vocabulary: how many photos, their scores, and examples.

    \b
    photos vocab try stained glass
    photos vocab try "our cat" --threshold 0.01
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.kit.output import write_json
    from photos.cli.views.vocabulary_reports import trial_lines
    from photos.errors import safe
    from photos.operations.tagging.vocabulary_reports import TryRequest, try_new_label
    from photos.records.vocabularies import try_record

    with invocation.open_library(threshold=threshold) as library:
        result = try_new_label(library, TryRequest(" ".join(words)))
    if as_json:
        write_json(try_record(result))
        return
    for line in trial_lines(f"{safe(result.label)} would be on", result.trial, result.identity):
        click.echo(line)


@click.command(short_help="Compare two vocabularies and the tags they give.")
@click.argument("one", metavar="A")
@click.argument("other", metavar="[B]", required=False)
@click.option("--photos", "of_photos", is_flag=True, help="Name the photos whose tags differ.")
@options.as_json
@pass_invocation
def diff(invocation: Invocation, one: str, other: str | None, of_photos: bool, as_json: bool) -> None:
    """Compare two vocabularies, each a name, NAME@NUMBER or a file: their labels, and the tags they give your photos.

    A alone is compared with the main vocabulary, or if it is the main one, with its revision before.

    Exits with 0 if they are the same, and with 1 if they differ.
    """
    from photos.cli.kit.output import write_json
    from photos.cli.kit.progress import ProgressBars
    from photos.cli.kit.terminal import show_lines
    from photos.cli.views.vocabulary_reports import changed_photo_lines, difference_lines
    from photos.errors import safe
    from photos.operations.tagging.vocabulary_reports import CompareVocabulariesRequest, compare_vocabularies
    from photos.records.vocabularies import changed_photo_record, vocabulary_difference_record

    request = CompareVocabulariesRequest(one=one, other=other, of_photos=of_photos)
    with invocation.open_library() as library, ProgressBars() as progress:
        result = compare_vocabularies(library, request, progress)
    if other is None:
        click.echo(f"From {safe(result.one)} to {safe(result.other)}:", err=True)
    if as_json:
        write_json(vocabulary_difference_record(result))
        for photo in result.photos:
            write_json(changed_photo_record(photo))
    else:
        show_lines([*difference_lines(result), *changed_photo_lines(result.photos)])
    if not result.is_same:
        click.get_current_context().exit(1)


@click.command(short_help="List doubtful labels.")
@click.argument("vocabulary", metavar="[NAME|FILE]", required=False)
@options.as_json
@pass_invocation
def lint(invocation: Invocation, vocabulary: str | None, as_json: bool) -> None:
    """List doubtful labels of a vocabulary; of the main one unless named.

    These are near-synonyms, prompts too long for the model, labels on no photo or on every one, and pairs that are
    always on the same photos.

    Exits with 0 if there are none, and with 1 if there are.
    """
    from photos.cli.kit.output import write_json
    from photos.cli.kit.terminal import show_lines
    from photos.cli.views.vocabulary_reports import doubt_lines
    from photos.operations.tagging.vocabulary_reports import lint_vocabulary
    from photos.records.vocabularies import doubt_record

    with invocation.open_library() as library:
        result = lint_vocabulary(library, vocabulary)
    if as_json:
        for doubt in result.doubts:
            write_json(doubt_record(doubt))
    else:
        show_lines(doubt_lines(result))
    if result.doubts:
        click.get_current_context().exit(1)


@click.command(short_help="Find what your photos show and no label describes.")
@click.option("--words", metavar="NAME|FILE", help="The vocabulary whose labels are tried; `photographic` unless set.")
@click.option(
    "--count", type=click.IntRange(1, 100), default=8, show_default=True, metavar="N", help="How many gaps to show."
)
@options.as_json
@pass_invocation
def suggest(invocation: Invocation, words: str | None, count: int, as_json: bool) -> None:
    """Find what your photos show and the main vocabulary has no label for.

    It looks for photos that their tags do not describe fully, and for words of another vocabulary that describe the
    rest. Photos that look alike, have no tag, and fit no word come next, and last the words that describers say of five
    photos or more and no label is called. Exits with 1 if nothing stands out.

    The first use of a list encodes it: 7 000 words take a quarter of an hour on two cores with a base-size model.

    \b
    photos vocab suggest
    photos vocab suggest --words ram_tag_list.txt --count 20
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.kit.output import write_json
    from photos.cli.kit.terminal import show_lines
    from photos.cli.views.vocabulary_reports import SuggestBars, gap_lines
    from photos.operations.tagging.vocabulary_reports import SuggestRequest, find_gaps
    from photos.records.vocabularies import gap_record, unnamed_word_record

    with invocation.open_library() as library, SuggestBars() as progress:
        result = find_gaps(library, SuggestRequest(words, count), progress)
    if as_json:
        for gap in (*result.gaps.named, *result.gaps.unnamed):
            write_json(gap_record(gap))
        for word in result.described:
            write_json(unnamed_word_record(word))
    else:
        show_lines(gap_lines(result))
    if not result.found_any:
        click.get_current_context().exit(1)
