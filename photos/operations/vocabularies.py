"""Vocabularies as the user names them, and those that are in force."""

from __future__ import annotations

import os
from pathlib import Path

from photos.errors import NothingFound
from photos.operations.models import DEMO
from query import (
    MARK,
    SHIPPED,
    Speller,
    UnknownLabel,
    UnknownNamespace,
    UnknownVocabulary,
    read_vocabulary,
    shipped_vocabulary,
    split_slot_name,
)
from store import Catalog, Label, Revision, SlotSummary, Transaction, VocabularyDefinition, VocabularySummary

#: In force until the user chooses one.
DEFAULT = "photographic"
#: The same for the checkpoint that knows drawings.
DEFAULT_OF_DEMO = "demo"

_NEVER_USED = "No vocabulary was used here yet; `photos vocab list` names those that there are."
_ENDINGS = frozenset({".txt", ".csv", ".tsv", ".yaml", ".yml"})


def current_revision(t: Transaction, namespace: str = "") -> Revision | None:
    """The revision that photos are tagged with: the main vocabulary's, or that of *namespace*."""
    revision_id = t.slots.current_revision_id(namespace)
    return None if revision_id is None else t.vocabularies.revision(revision_id)


def target_revision(t: Transaction, namespace: str = "") -> Revision | None:
    """What a change of a vocabulary begins with: the revision that photos are to be tagged with, though not all are.

    That in force would lose what a re-tag that goes on, or was interrupted, is to bring.
    """
    revision_id = target_id(t, namespace)
    return None if revision_id is None else t.vocabularies.revision(revision_id)


def target_id(t: Transaction, namespace: str = "") -> int | None:
    """As `target_revision`, by its id."""
    return t.slots.target_revision_id(namespace)


def meant(t: Transaction, name: str) -> tuple[str, str]:
    """The namespace that a label called *name*, known or new, is of, and its name there.

    That is the one that *name* begins with, and else the main one; whose labels, which may have colons in their names,
    go before.
    """
    namespace, own = split_slot_name(name, t.slots.names())
    main = current_revision(t) if namespace else None
    is_main = main is not None and Speller(main.definition.labels).label(name) is not None
    return ("", name) if is_main or target_revision(t, namespace) is None else (namespace, own)


def ensure_one(catalog: Catalog, model: str) -> Revision:
    """The revision in force; in a library that has none, the newest of the vocabulary which comes with the program."""
    with catalog.read() as t:
        revision = current_revision(t)
    if revision is not None:
        return revision
    definition = shipped_vocabulary(DEFAULT_OF_DEMO if model == DEMO else DEFAULT)
    with catalog.write() as t:
        # Another process may have chosen one meanwhile.
        revision = current_revision(t)
        if revision is None:
            # One of that name that the user imported or edited is theirs.
            revision = t.vocabularies.current(definition.name) or t.vocabularies.put(definition)
            t.slots.put_in_force("", revision.id)
    return revision


def named(catalog: Catalog, name: str) -> Revision:
    """The newest revision of what *name* means: a file, a vocabulary of the catalog, or one that is shipped.

    A file is read anew, and becomes a revision if it changed. A namespace's name means what is in force there. Raises
    `VocabularyError` or `UnknownVocabulary`.
    """
    if is_file(name):
        return import_file(catalog, name)
    with catalog.read() as t:
        revision = _known(t, name)
        known = _known_names(t)
    if revision is not None:
        return revision
    if name not in SHIPPED:
        raise UnknownVocabulary(name, sorted({*known, *SHIPPED}))
    definition = shipped_vocabulary(name)
    with catalog.write() as t:
        # Another process may have put it there meanwhile, and changed it.
        return t.vocabularies.current(name) or t.vocabularies.put(definition)


def definition_of(catalog: Catalog | None, name: str | None) -> VocabularyDefinition:
    """The content of what *name* means, or of the vocabulary in force, without keeping anything."""
    if name is not None and is_file(name):
        return read_vocabulary(Path(name))
    revision, known = None, []
    if catalog is not None:
        with catalog.read() as t:
            revision = current_revision(t) if name is None else _known(t, name)
            known = _known_names(t)
    if revision is not None:
        return revision.definition
    if name is not None and name not in SHIPPED:
        raise UnknownVocabulary(name, sorted({*known, *SHIPPED}))
    return shipped_vocabulary(name or DEFAULT)


def _known(t: Transaction, name: str) -> Revision | None:
    """What the catalog knows as *name*: a numbered revision, a vocabulary's newest one, or what a namespace has."""
    vocabulary, mark, number = name.rpartition("@")
    numbered = t.vocabularies.numbered(vocabulary, int(number)) if mark and number.isdecimal() else None
    if numbered is not None:
        return numbered
    newest = t.vocabularies.current(name)
    if newest is not None:
        return newest
    namespace = _namespace(t, name)
    return None if namespace is None else current_revision(t, namespace)


