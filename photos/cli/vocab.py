"""`photos vocab`: the lists of labels."""

from __future__ import annotations

from pathlib import Path

import click

from photos.cli import options
from photos.cli.presenting import preview_option
from photos.cli.program import Invocation, pass_invocation


@click.group(short_help="Vocabularies: the lists of labels that photos are tagged with.")
def vocab() -> None:
    """Vocabularies: the lists of labels that photos are tagged with.

    A vocabulary is a file: text with a label a line, CSV or YAML; docs/vocabularies.md has the formats. Every change
    of one is kept as a numbered revision, which NAME@NUMBER means wherever a vocabulary is asked for.

    One vocabulary is the main one. Others may be in force beside it, each under a namespace: `vocab use FILE --as
    birds`. Where a vocabulary is asked for, `birds:` is the one that is in force there.
    """


@vocab.command("list", short_help="List the vocabularies, and where each is in force.")
@options.as_json
@pass_invocation
def list_(invocation: Invocation, as_json: bool) -> None:
    """List the vocabularies: yours, and those that come with the program; and where each is in force."""
    from photos.cli.vocabulary_listing import list_and_tell

    with invocation.app() as app:
        list_and_tell(app, as_json=as_json)


@vocab.command("import", short_help="Read a vocabulary file, without using it yet.")
@click.argument("file")
@click.option("--name", metavar="NAME", help="What to call it; the file's name unless given.")
@pass_invocation
def import_(invocation: Invocation, file: str, name: str | None) -> None:
    """Read a vocabulary FILE into the catalog, without using it yet."""
    from photos import vocabularies
    from photos.cli.render import counted

    with invocation.app() as app:
        revision = vocabularies.import_file(app.catalog, file, name)
    click.echo(
        f"{revision.vocabulary}, revision {revision.number}: {counted(len(revision.labels), 'label')}. "
        f"`photos vocab use {revision.vocabulary}` tags with it."
    )


@vocab.command(short_help="Tag with a vocabulary from now on.")
@click.argument("vocabulary", metavar="NAME|FILE")
@options.namespace
@click.option(
    "--in", "folders", multiple=True, metavar="FOLDER", help="With --as: only for photos below FOLDER; may be repeated."
)
@click.option("--everywhere", is_flag=True, help="With --as: for all photos again.")
@pass_invocation
def use(
    invocation: Invocation, vocabulary: str, namespace: str | None, folders: tuple[str, ...], everywhere: bool
) -> None:
    """Tag with a vocabulary from now on; photos that are there are tagged again at once.

    It takes the place of the main one. With --as it stands beside it, under a namespace of its own: each of its labels
    is called NAMESPACE:LABEL, and none of them crowds out another vocabulary's. Which folders it is for stays as it
    was unless --in or --everywhere says otherwise; that scores nothing anew, and neither does moving photos.

    \b
    photos vocab use animals.txt
    photos vocab use birds.txt --as birds --in ~/Pictures/birds
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.vocabulary_using import use_and_tell

    if (folders or everywhere) and namespace is None:
        raise click.UsageError("The main vocabulary is for all folders; --as NAMESPACE puts one beside it.")
    if folders and everywhere:
        raise click.UsageError("Say either --in or --everywhere.")
    with invocation.app() as app:
        use_and_tell(app, vocabulary, namespace, [] if everywhere else folders or None)


@vocab.command(short_help="Tag no longer with what is under a namespace.")
@click.argument("namespace", metavar="NAMESPACE")
@pass_invocation
def drop(invocation: Invocation, namespace: str) -> None:
    """Tag no longer with the vocabulary under NAMESPACE. It stays in the list, and all that you said by hand stays."""
    from photos import vocabularies
    from photos.errors import EmptyLibrary

    with invocation.app() as app:
        if app.is_new:
            raise EmptyLibrary(app.settings.library)
        dropped = vocabularies.drop(app.catalog, namespace)
    click.echo(f"Nothing is tagged as {dropped}: any more; `photos vocab use NAME --as {dropped}` tags with it again.")


@vocab.command(short_help="Show a vocabulary's labels and their texts.")
@click.argument("vocabulary", metavar="[NAME|FILE]", required=False)
@options.as_json
@pass_invocation
def show(invocation: Invocation, vocabulary: str | None, as_json: bool) -> None:
    """Show a vocabulary's labels with the texts they are scored by; the main one unless named."""
    from photos import vocabularies
    from photos.cli.output import write_json
    from photos.cli.render import label_lines

    with invocation.app() as app:
        definition = vocabularies.definition_of(app.catalog_if_any, vocabulary)
    if as_json:
        for label in definition.labels:
            write_json(
                {
                    "label": label.name,
                    "category": label.category,
                    "parents": list(label.parents),
                    "aliases": list(label.aliases),
                    "texts": list(label.texts),
                    "threshold": label.threshold,
                    "examples": list(label.examples),
                    "counterexamples": list(label.counterexamples),
                }
            )
        return
    for line in label_lines(definition):
        click.echo(line)


