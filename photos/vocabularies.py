"""Vocabularies as the user names them, and the one that is in force."""

from __future__ import annotations

import os
from pathlib import Path

from photos.models import DEMO
from query import SHIPPED, UnknownVocabulary, read_vocabulary, shipped_vocabulary
from store import Catalog, Revision, Transaction, VocabularyDefinition

#: In force until the user chooses one.
DEFAULT = "photographic"
#: The same for the checkpoint that knows drawings.
DEFAULT_OF_DEMO = "demo"


def in_force(t: Transaction) -> Revision | None:
    """The revision that photos are tagged with."""
    revision_id = t.library.revision_id()
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
    if revision is not None:
        labels = tuple(label.definition for label in revision.labels)
        return VocabularyDefinition(revision.vocabulary, labels, revision.threshold)
    if name is not None and name not in SHIPPED:
        raise UnknownVocabulary(name, sorted({*known, *SHIPPED}))
    return shipped_vocabulary(name or DEFAULT)


def import_file(catalog: Catalog, path: str, name: str | None = None) -> Revision:
    """The vocabulary in the file at *path*, as a revision of the vocabulary *name*, or of the file's own name."""
    definition = read_vocabulary(Path(path), name)
    with catalog.write() as t:
        return t.vocabularies.put(definition)


def is_file(name: str) -> bool:
    """Whether *name* means a file: it looks like one, or is there."""
    return os.sep in name or Path(name).suffix.lower() in {".txt", ".csv"} or Path(name).is_file()
