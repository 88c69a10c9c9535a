"""Vocabularies as the user names them, and the one that is in force."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from photos.errors import LabelExists, NoEarlierRevision, NothingFound
from photos.models import DEMO
from query import SHIPPED, UnknownVocabulary, checked_name, find, owed, read_vocabulary, shipped_vocabulary
from store import Catalog, LabelDefinition, Revision, Space, Transaction, VocabularyDefinition, VocabularySummary

#: In force until the user chooses one.
DEFAULT = "photographic"
#: The same for the checkpoint that knows drawings.
DEFAULT_OF_DEMO = "demo"

_NEVER_USED = "No vocabulary was used here yet; `photos vocab list` names those that there are."
_ENDINGS = frozenset({".txt", ".csv", ".tsv", ".yaml", ".yml"})


def in_force(t: Transaction) -> Revision | None:
    """The revision that photos are tagged with."""
    revision_id = t.library.revision_id()
    return None if revision_id is None else t.vocabularies.revision(revision_id)


def awaited(t: Transaction, space: Space) -> Revision | None:
    """The revision that photos are to be tagged with and are not all: that of a re-tag which was interrupted."""
    revision_id = owed(t, space)
    return None if revision_id is None else t.vocabularies.revision(revision_id)


def ensure_one(catalog: Catalog, model: str) -> Revision:
    """The revision in force; in a library that has none, that of the vocabulary which comes with the program."""
    with catalog.read() as t:
        revision = in_force(t)
    if revision is not None:
        return revision
    definition = shipped_vocabulary(DEFAULT_OF_DEMO if model == DEMO else DEFAULT)
    with catalog.write() as t:
        revision = t.vocabularies.put(definition)
        t.library.set_revision(revision.id)
    return revision


def named(catalog: Catalog, name: str) -> Revision:
    """The newest revision of what *name* means: a file, a vocabulary of the catalog, or one that is shipped.

    A file is read anew, and becomes a revision if it changed. Raises `VocabularyError` or `UnknownVocabulary`.
    """
    if is_file(name):
        return import_file(catalog, name)
    numbered = _numbered(catalog, name)
    if numbered is not None:
        return numbered
    with catalog.read() as t:
        revision = t.vocabularies.current(name)
        known = [each.name for each in t.vocabularies.all()]
    if revision is not None:
        return revision
    if name not in SHIPPED:
        raise UnknownVocabulary(name, sorted({*known, *SHIPPED}))
    definition = shipped_vocabulary(name)
    with catalog.write() as t:
        return t.vocabularies.put(definition)


def definition_of(catalog: Catalog | None, name: str | None) -> VocabularyDefinition:
    """The content of what *name* means, or of the vocabulary in force, without keeping anything."""
    if name is not None and is_file(name):
        return read_vocabulary(Path(name))
    revision, known = None, []
    if catalog is not None:
        with catalog.read() as t:
            revision = in_force(t) if name is None else t.vocabularies.current(name)
            known = [each.name for each in t.vocabularies.all()]
        if revision is None and name is not None:
            revision = _numbered(catalog, name)
    if revision is not None:
        return revision.definition
    if name is not None and name not in SHIPPED:
        raise UnknownVocabulary(name, sorted({*known, *SHIPPED}))
    return shipped_vocabulary(name or DEFAULT)


def history(catalog: Catalog, name: str | None) -> list[VocabularySummary]:
    """The revisions, newest first, of the vocabulary *name*, or of that in force. Raises `UnknownVocabulary`."""
    with catalog.read() as t:
        current = in_force(t)
        chosen = name or (current.vocabulary if current is not None else None)
        found = [] if chosen is None else t.vocabularies.history(chosen)
        known = [each.name for each in t.vocabularies.all()]
    if not found:
        raise UnknownVocabulary(chosen or DEFAULT, known or SHIPPED) if chosen else NothingFound(_NEVER_USED)
    return found


def before(catalog: Catalog, name: str | None, number: int | None) -> Revision:
    """The revision of that *number*, or the one before that in force, or before the newest if none of its is.

    Raises `UnknownVocabulary` or `NoEarlierRevision`.
    """
    revisions = history(catalog, name)
    used = next((each.number for each in revisions if each.in_use), revisions[0].number)
    wanted = used - 1 if number is None else number
    found = next((each for each in revisions if each.number == wanted), None)
    if found is None:
        raise NoEarlierRevision(revisions[0].name, wanted, revisions[0].number)
    with catalog.read() as t:
        return t.vocabularies.revision(found.revision_id)


def keep(catalog: Catalog, definition: VocabularyDefinition) -> Revision:
    """*definition* as the newest revision of its vocabulary, and whether or not another is in force."""
    with catalog.write() as t:
        return t.vocabularies.put(definition)


def with_label(catalog: Catalog, name: str, text: str) -> Revision:
    """The vocabulary in force with one label more, scored by that *text* alone. Raises `LabelExists` or `BadLabel`."""
    with catalog.read() as t:
        current = in_force(t)
    definition = shipped_vocabulary(DEFAULT) if current is None else current.definition
    label = checked_name(name)
    known = find(definition, label)
    if known is not None:
        raise LabelExists(label, known.name, definition.name)
    more = (*definition.labels, LabelDefinition(label, (text,)))
    return keep(catalog, replace(definition, labels=more))


def _numbered(catalog: Catalog, name: str) -> Revision | None:
    """What NAME@NUMBER means, if there is that revision."""
    vocabulary, mark, number = name.rpartition("@")
    if not mark or not number.isdecimal():
        return None
    with catalog.read() as t:
        return t.vocabularies.numbered(vocabulary, int(number))


def import_file(catalog: Catalog, path: str, name: str | None = None) -> Revision:
    """The vocabulary in the file at *path*, as a revision of the vocabulary *name*, or of the file's own name."""
    definition = read_vocabulary(Path(path), name)
    with catalog.write() as t:
        return t.vocabularies.put(definition)


def is_file(name: str) -> bool:
    """Whether *name* means a file: it looks like one, or is there."""
    return os.sep in name or Path(name).suffix.lower() in _ENDINGS or Path(name).is_file()
