"""Revisions of vocabularies: the current one and the target of a slot, and those that names stand for.

The main vocabulary is the slot with the empty name; the name of any other one begins its labels: `birds:heron`. Of the
names that a user types, `NAME` is a vocabulary's newest revision, `NAME@3` one of its revisions, `birds:` the
vocabulary in the slot of that name, and a path a vocabulary file.
"""

from __future__ import annotations

import os
from pathlib import Path

from photos.errors import NothingFound
from photos.known_models import DEMO
from query.errors import UnknownLabel, UnknownVocabulary
from query.tagging import MARK, follow_vocabularies, split_slot_name, words_in_force
from query.vocabulary import SHIPPED, LabelFinder, read_vocabulary, shipped_vocabulary
from store import MAIN_SLOT, Catalog, Label, Revision, SlotSummary, Space, Transaction, VocabularyDefinition

#: The main vocabulary until the user chooses one.
DEFAULT = "photographic"
#: The same for the checkpoint that knows drawings.
DEFAULT_OF_DEMO = "demo"

_ENDINGS = frozenset({".txt", ".csv", ".tsv", ".yaml", ".yml"})


def is_file(name: str) -> bool:
    """True if *name* looks like the path of a file, or is one."""
    return os.sep in name or Path(name).suffix.lower() in _ENDINGS or Path(name).is_file()


def current_revision(t: Transaction, slot: str, space: Space | None = None) -> Revision | None:
    """The revision that photos are tagged with in *slot*; None if there is none yet.

    In *space*, or the one that answers.
    """
    revision_id = (t.slots if space is None else t.slots.of(space.id)).current_revision_id(slot)
    return None if revision_id is None else t.vocabularies.revision(revision_id)


def target_revision(t: Transaction, slot: str) -> Revision | None:
    """The revision that all photos are to be tagged with in *slot*; None if there is none.

    It differs from the current one while a re-tag is pending. A change of a vocabulary starts from it: the current
    revision would lose what the pending re-tag brings.
    """
    revision_id = t.slots.target_revision_id(slot)
    return None if revision_id is None else t.vocabularies.revision(revision_id)


def use_from_now_on(t: Transaction, revision: Revision, slot: str) -> None:
    """Make *revision* the target of *slot*: a re-tag is pending, or in a library without a space it is current."""
    if t.library.space_id() is None:
        put_in_force(t, revision, slot)
    else:
        t.slots.set_target(slot, revision.id)


def put_in_force(t: Transaction, revision: Revision, slot: str) -> None:
    """Make *revision* current in a library without photos."""
    space_id, before = t.library.space_id(), words_in_force(t)
    if space_id is not None and t.scores.current(space_id, slot) is not None:
        # Photos that were deleted were scored with another revision.
        t.slots.set_target(slot, revision.id)
    else:
        t.slots.put_in_force(slot, revision.id)
        follow_vocabularies(t, before)


def ensure_vocabulary(catalog: Catalog, model: str) -> Revision:
    """Return the main slot's current revision; put the included vocabulary for the checkpoint *model* there if none is.

    While the slot's first re-tag is pending, it is the target. A vocabulary of that name which the user imported or
    edited is taken before the included one.
    """
    with catalog.read() as t:
        revision = current_revision(t, MAIN_SLOT) or target_revision(t, MAIN_SLOT)
    if revision is not None:
        return revision
    definition = shipped_vocabulary(DEFAULT_OF_DEMO if model == DEMO else DEFAULT)
    with catalog.staged(definition) as staged, catalog.write() as t:
        # Another process may have chosen one since.
        revision = current_revision(t, MAIN_SLOT) or target_revision(t, MAIN_SLOT)
        if revision is None:
            revision = t.vocabularies.current(definition.name) or t.vocabularies.put(definition, staged=staged)
            put_in_force(t, revision, MAIN_SLOT)
    return revision


def find_or_import(catalog: Catalog, name: str) -> Revision:
    """Return the revision that *name* stands for, and add it to the catalog if it is not there.

    A file is read again each time and becomes a new revision if its content changed. Raises `VocabularyError` or
    `UnknownVocabulary`.
    """
    if is_file(name):
        return import_file(catalog, name)
    with catalog.read() as t:
        revision = find_revision(t, name)
        known = vocabulary_names(t)
    if revision is not None:
        return revision
    if name not in SHIPPED:
        raise UnknownVocabulary(name, sorted({*known, *SHIPPED}))
    definition = shipped_vocabulary(name)
    with catalog.staged(definition) as staged, catalog.write() as t:
        # Another process may have added it since, and changed it.
        return t.vocabularies.current(name) or t.vocabularies.put(definition, staged=staged)


def import_file(catalog: Catalog, path: str, name: str | None = None) -> Revision:
    """Add the vocabulary file at *path* as the newest revision of *name*, or of the file's own name."""
    definition = read_vocabulary(Path(path), name)
    with catalog.staged(definition) as staged, catalog.write() as t:
        return t.vocabularies.put(definition, staged=staged)


