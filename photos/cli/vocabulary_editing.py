"""A vocabulary in the user's editor."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from photos import vocabularies
from photos.cli.render import counted
from photos.cli.retagging import retag_and_tell
from photos.errors import EmptyLibrary
from query import VocabularyError, parse_vocabulary, write_vocabulary

if TYPE_CHECKING:
    from photos.app import App
    from store import VocabularyDefinition


def edit_and_tell(app: App, name: str | None) -> None:
    """Let the user change the vocabulary *name*, or the main one, and keep it. Raises `VocabularyError`."""
    definition = _definition(app, name)
    before = write_vocabulary(definition)
    after = click.edit(before, extension=".txt", require_save=True)
    if after is None or after == before:
        click.echo(f"{definition.name} stays as it is.")
        return
    try:
        changed = parse_vocabulary(after, definition.name, Path(f"{definition.name}.txt"))
    except VocabularyError as error:
        raise VocabularyError(_kept(after), error.problems) from None
    revision = vocabularies.keep(app.catalog, changed)
    with app.catalog.read() as t:
        places = vocabularies.places_of(t, revision.vocabulary)
    try:
        _ = app.space
    except EmptyLibrary:
        places = []
    for place in places:
        retag_and_tell(app, revision, namespace=place.namespace)
    if not places:
        size = counted(len(revision.labels), "label")
        click.echo(f"{revision.vocabulary}, revision {revision.number}: {size}.")


def _definition(app: App, name: str | None) -> VocabularyDefinition:
    catalog = app.catalog_if_any
    if name is None and catalog is not None:
        with catalog.read() as t:
            revision = vocabularies.wanted(t)
        if revision is not None:
            return revision.definition
    return vocabularies.definition_of(catalog, name)


def _kept(text: str) -> str:
    """Where *text* was written, so that no word of it is lost."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", prefix="vocabulary-", encoding="utf-8", delete=False) as file:
        file.write(text)
    return file.name