def to_change(t: Transaction, name: str | None) -> Revision | None:
    """The revision of what *name* means, or of the main vocabulary, to change; see `target_revision`."""
    namespace = meant_namespace(t, name)
    if namespace is not None:
        return target_revision(t, namespace)
    return None if name is None else _known(t, name)


def _known_names(t: Transaction) -> list[str]:
    return [each.name for each in t.vocabularies.all()]


def _namespace(t: Transaction, name: str) -> str | None:
    """The namespace that *name* means, as `birds` or `birds:`, also while its first re-tag is pending."""
    wanted = name.removesuffix(MARK).lower()
    return wanted if wanted and wanted in t.slots.names() else None


def history(catalog: Catalog | None, name: str | None) -> list[VocabularySummary]:
    """The revisions, newest first, of the vocabulary *name*, or of that in force. Raises `UnknownVocabulary`."""
    if catalog is None:
        raise NothingFound(_NEVER_USED)
    with catalog.read() as t:
        chosen, _ = _place(t, name)
        found = [] if chosen is None else t.vocabularies.history(chosen)
        known = _known_names(t)
    if not found:
        raise UnknownVocabulary(chosen or DEFAULT, known or SHIPPED) if chosen else NothingFound(_NEVER_USED)
    return found


def folders_of(catalog: Catalog, name: str | None) -> tuple[bytes, ...]:
    """The folders for which what *name* means, or the main vocabulary, is in force; none for all, or if it is not."""
    if name is not None and is_file(name):
        return ()
    vocabulary, mark, number = (name or "").rpartition("@")
    with catalog.read() as t:
        _, places = _place(t, vocabulary if mark and number.isdecimal() else name)
    return places[0].folders if len(places) == 1 else ()


def _place(t: Transaction, name: str | None) -> tuple[str | None, list[SlotSummary]]:
    """The vocabulary that *name* means, or the main one, and where it is meant: nowhere if it is in force nowhere."""
    there = t.slots.in_force()
    namespace = meant_namespace(t, name)
    if namespace is not None:
        meant = [each for each in there if each.namespace == namespace]
        return (meant[0].vocabulary, meant) if meant else (None, [])
    return name, [each for each in there if each.vocabulary == name]


def meant_namespace(t: Transaction, name: str | None) -> str | None:
    """The namespace that *name* means, the main one's if there is no name; None if that is a vocabulary's."""
    if name is None:
        return ""
    return _namespace(t, name) if t.vocabularies.current(name) is None else None


def drop(catalog: Catalog, namespace: str) -> str:
    """Take the vocabulary out of force that is there under *namespace*, with its tags; all that people said stays.

    Returns the namespace as it was kept. Raises `UnknownNamespace`.
    """
    wanted = namespace.removesuffix(MARK).lower()
    with catalog.write() as t:
        known = [name for name in t.slots.names() if name]
        if wanted not in known:
            raise UnknownNamespace(namespace, known)
        t.slots.drop(wanted)
        t.scores.drop(wanted)
    return wanted


def holding(t: Transaction, name: str) -> tuple[Label, Revision, str]:
    """The label in force that *name* means, its revision, and that one's namespace.

    Raises `UnknownLabel`, or `NothingFound` if no vocabulary was ever used.
    """
    namespace, own = split_slot_name(name, [each.namespace for each in t.slots.in_force()])
    # The main vocabulary's labels may have colons in their names.
    meant = {"": name, namespace: own}
    revisions = {each: revision for each in meant if (revision := current_revision(t, each)) is not None}
    if not revisions:
        raise NothingFound("No vocabulary was used here yet; `photos vocab use` chooses one.")
    for each, revision in revisions.items():
        spelling = Speller(revision.definition.labels).label(meant[each])
        for label in revision.labels:
            if label.definition.name == spelling:
                return label, revision, each
    nearest = revisions.get(namespace) or next(iter(revisions.values()))
    raise UnknownLabel(own, nearest.vocabulary, [label.definition.name for label in nearest.labels])


def import_file(catalog: Catalog, path: str, name: str | None = None) -> Revision:
    """The vocabulary in the file at *path*, as a revision of the vocabulary *name*, or of the file's own name."""
    definition = read_vocabulary(Path(path), name)
    with catalog.write() as t:
        return t.vocabularies.put(definition)


def is_file(name: str) -> bool:
    """Whether *name* means a file: it looks like one, or is there."""
    return os.sep in name or Path(name).suffix.lower() in _ENDINGS or Path(name).is_file()
