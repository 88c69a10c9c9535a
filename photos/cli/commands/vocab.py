"""`photos vocab`: the lists of labels."""

from __future__ import annotations

import os
from pathlib import Path

import click

from photos.cli.commands.vocab_judge import diff, lint, suggest, try_, tune
from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


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
    from photos.cli.views.vocab_list import list_and_tell

    with invocation.open_library() as app:
        list_and_tell(app, as_json=as_json)


@vocab.command("import", short_help="Read a vocabulary file, without using it yet.")
@click.argument("file")
@click.option("--name", metavar="NAME", help="What to call it; the file's name unless given.")
@pass_invocation
def import_(invocation: Invocation, file: str, name: str | None) -> None:
    """Read a vocabulary FILE into the catalog, without using it yet."""
    from photos.cli.kit.format import counted
    from photos.operations import vocabularies

    with invocation.open_library() as app:
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
    from photos.cli.views.vocab_use import use_and_tell

    if (folders or everywhere) and namespace is None:
        raise click.UsageError("The main vocabulary is for all folders; --as NAMESPACE puts one beside it.")
    if folders and everywhere:
        raise click.UsageError("Say either --in or --everywhere.")
    with invocation.open_library() as app:
        use_and_tell(app, vocabulary, namespace, [] if everywhere else folders or None)


@vocab.command(short_help="Tag no longer with what is under a namespace.")
@click.argument("namespace", metavar="NAMESPACE")
@pass_invocation
def drop(invocation: Invocation, namespace: str) -> None:
    """Tag no longer with the vocabulary under NAMESPACE. It stays in the list, and all that you said by hand stays."""
    from photos.errors import EmptyLibrary
    from photos.operations import vocabularies

    with invocation.open_library() as app:
        if app.is_new:
            raise EmptyLibrary(app.settings.library)
        dropped = vocabularies.drop(app.catalog, namespace)
    click.echo(f"Nothing is tagged as {dropped} any more; `photos vocab use NAME --as {dropped}` tags with it again.")


@vocab.command(short_help="Show a vocabulary's labels and their texts.")
@click.argument("vocabulary", metavar="[NAME|FILE]", required=False)
@options.as_json
@pass_invocation
def show(invocation: Invocation, vocabulary: str | None, as_json: bool) -> None:
    """Show a vocabulary's labels with the texts they are scored by; the main one unless named."""
    from photos.cli.kit.format import label_lines
    from photos.cli.kit.output import write_json
    from photos.operations import vocabularies

    with invocation.open_library() as app:
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
    from photos.cli.kit.format import shown_path
    from photos.errors import FileExists
    from photos.operations import vocabularies
    from query import write_vocabulary

    with invocation.open_library() as app:
        text = write_vocabulary(vocabularies.definition_of(app.catalog_if_any, vocabulary))
    if file is None:
        click.echo(text, nl=False)
        return
    try:
        with Path(file).open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise FileExists(file) from None
    click.echo(f"Wrote {shown_path(os.fsencode(os.path.abspath(file)))}.", err=True)


@vocab.command(short_help="List the revisions of a vocabulary.")
@click.argument("vocabulary", metavar="[NAME]", required=False)
@options.as_json
@pass_invocation
def history(invocation: Invocation, vocabulary: str | None, as_json: bool) -> None:
    """List the revisions of a vocabulary, newest first; of the main one unless named."""
    from photos.cli.views.vocab_list import history_and_tell

    with invocation.open_library() as app:
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
    from photos.cli.views.vocab_use import roll_back_and_tell

    with invocation.open_library() as app:
        roll_back_and_tell(app, vocabulary, number)


@vocab.command(short_help="Measure anew how labels score over your library.")
@pass_invocation
def calibrate(invocation: Invocation) -> None:
    """Look anew at how each label scores over your library, and tag with that.

    It is done by itself when a library first has 500 photos and whenever it has doubled since. Labels with a threshold
    of their own, and vocabularies with one, go by that.
    """
    from photos.cli.views.retag import finish_and_tell
    from photos.operations import vocabularies

    with invocation.open_library() as app:
        space = app.space
        with app.catalog.read() as t:
            reference, revision = t.library.model() or space.identity.model, vocabularies.target_revision(t)
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
    from photos.cli.views.vocab_edit import edit_and_tell

    with invocation.open_library() as app:
        edit_and_tell(app, vocabulary)


for command in (try_, tune, diff, lint, suggest):
    vocab.add_command(command)
