"""A vocabulary in the user's editor."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted
from photos.cli.views.retag import finish_and_tell
from photos.errors import EmptyLibrary
from photos.operations.vocabulary_changes import draft, keep
from query.errors import VocabularyChanged, VocabularyError
from query.vocabulary import parse_vocabulary, write_vocabulary

if TYPE_CHECKING:
    from photos.library import OpenLibrary


def edit_and_tell(app: OpenLibrary, name: str | None) -> None:
    """Let the user change the vocabulary *name*, or the main one, and keep it.

    Raises `VocabularyError`, or `VocabularyChanged` if another process changed it meanwhile. The error names a file
    then, with what the user wrote.
    """
    begun = draft(app.catalog_if_any, name)
    definition = begun.definition
    before = write_vocabulary(definition)
    after = click.edit(before, extension=".txt", require_save=True)
    if after is None or after == before:
        click.echo(f"{definition.name} stays as it is.")
        return
    try:
        changed = parse_vocabulary(after, definition.name, Path(f"{definition.name}.txt"))
    except VocabularyError as error:
        raise VocabularyError(_kept(after), error.problems) from None
    try:
        kept = keep(app.catalog, begun, changed)
    except BaseException:
        # The disk may be full, or another program be writing for long: minutes of work are not to go with it.
        click.echo(f"Your text is kept in {_kept(after)}.", err=True)
        raise
    if kept is None:
        raise VocabularyChanged(definition.name, _kept(after))
    revision, places = kept
    try:
        _ = app.space
    except EmptyLibrary:
        places = []
    for namespace in places:
        finish_and_tell(app, revision, namespace)
    if not places:
        size = counted(len(revision.labels), "label")
        click.echo(f"{revision.vocabulary}, revision {revision.number}: {size}.")


def _kept(text: str) -> str:
    """Where *text* was written, so that no word of it is lost."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", prefix="vocabulary-", encoding="utf-8", delete=False) as file:
        file.write(text)
    return file.name
