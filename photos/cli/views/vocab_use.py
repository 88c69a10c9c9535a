"""Puts a vocabulary in force, as the main one or beside it, or an earlier revision of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted
from photos.cli.views.retag import finish_and_tell
from photos.cli.views.vocab_list import shown_folders, under
from photos.errors import EmptyLibrary, safe
from photos.operations import folders as naming
from photos.operations import vocabularies
from photos.operations.vocabulary_changes import put_in_force, roll_back, use_from_now_on
from query import checked_namespace

if TYPE_CHECKING:
    from photos.library import OpenLibrary
    from store import SlotSummary


def use_and_tell(app: OpenLibrary, name: str, namespace: str | None, folders: Sequence[str] | None) -> None:
    """Tag with what *name* means, as the main vocabulary or under *namespace*, and say what came of it.

    *folders* are those that it is for: all if none, and those it was for if None. Raises `BadNamespace`.
    """
    wanted = "" if namespace is None else checked_namespace(namespace)
    with app.catalog.read() as t:
        within = None if folders is None else [naming.scope(t, folder) for folder in folders]
    revision = vocabularies.named(app.catalog, name)
    try:
        _ = app.space
    except EmptyLibrary:
        with app.catalog.write() as t:
            put_in_force(t, revision, wanted)
            if within is not None:
                t.slots.limit(wanted, within)
        size = counted(len(revision.labels), "label")
        place = _place(app, wanted)
        click.echo(f"{revision.vocabulary}{under(place) if place else ''} ({size}) will tag the photos you add.")
    else:
        with app.catalog.write() as t:
            use_from_now_on(t, revision, wanted)
            if within is not None:
                t.slots.limit(wanted, within)
        finish_and_tell(app, revision, wanted)
        place = _place(app, wanted)
        if place is not None:
            _tell_scope(app, place)


def roll_back_and_tell(app: OpenLibrary, name: str | None, number: int | None) -> None:
    """Set what *name* means, or the main vocabulary, back to the revision of that *number*, or the one before.

    Raises `UnknownVocabulary`, `NoEarlierRevision`, or `InForceTwice`.
    """
    done = roll_back(app.catalog_if_any, name, number)
    revision = done.revision
    label = f"{safe(revision.vocabulary)}@{revision.number}"
    size = counted(len(revision.labels), "label")
    if done.namespace is None:
        click.echo(
            f"{label} is {safe(revision.vocabulary)}@{done.earlier.number} again ({size}). It is in force nowhere; "
            f"`photos vocab use {safe(revision.vocabulary)}` tags with it."
        )
        return
    try:
        _ = app.space
    except EmptyLibrary:
        click.echo(f"{label} ({size}) will tag the photos you add.")
    else:
        finish_and_tell(app, revision, done.namespace)


def _place(app: OpenLibrary, namespace: str) -> SlotSummary | None:
    """Where the vocabulary is in force now; None if another process has dropped it since."""
    with app.catalog.read() as t:
        return next((each for each in t.slots.in_force() if each.namespace == namespace), None)


def _tell_scope(app: OpenLibrary, place: SlotSummary) -> None:
    if place.folders:
        with app.catalog.read() as t:
            photos = len(t.scopes.photos(place.folders))
        click.echo(f"Its labels are shown for the {counted(photos, 'photo')} in {shown_folders(place.folders)}.")
