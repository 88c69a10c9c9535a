"""`photos vocab`: the lists of labels."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from photos.cli.commands.vocab_reports import diff, lint, suggest, try_
from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation
from photos.cli.kit.search_options import preview_option

if TYPE_CHECKING:
    from photos.library import OpenLibrary
    from photos.operations.tagging.tune import TuningAnswer, TuningRound


@click.group(short_help="Vocabularies: the lists of labels that photos are tagged with.")
def vocab() -> None:
    """Vocabularies: the lists of labels that photos are tagged with.

    A vocabulary is a file: text with a label a line, CSV or YAML; `photos help vocabularies` has the formats. Every
    change makes a new numbered revision. NAME@NUMBER stands for a revision wherever a vocabulary is expected.

    One vocabulary is the main one. Others may be used in addition, each in a slot of its own:
    `vocab use FILE --as birds`. `birds:` stands for the vocabulary in that slot.
    """


@vocab.command("list", short_help="List the vocabularies, and where each is in force.")
@options.as_json
@pass_invocation
def list_(invocation: Invocation, as_json: bool) -> None:
    """List the vocabularies, yours and the included ones, and where each is in force."""
    from photos.cli.kit.output import write_json
    from photos.cli.kit.terminal import show_lines
    from photos.cli.views.vocabulary import vocabulary_lines
    from photos.operations.tagging.vocabularies import list_vocabularies
    from photos.records.vocabularies import vocabulary_record

    with invocation.open_library() as library:
        listed = list_vocabularies(library)
    if as_json:
        for each in listed:
            write_json(vocabulary_record(each))
        return
    show_lines(vocabulary_lines(listed))


@vocab.command("import", short_help="Read a vocabulary file, without using it yet.")
@click.argument("file")
@click.option("--name", metavar="NAME", help="The vocabulary's name; the file's name unless given.")
@pass_invocation
def import_(invocation: Invocation, file: str, name: str | None) -> None:
    """Read a vocabulary FILE into the catalog, without using it yet."""
    from photos.cli.views.vocabulary import imported_line
    from photos.operations.tagging.vocabularies import import_vocabulary

    with invocation.open_library() as library:
        revision = import_vocabulary(library, file, name)
    click.echo(imported_line(revision))


@vocab.command(short_help="Tag with a vocabulary from now on.")
@click.argument("vocabulary", metavar="NAME|FILE")
@options.slot
@click.option(
    "--in", "folders", multiple=True, metavar="FOLDER", help="With --as: only for photos below FOLDER; may be repeated."
)
@click.option("--everywhere", is_flag=True, help="With --as: for all photos again.")
@pass_invocation
def use(invocation: Invocation, vocabulary: str, slot: str | None, folders: tuple[str, ...], everywhere: bool) -> None:
    """Tag with a vocabulary from now on. Photos of the library are tagged again at once.

    It replaces the main vocabulary. With --as it is added to the main one, in a slot of that name: each of its labels
    is called SLOT:LABEL and competes only with labels of its own vocabulary. Its folders stay the same unless --in
    or --everywhere is given; a change of folders, or of where photos lie, needs no re-tag.

    \b
    photos vocab use animals.txt
    photos vocab use birds.txt --as birds --in ~/Pictures/birds
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.kit.progress import ProgressBars
    from photos.cli.views.retag import show_retags
    from photos.cli.views.vocabulary import use_lines
    from photos.operations.tagging.vocabularies import UseRequest, use_vocabulary

    if (folders or everywhere) and slot is None:
        raise click.UsageError("The main vocabulary is for all folders; --as SLOT adds one for some folders.")
    if folders and everywhere:
        raise click.UsageError("Give either --in or --everywhere.")
    limits = () if everywhere else folders or None
    request = UseRequest(vocabulary=vocabulary, slot=slot, folders=limits)
    with invocation.open_library() as library, ProgressBars() as progress:
        result = use_vocabulary(library, request, progress)
    if result.retag is not None:
        show_retags(result.retag)
    for line in use_lines(result):
        click.echo(line)


@vocab.command(short_help="Stop tagging with the vocabulary in a slot.")
@click.argument("slot", metavar="SLOT")
@pass_invocation
def drop(invocation: Invocation, slot: str) -> None:
    """Stop tagging with the vocabulary in SLOT. It stays in the list, and your own tags stay."""
    from photos.operations.tagging.vocabularies import drop_vocabulary

    with invocation.open_library() as library:
        dropped = drop_vocabulary(library, slot)
    click.echo(f"Nothing is tagged as {dropped} any more; `photos vocab use NAME --as {dropped}` tags with it again.")