def find_definition(catalog: Catalog | None, name: str | None) -> VocabularyDefinition:
    """Return the content of the vocabulary *name*, or of the main one if it is None, and change nothing.

    Raises `VocabularyError` or `UnknownVocabulary`.
    """
    if name is not None and is_file(name):
        return read_vocabulary(Path(name))
    revision, known = None, []
    if catalog is not None:
        with catalog.read() as t:
            revision = current_revision(t, MAIN_SLOT) if name is None else find_revision(t, name)
            known = vocabulary_names(t)
    if revision is not None:
        return revision.definition
    if name is not None and name not in SHIPPED:
        raise UnknownVocabulary(name, sorted({*known, *SHIPPED}))
    return shipped_vocabulary(name or DEFAULT)


def find_revision(t: Transaction, name: str) -> Revision | None:
    """Return the revision of the catalog that *name* stands for; None if there is none.

    It is a numbered revision, a vocabulary's newest one, or that of a slot: the current one, or the target while the
    slot's first re-tag is pending.
    """
    vocabulary, mark, number = name.rpartition("@")
    numbered = t.vocabularies.numbered(vocabulary, int(number)) if mark and number.isdecimal() else None
    if numbered is not None:
        return numbered
    newest = t.vocabularies.current(name)
    if newest is not None:
        return newest
    slot = find_slot(t, name)
    return None if not slot else current_revision(t, slot) or target_revision(t, slot)


def revision_to_change(t: Transaction, name: str | None) -> Revision | None:
    """Return the revision that a change of the vocabulary *name* begins with; of the main one if it is None."""
    slot = find_slot(t, name)
    if slot is not None:
        return target_revision(t, slot)
    return None if name is None else find_revision(t, name)


def find_slot(t: Transaction, name: str | None) -> str | None:
    """Return the slot that *name* stands for, typed as `birds` or `birds:`; the main one if it is None.

    None if *name* is a vocabulary's, or no slot's.
    """
    if name is None:
        return MAIN_SLOT
    if t.vocabularies.newest_id(name) is not None:
        return None
    slot = name.removesuffix(MARK).lower()
    return slot if slot and slot in t.slots.names() else None


def slots_of(t: Transaction, name: str | None) -> tuple[str | None, list[SlotSummary]]:
    """Return the vocabulary that *name* stands for, and the slots in which it is in force.

    If *name* is that of a slot, it is that one alone. The vocabulary is None if the slot has none.
    """
    in_force = t.slots.in_force()
    slot = find_slot(t, name)
    if slot is None:
        return name, [each for each in in_force if each.vocabulary == name]
    there = [each for each in in_force if each.name == slot]
    if there:
        return there[0].vocabulary, there
    target = target_revision(t, slot)
    return None if target is None else target.vocabulary, []


def folders_of(catalog: Catalog, name: str | None) -> tuple[bytes, ...]:
    """Return the folders that the vocabulary *name*, or the main one, is limited to; none for everywhere.

    None, too, if it is a file, or in force nowhere or in several slots.
    """
    if name is not None and is_file(name):
        return ()
    vocabulary, mark, number = (name or "").rpartition("@")
    with catalog.read() as t:
        _, slots = slots_of(t, vocabulary if mark and number.isdecimal() else name)
    return slots[0].folders if len(slots) == 1 else ()


def vocabulary_names(t: Transaction) -> list[str]:
    """Names of the catalog's vocabularies, sorted."""
    return [each.name for each in t.vocabularies.all()]


def slot_and_label(t: Transaction, name: str) -> tuple[str, str]:
    """Split `birds:heron` into slot and label; the label may be new.

    A label of the main vocabulary wins, because its name may contain a colon.
    """
    slot, own = split_slot_name(name, t.slots.names())
    main = current_revision(t, MAIN_SLOT) if slot else None
    is_main = main is not None and LabelFinder(main.definition.labels).label(name) is not None
    return (MAIN_SLOT, name) if is_main or target_revision(t, slot) is None else (slot, own)


def label_in_force(t: Transaction, name: str) -> tuple[Label, Revision, str]:
    """Return the label called *name* in a vocabulary in force, with its revision and slot.

    Raises `UnknownLabel`, or `NothingFound` if no vocabulary was ever used.
    """
    slot, own = split_slot_name(name, [each.name for each in t.slots.in_force()])
    # The main vocabulary comes first: its labels may have colons in their names.
    names = {MAIN_SLOT: name, slot: own}
    revisions = {each: revision for each in names if (revision := current_revision(t, each)) is not None}
    if not revisions:
        raise NothingFound("No vocabulary was used here yet; `photos vocab use` chooses one.")
    for each, revision in revisions.items():
        spelling = LabelFinder(revision.definition.labels).label(names[each])
        for label in revision.labels:
            if label.definition.name == spelling:
                return label, revision, each
    nearest = revisions.get(slot) or next(iter(revisions.values()))
    raise UnknownLabel(own, nearest.vocabulary, [label.definition.name for label in nearest.labels])
