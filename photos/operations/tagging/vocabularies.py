"""Vocabularies: list, show, import, export, use, drop, and their history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from photos.errors import EmptyLibrary, FileExists, NothingFound
from photos.library import OpenLibrary
from photos.operations import folders
from photos.operations.progress import SILENT, Progress
from query.errors import UnknownSlot, UnknownVocabulary
from query.tagging import MARK, checked_slot_name, follow_vocabularies, limit_slot, words_in_force
from query.vocabulary import SHIPPED, shipped_vocabulary, write_vocabulary
from store import MAIN_SLOT, Revision, SlotSummary, Transaction, VocabularyDefinition

from .retag import RetagResult, apply_revision
from .revisions import (
    DEFAULT,
    find_definition,
    find_or_import,
    import_file,
    put_in_force,
    slots_of,
    vocabulary_names,
)

_NEVER_USED = "No vocabulary was used here yet; `photos vocab list` names those that there are."


@dataclass(frozen=True, slots=True)
class ListedVocabulary:
    """A vocabulary: its newest revision, and the slots in which one of its revisions is in force.

    `number` and `created_at` are None for an included vocabulary that is not in the catalog.
    """

    name: str
    label_count: int
    number: int | None
    created_at: datetime | None
    slots: tuple[SlotSummary, ...] = ()


@dataclass(frozen=True, slots=True)
class ListedRevision:
    """A revision of a vocabulary, and the slots in which this very revision is in force.

    `in_use` is true if the revision is current somewhere.
    """

    vocabulary: str
    number: int
    label_count: int
    created_at: datetime
    in_use: bool
    slots: tuple[SlotSummary, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UseRequest:
    """A vocabulary, as a name or a file, to tag with from now on, in *slot* or else as the main one.

    `folders` are those to which the slot is limited: none for everywhere, None for the same as before.
    """

    vocabulary: str
    slot: str | None = None
    folders: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class UseResult:
    """The revision in use, and its slot, None if another process has dropped it since.

    `retag` is None in a library without photos. `photos` counts the photos in the folders of a limited slot.
    """

    revision: Revision
    slot: SlotSummary | None
    retag: RetagResult | None = None
    photos: int | None = None


def list_vocabularies(library: OpenLibrary) -> list[ListedVocabulary]:
    """List the catalog's vocabularies by name, then the included ones that are not in the catalog."""
    known, in_force = [], []
    if not library.is_new:
        with library.catalog.read() as t:
            known, in_force = t.vocabularies.all(), t.slots.in_force()
    listed = [
        ListedVocabulary(
            each.name,
            each.label_count,
            each.number,
            each.created_at,
            tuple(slot for slot in in_force if slot.vocabulary == each.name),
        )
        for each in known
    ]
    names = {each.name for each in known}
    included = (shipped_vocabulary(name) for name in SHIPPED if name not in names)
    return listed + [ListedVocabulary(each.name, len(each.labels), None, None) for each in included]


def show_vocabulary(library: OpenLibrary, name: str | None) -> VocabularyDefinition:
    """Return the vocabulary *name*, or the main one. Raises `UnknownVocabulary` or `VocabularyError`."""
    return find_definition(library.catalog_if_any, name)


def import_vocabulary(library: OpenLibrary, file: str, name: str | None = None) -> Revision:
    """Add a vocabulary file to the catalog as *name*, or under its own name. Raises `VocabularyError`."""
    return import_file(library.catalog, file, name)


def export_vocabulary(library: OpenLibrary, name: str, file: str | None = None) -> str:
    """Return the vocabulary *name* in its text format, and write it to *file* if that is given.

    Raises `UnknownVocabulary`, or `FileExists` and writes nothing.
    """
    text = write_vocabulary(find_definition(library.catalog_if_any, name))
    if file is not None:
        try:
            with Path(file).open("x", encoding="utf-8") as stream:
                stream.write(text)
        except FileExistsError:
            raise FileExists(file) from None
    return text


def vocabulary_history(library: OpenLibrary, name: str | None) -> list[ListedRevision]:
    """List the revisions of the vocabulary *name*, or of the main one, newest first.

    Raises `UnknownVocabulary`, or `NothingFound` if no vocabulary was ever used.
    """
    if library.is_new:
        raise NothingFound(_NEVER_USED)
    with library.catalog.read() as t:
        return revisions_of(t, name)


def revisions_of(t: Transaction, name: str | None) -> list[ListedRevision]:
    """List the revisions as `vocabulary_history` does, within one transaction."""
    vocabulary, _ = slots_of(t, name)
    if vocabulary is None:
        raise NothingFound(_NEVER_USED)
    in_force = t.slots.in_force()
    found = [
        ListedRevision(
            each.name,
            each.number,
            each.label_count,
            each.created_at,
            each.in_use,
            tuple(slot for slot in in_force if slot.revision_id == each.revision_id),
        )
        for each in t.vocabularies.history(vocabulary)
    ]
    if not found:
        raise UnknownVocabulary(vocabulary or DEFAULT, vocabulary_names(t) or SHIPPED)
    return found


def use_vocabulary(library: OpenLibrary, request: UseRequest, progress: Progress = SILENT) -> UseResult:
    """Tag all photos with a vocabulary from now on; in a library without photos, those that come.

    Raises `BadSlotName`, `UnknownFolder`, `MissingFolder`, `UnknownVocabulary`, `VocabularyError` or `Superseded`.
    """
    slot = MAIN_SLOT if request.slot is None else checked_slot_name(request.slot)
    limits = None
    if request.folders is not None:
        with library.catalog.read() as t:
            limits = [folders.scope(t, folder) for folder in request.folders]
    revision = find_or_import(library.catalog, request.vocabulary)
    if has_photos(library):
        done = apply_revision(library, revision, slot, progress, folders=limits)
        return _use_result(library, revision, slot, done)
    with library.catalog.write() as t:
        put_in_force(t, revision, slot)
        if limits is not None:
            limit_slot(t, slot, limits)
    return _use_result(library, revision, slot, None)


def _use_result(library: OpenLibrary, revision: Revision, slot: str, retag: RetagResult | None) -> UseResult:
    with library.catalog.read() as t:
        used = next((each for each in t.slots.in_force() if each.name == slot), None)
        photos = len(t.scopes.photos(used.folders)) if retag and used and used.folders else None
    return UseResult(revision, used, retag, photos)


def drop_vocabulary(library: OpenLibrary, slot: str) -> str:
    """Stop tagging with the vocabulary in *slot* and delete its automatic tags; tags by hand stay.

    Returns the slot's name as it was kept. Raises `EmptyLibrary` or `UnknownSlot`.
    """
    if library.is_new:
        raise library.empty_error()
    kept = slot.removesuffix(MARK).lower()
    with library.catalog.write() as t:
        known = [name for name in t.slots.names() if name]
        if kept not in known:
            raise UnknownSlot(slot, known)
        drop_slot(t, kept)
    return kept


def has_photos(library: OpenLibrary) -> bool:
    """True if the library has photos, and so a space."""
    try:
        _ = library.space
    except EmptyLibrary:
        return False
    return True


def drop_slot(t: Transaction, slot: str) -> None:
    """Delete *slot* with its automatic tags and those out of descriptions. Tags by hand stay."""
    before = words_in_force(t)
    t.slots.drop(slot)
    t.scores.drop(slot)
    follow_vocabularies(t, before)