@vocab.command(short_help="Show a vocabulary's labels and their texts.")
@click.argument("vocabulary", metavar="[NAME|FILE]", required=False)
@options.as_json
@pass_invocation
def show(invocation: Invocation, vocabulary: str | None, as_json: bool) -> None:
    """Show a vocabulary's labels with the texts they are scored by; the main one unless named."""
    from photos.cli.kit.output import write_json
    from photos.cli.kit.terminal import show_lines
    from photos.cli.views.vocabulary import label_lines
    from photos.operations.tagging.vocabularies import show_vocabulary
    from photos.records.vocabularies import label_record

    with invocation.open_library() as library:
        definition = show_vocabulary(library, vocabulary)
    if as_json:
        for label in definition.labels:
            write_json(label_record(label))
        return
    show_lines(label_lines(definition))


@vocab.command(short_help="Write a vocabulary as a text file.")
@click.argument("vocabulary", metavar="NAME")
@click.argument("file", required=False)
@pass_invocation
def export(invocation: Invocation, vocabulary: str, file: str | None) -> None:
    """Write a vocabulary as a text FILE that `import` reads, or to standard output."""
    from photos.cli.kit.format import shown_path
    from photos.operations.tagging.vocabularies import export_vocabulary

    with invocation.open_library() as library:
        text = export_vocabulary(library, vocabulary, file)
    if file is None:
        click.echo(text, nl=False)
    else:
        click.echo(f"Wrote {shown_path(os.fsencode(os.path.abspath(file)))}.", err=True)


@vocab.command(short_help="List the revisions of a vocabulary.")
@click.argument("vocabulary", metavar="[NAME]", required=False)
@options.as_json
@pass_invocation
def history(invocation: Invocation, vocabulary: str | None, as_json: bool) -> None:
    """List the revisions of a vocabulary, newest first; of the main one unless named."""
    from photos.cli.kit.output import write_json
    from photos.cli.kit.terminal import show_lines
    from photos.cli.views.vocabulary import revision_lines
    from photos.operations.tagging.vocabularies import vocabulary_history
    from photos.records.vocabularies import revision_record

    with invocation.open_library() as library:
        listed = vocabulary_history(library, vocabulary)
    if as_json:
        for each in listed:
            write_json(revision_record(each))
        return
    show_lines(revision_lines(listed))


@vocab.command(short_help="Go back to an earlier revision.")
@click.argument("vocabulary", metavar="[NAME]", required=False)
@click.option(
    "--to", "number", type=click.IntRange(min=1), metavar="N", help="The revision's number; the one before unless set."
)
@pass_invocation
def rollback(invocation: Invocation, vocabulary: str | None, number: int | None) -> None:
    """Tag with an earlier revision again. No label is encoded again, and no revision is lost.

    NAME is a vocabulary that is in force, or a slot; without NAME it is the main one. If the vocabulary is in
    force nowhere, the earlier labels become its newest revision, and nothing is tagged. Repeated without --to, it goes
    further back each time.
    """
    from photos.cli.kit.progress import ProgressBars
    from photos.cli.views.retag import show_retags
    from photos.cli.views.vocabulary import rollback_lines
    from photos.operations.tagging.vocabulary_changes import RollBackRequest, roll_back

    with invocation.open_library() as library, ProgressBars() as progress:
        result = roll_back(library, RollBackRequest(vocabulary, number), progress)
    if result.retag is not None:
        show_retags(result.retag)
    for line in rollback_lines(result):
        click.echo(line)


@vocab.command(short_help="Measure again how labels score over your library.")
@pass_invocation
def calibrate(invocation: Invocation) -> None:
    """Measure again how each label scores over your library, and tag with that.

    It happens by itself when a library first has 500 photos, and whenever it has doubled since. It does not change
    labels and vocabularies that have a threshold of their own.
    """
    from photos.cli.kit.progress import ProgressBars
    from photos.cli.views.retag import show_retags
    from photos.operations.tagging import retag as operation

    with invocation.open_library() as library, ProgressBars() as progress:
        result = operation.calibrate(library, progress)
    show_retags(result)