@vocab.command(short_help="Write a vocabulary as a text file.")
@click.argument("vocabulary", metavar="NAME")
@click.argument("file", required=False)
@pass_invocation
def export(invocation: Invocation, vocabulary: str, file: str | None) -> None:
    """Write a vocabulary as a text FILE that `import` reads, or to standard output."""
    from photos import vocabularies
    from photos.errors import FileExists
    from query import write_vocabulary

    with invocation.app() as app:
        text = write_vocabulary(vocabularies.definition_of(app.catalog_if_any, vocabulary))
    if file is None:
        click.echo(text, nl=False)
        return
    try:
        with Path(file).open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise FileExists(file) from None


@vocab.command(short_help="List the revisions of a vocabulary.")
@click.argument("vocabulary", metavar="[NAME]", required=False)
@options.as_json
@pass_invocation
def history(invocation: Invocation, vocabulary: str | None, as_json: bool) -> None:
    """List the revisions of a vocabulary, newest first; of the main one unless named."""
    from photos.cli.vocabulary_listing import history_and_tell

    with invocation.app() as app:
        history_and_tell(app, vocabulary, as_json=as_json)


@vocab.command(short_help="Go back to an earlier revision.")
@click.argument("vocabulary", metavar="[NAME]", required=False)
@click.option("--to", "number", type=click.IntRange(min=1), metavar="N", help="Which; the one before unless set.")
@pass_invocation
def rollback(invocation: Invocation, vocabulary: str | None, number: int | None) -> None:
    """Tag with an earlier revision again. No label is encoded anew, and no revision is lost.

    It takes the place of the revision in force of the vocabulary NAME, be it the main one or under a namespace; without
    NAME, of the main one. If NAME is in force nowhere, the earlier revision's labels become its newest revision, and
    nothing is tagged with it.
    """
    from photos.cli.vocabulary_using import roll_back_and_tell

    with invocation.app() as app:
        roll_back_and_tell(app, vocabulary, number)


@vocab.command(short_help="Measure anew how labels score over your library.")
@pass_invocation
def calibrate(invocation: Invocation) -> None:
    """Look anew at how each label scores over your library, and tag with that.

    It is done by itself when a library first has 500 photos and whenever it has doubled since. Labels with a threshold
    of their own, and vocabularies with one, go by that.
    """
    from photos import vocabularies
    from photos.cli.retagging import finish_and_tell

    with invocation.app() as app:
        space = app.space
        with app.catalog.read() as t:
            reference, revision = t.library.model() or space.identity.model, vocabularies.wanted(t)
        finish_and_tell(app, revision or vocabularies.ensure_one(app.catalog, reference), calibrate_anew=True)


@vocab.command(short_help="Change a vocabulary in your editor.")
@click.argument("vocabulary", metavar="[NAME]", required=False)
@pass_invocation
def edit(invocation: Invocation, vocabulary: str | None) -> None:
    """Change a vocabulary in your editor; the main one unless named. Saved as it was, it stays as it is.

    What you save becomes a new revision if it is sound, and tags at once if an earlier one is in force. If it is not,
    the sentence says where, and the file stays for you to mend and `photos vocab import`. So it does if the vocabulary
    was changed by another process meanwhile: then that change stands, and the sentence says how to compare the two.
    """
    from photos.cli.vocabulary_editing import edit_and_tell

    with invocation.app() as app:
        edit_and_tell(app, vocabulary)


@vocab.command("try", short_help="Show what a label would be on, before it is one.")
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
    from photos.cli.vocabulary_trial import try_and_tell

    with invocation.app(threshold=threshold) as app:
        try_and_tell(app, " ".join(words), as_json=as_json)


@vocab.command(short_help="Move a label's threshold by photos around it.")
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
    from photos.cli.vocabulary_tuning import tune_and_tell

    with invocation.app() as app:
        tune_and_tell(app, " ".join(words), count, preview)


@vocab.command(short_help="Compare two vocabularies, and what they say of photos.")
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@click.option("--photos", "of_photos", is_flag=True, help="Name the photos whose tags differ.")
@options.as_json
@pass_invocation
def diff(invocation: Invocation, one: str, other: str, of_photos: bool, as_json: bool) -> None:
    """Compare two vocabularies, each a name, NAME@NUMBER or a file: their labels, and what they say of your photos.

    Exits with 0 if they are the same, and with 1 if they differ.
    """
    from photos.cli.vocabulary_comparing import compare_and_tell

    with invocation.app() as app:
        is_same = compare_and_tell(app, one, other, of_photos=of_photos, as_json=as_json)
    if not is_same:
        click.get_current_context().exit(1)


@vocab.command(short_help="Name labels that are worth a look.")
@click.argument("vocabulary", metavar="[NAME|FILE]", required=False)
@options.as_json
@pass_invocation
def lint(invocation: Invocation, vocabulary: str | None, as_json: bool) -> None:
    """Name labels to look at.

    These are near-synonyms, prompts too long for the model, labels that are on no photo or on every one, and pairs that
    are always on the same photos.

    Exits with 0 if there are none, and with 1 if there are.
    """
    from photos.cli.vocabulary_linting import lint_and_tell

    with invocation.app() as app:
        is_clean = lint_and_tell(app, vocabulary, as_json=as_json)
    if not is_clean:
        click.get_current_context().exit(1)


@vocab.command(short_help="Name what your photos show and no label says.")
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
    from photos.cli.vocabulary_suggesting import suggest_and_tell

    with invocation.app() as app:
        found_any = suggest_and_tell(app, words, count, as_json=as_json)
    if not found_any:
        click.get_current_context().exit(1)
