"""`photos vocab`: the lists of labels."""

from __future__ import annotations

from pathlib import Path

import click

from photos.cli import options
from photos.cli.program import Invocation, pass_invocation


@click.group(short_help="Vocabularies: the lists of labels that photos are tagged with.")
def vocab() -> None:
    """Vocabularies: the lists of labels that photos are tagged with.

    A vocabulary is a text file with a label a line, or a CSV file; docs/vocabularies.md has the formats. Every change
    of one is kept as a numbered revision.
    """


@vocab.command("list")
@options.as_json
@pass_invocation
def list_(invocation: Invocation, as_json: bool) -> None:
    """List the vocabularies: yours, and those that come with the program."""
    from photos.cli.output import write_json
    from photos.cli.render import day, table
    from query import SHIPPED, shipped_vocabulary

    known = []
    with invocation.app() as app:
        if not app.is_new:
            with app.catalog.read() as t:
                known = t.vocabularies.all()
    rows = [(v.name, v.label_count, v.number, day(v.created_at), v.in_use) for v in known]
    names = {v.name for v in known}
    rows += [(n, len(shipped_vocabulary(n).labels), 0, "included", False) for n in SHIPPED if n not in names]
    if as_json:
        for name, labels, revision, _, in_use in rows:
            write_json({"vocabulary": name, "labels": labels, "revision": revision or None, "in_use": in_use})
        return
    lines = [
        (name, str(labels), str(number or ""), made, "in use" if used else "")
        for name, labels, number, made, used in rows
    ]
    for line in table([("vocabulary", "labels", "revision", "since", ""), *lines], right=(1, 2)):
        click.echo(line)


@vocab.command("import")
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


@vocab.command()
@click.argument("vocabulary", metavar="NAME|FILE")
@pass_invocation
def use(invocation: Invocation, vocabulary: str) -> None:
    """Tag with a vocabulary from now on; photos that are there are tagged again at once."""
    from photos import vocabularies
    from photos.cli.render import counted
    from photos.cli.retagging import retag_and_tell
    from photos.errors import EmptyLibrary

    with invocation.app() as app:
        revision = vocabularies.named(app.catalog, vocabulary)
        try:
            _ = app.space
        except EmptyLibrary:
            with app.catalog.write() as t:
                t.library.set_revision(revision.id)
            click.echo(f"{revision.vocabulary} ({counted(len(revision.labels), 'label')}) will tag the photos you add.")
        else:
            retag_and_tell(app, revision)


@vocab.command()
@click.argument("vocabulary", metavar="[NAME|FILE]", required=False)
@options.as_json
@pass_invocation
def show(invocation: Invocation, vocabulary: str | None, as_json: bool) -> None:
    """Show a vocabulary's labels with the texts they are scored by; the one in force unless named."""
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
                    "aliases": list(label.aliases),
                    "texts": list(label.texts),
                    "threshold": label.threshold,
                }
            )
        return
    for line in label_lines(definition):
        click.echo(line)


@vocab.command()
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