@vocab.command(short_help="Change a vocabulary in your editor.")
@click.argument("vocabulary", metavar="[NAME]", required=False)
@pass_invocation
def edit(invocation: Invocation, vocabulary: str | None) -> None:
    """Change a vocabulary in your editor; the main one unless named.

    The text you save becomes a new revision, which tags at once if an earlier one is in force. If there is a mistake in
    it, the message says where, and your text is kept in a file to correct and `photos vocab import`. It is kept, too,
    if another process changed the vocabulary while you were editing; that change stands, and the message says how to
    compare the two.
    """
    from photos.cli.kit.progress import ProgressBars
    from photos.cli.views.retag import show_retags
    from photos.cli.views.vocabulary import revision_line
    from photos.operations.tagging.vocabulary_changes import begin_edit, finish_edit, save_edit
    from query.errors import VocabularyChanged, VocabularyError

    with invocation.open_library() as library, ProgressBars() as progress:
        draft = begin_edit(library, vocabulary)
        name, before = draft.definition.name, draft.text
        after = click.edit(before, extension=".txt", require_save=True)
        if after is None or after == before:
            click.echo(f"{name} stays as it is.")
            return
        try:
            edited = save_edit(library, draft, after)
        except VocabularyError as error:
            raise VocabularyError(_kept(after), error.problems) from None
        except BaseException:
            # The disk may be full, or another program be writing for long: minutes of work must not be lost.
            click.echo(f"Your text is kept in {_kept(after)}.", err=True)
            raise
        if edited is None:
            raise VocabularyChanged(name, _kept(after))
        result = finish_edit(library, edited, progress)
    show_retags(result)
    if result.is_empty:
        click.echo(revision_line(edited.revision))


def _kept(text: str) -> str:
    """Write *text* to a new temporary file and return its path."""
    import tempfile

    with tempfile.NamedTemporaryFile("w", suffix=".txt", prefix="vocabulary-", encoding="utf-8", delete=False) as file:
        file.write(text)
    return file.name


@vocab.command(short_help="Move a label's threshold by photos around it.")
@click.argument("words", nargs=-1, required=True, metavar="LABEL...")
@click.option(
    "--photos", "count", type=click.IntRange(2, 100), default=12, show_default=True, help="How many photos to judge."
)
@preview_option
@pass_invocation
def tune(invocation: Invocation, words: tuple[str, ...], count: int, preview: str | None) -> None:
    """Move a label's threshold: judge for photos on both sides of it whether LABEL is right.

    The threshold becomes the one that fits most of your answers, in a new revision of the label's vocabulary
    (`photos vocab rollback` takes it back). Your answers stay as tags of your own.

    \b
    photos vocab tune beach
    photos vocab tune birds:heron --preview     in a terminal that shows pictures
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.kit.progress import ProgressBars
    from photos.cli.views.retag import show_retags
    from photos.cli.views.vocabulary_reports import tuned_line, tuning_line
    from photos.errors import safe
    from photos.operations.tagging import tune as operation

    with invocation.open_library() as library, ProgressBars() as progress:
        tuning = operation.begin_tuning(library, operation.TuneRequest(" ".join(words), count))
        click.echo(tuning_line(tuning))
        answers = []
        for answer in _answers(library, tuning, preview):
            # At once, because the user may interrupt the command.
            operation.note_answer(library, tuning, answer)
            answers.append(answer)
        if not answers:
            click.echo(f"{safe(tuning.label)} stays as it is.")
            return
        result = operation.finish_tuning(library, tuning, answers, progress)
    click.echo(tuned_line(result))
    if result.retag is not None:
        show_retags(result.retag)


def _answers(library: OpenLibrary, tuning: TuningRound, preview: str | None) -> Iterator[TuningAnswer]:
    """Ask about each photo, shown by the terminal with *preview*; photos that the user skips are left out."""
    from photos.cli.views.preview import shower
    from photos.cli.views.vocabulary_reports import question
    from photos.operations.tagging.tune import TuningAnswer
    from photos.thumbnails import Thumbnails

    with Thumbnails.of(library) as thumbnails:
        show = None if preview is None else shower(preview, thumbnails)
        for photo, cosine in tuning.photos:
            if show is not None:
                show(photo.id)
            answer = click.prompt(question(photo, cosine), type=click.Choice([*"ynsq"], case_sensitive=False))
            if answer == "q":
                return
            if answer != "s":
                yield TuningAnswer(photo.id, cosine, is_right=answer == "y")


for command in (try_, diff, lint, suggest):
    vocab.add_command(command)
