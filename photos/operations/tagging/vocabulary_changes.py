"""Changes of a vocabulary: a new label, an edit, a rollback. Of two changes at the same time, none is lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from photos.errors import InForceTwice, LabelExists, NoEarlierRevision
from photos.library import OpenLibrary
from photos.operations.progress import SILENT, Progress
from query.errors import BadLabel, UnknownLabel, UnknownSlot
from query.tagging import checked_name
from query.vocabulary import fill_templates, find_label, has_control_characters, parse_vocabulary, write_vocabulary
from store import MAIN_SLOT, Catalog, LabelDefinition, Revision, Transaction, VocabularyDefinition

from .retag import RetagResult, finish_retag
from .revisions import (
    find_definition,
    find_slot,
    is_file,
    revision_to_change,
    slot_and_label,
    target_revision,
    use_from_now_on,
)
from .vocabularies import has_photos, vocabulary_history

#: Makes the next content of a vocabulary from its present one. It may run several times, and refuses by raising.
Change = Callable[[VocabularyDefinition], VocabularyDefinition]


def revise(
    catalog: Catalog, change: Change, slot: str, *, also: Callable[[Transaction], None] = lambda _: None
) -> Revision:
    """Make a new revision of the vocabulary in *slot* by *change*, and make it the slot's target.

    If another process changes the vocabulary at the same time, *change* is applied to the outcome of that. *also*
    writes more in the same transaction. Raises `UnknownSlot`, and the errors of *change* and *also*.
    """
    while True:
        with catalog.read() as t:
            before = target_revision(t, slot)
            names = t.slots.names()
        if before is None and slot:
            raise UnknownSlot(slot, [name for name in names if name])
        definition = change(find_definition(None, None) if before is None else before.definition)
        with catalog.staged(definition) as staged, catalog.write() as t:
            if t.slots.target_revision_id(slot) == (before and before.id):
                revision = t.vocabularies.put(definition, staged=staged)
                use_from_now_on(t, revision, slot)
                also(t)
                return revision


@dataclass(frozen=True, slots=True)
class SaveLabelRequest:
    """A new label, scored by *text* alone. The name may begin with a slot, as `birds:heron`."""

    name: str
    text: str


def save_label(library: OpenLibrary, request: SaveLabelRequest, progress: Progress = SILENT) -> RetagResult:
    """Add a label to the vocabulary and tag all photos with it. Raises `LabelExists`, `BadLabel` or `Superseded`."""
    revision, slot = add_label(library.catalog, request.name, request.text)
    return finish_retag(library, revision, slot, progress)


def add_label(catalog: Catalog, name: str, text: str) -> tuple[Revision, str]:
    """Add a label to the vocabulary in the slot that *name* begins with, or to the main one; a re-tag is pending then.

    Returns the new revision and its slot. Raises `LabelExists` or `BadLabel`.
    """
    with catalog.read() as t:
        slot, own = slot_and_label(t, name)
    label = checked_name(own)
    new = LabelDefinition(label, (text,))
    if has_control_characters(new):
        # An export of it could not be imported.
        raise BadLabel(text)

    def added(definition: VocabularyDefinition) -> VocabularyDefinition:
        known = find_label(definition, label)
        if known is not None:
            raise LabelExists(label, known.name, definition.name)
        return replace(definition, labels=(*definition.labels, new))

    return revise(catalog, added, slot), slot


@dataclass(frozen=True, slots=True)
class AdoptLabelRequest:
    """A label of the vocabulary `words`, or one that is scored by its name, to add to the main vocabulary."""

    name: str
    words: str | None = None


def adopt_label(library: OpenLibrary, request: AdoptLabelRequest, progress: Progress = SILENT) -> RetagResult:
    """Add a label to the main vocabulary, with the texts and aliases that it has in another, and tag with it.

    Raises `UnknownVocabulary`, `UnknownLabel`, `LabelExists`, `BadLabel` or `Superseded`.
    """
    name = checked_name(request.name)
    new = LabelDefinition(name, fill_templates([name]))
    if request.words is not None:
        listed = find_definition(library.catalog, request.words)
        found = next((each for each in listed.labels if each.name == name), None)
        if found is None:
            raise UnknownLabel(name, listed.name, [each.name for each in listed.labels])
        # The other vocabulary's parents and thresholds mean nothing in this one.
        new = LabelDefinition(name, found.texts, aliases=found.aliases)

    def added(definition: VocabularyDefinition) -> VocabularyDefinition:
        for each in (name, *new.aliases):
            if (known := find_label(definition, each)) is not None:
                raise LabelExists(name, known.name, definition.name)
        return replace(definition, labels=(*definition.labels, new))

    return finish_retag(library, revise(library.catalog, added, MAIN_SLOT), MAIN_SLOT, progress)


@dataclass(frozen=True, slots=True)
class RollBackRequest:
    """A vocabulary or a slot, the main one if None, and the number of a revision, the one before if None."""

    vocabulary: str | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class RollBackResult:
    """A vocabulary that has the content of its *earlier* revision again.

    If it is in force, in `slot`, then `revision` is the earlier one itself; else `slot` is None, and `revision` is a
    new one with the same content. `retag` is None if no photo was tagged.
    """

    revision: Revision
    earlier: Revision
    slot: str | None
    retag: RetagResult | None = None


def roll_back(library: OpenLibrary, request: RollBackRequest, progress: Progress = SILENT) -> RollBackResult:
    """Set a vocabulary back to an earlier revision; all photos are tagged with it if the vocabulary is in force.

    A vocabulary that is in force nowhere gets the earlier content as its newest revision. Without a number, repeated
    calls go further and further back. Raises `UnknownVocabulary`, `NothingFound`, `NoEarlierRevision`,
    `InForceTwice` or `Superseded`.
    """
    name = request.vocabulary
    vocabulary = vocabulary_history(library, name)[0].vocabulary
    with library.catalog.read() as t:
        # Its labels are in memory from here on, so they are not read while others wait to write.
        slot, before = _goal(t, name, vocabulary, request.number)
    staging = library.catalog.staged(before.definition) if slot is None else nullcontext()
    with staging as staged, library.catalog.write() as t:
        slot, earlier = _goal(t, name, vocabulary, request.number)
        if slot is None:
            restores = earlier.restores or earlier.number
            ready = staged if earlier.id == before.id else None
            made = t.vocabularies.put(earlier.definition, restores=restores, staged=ready)
            return RollBackResult(made, earlier, None)
        use_from_now_on(t, earlier, slot)
    done = finish_retag(library, earlier, slot, progress) if has_photos(library) else None
    return RollBackResult(earlier, earlier, slot, done)


def _goal(t: Transaction, name: str | None, vocabulary: str, number: int | None) -> tuple[str | None, Revision]:
    """The slot that a rollback changes, None if the vocabulary is in force nowhere, and the revision to go back to."""
    targets = _targets(t, name, vocabulary)
    if len(targets) > 1:
        raise InForceTwice(vocabulary, list(targets))
    if not targets:
        return None, _earlier(t, vocabulary, number, None)
    slot, target = next(iter(targets.items()))
    return slot, _earlier(t, target.vocabulary, number, target)


def _earlier(t: Transaction, vocabulary: str, number: int | None, target: Revision | None) -> Revision:
    """The revision to go back to: of that *number*, or the one before *target*, or before the newest one.

    From a revision that an earlier rollback made, it is the one before the revision whose content was brought back.
    """
    newest = t.vocabularies.history(vocabulary)[0].number
    newest_id = t.vocabularies.newest_id(vocabulary)
    now = target or (None if newest_id is None else t.vocabularies.without_labels(newest_id))
    if number is None:
        number = ((now.restores or now.number) if now is not None else newest) - 1
    earlier = t.vocabularies.numbered(vocabulary, number)
    if earlier is None:
        raise NoEarlierRevision(vocabulary, number, newest)
    return earlier


def _targets(t: Transaction, name: str | None, vocabulary: str) -> dict[str, Revision]:
    """The slot that *name* stands for, or every slot whose target is of *vocabulary*; each with its target."""
    slot = find_slot(t, name)
    if slot is None:
        return _slots_with(t, vocabulary)
    target = t.slots.target_revision_id(slot)
    return {} if target is None else {slot: t.vocabularies.without_labels(target)}


def _slots_with(t: Transaction, vocabulary: str) -> dict[str, Revision]:
    """The slots whose target is a revision of *vocabulary*, each with that revision without its labels."""
    ids = {slot: t.slots.target_revision_id(slot) for slot in t.slots.names()}
    targets = {slot: None if each is None else t.vocabularies.without_labels(each) for slot, each in ids.items()}
    return {slot: each for slot, each in targets.items() if each is not None and each.vocabulary == vocabulary}


#: The ids of the revision that a change begins with, and of the vocabulary's newest one.
_State = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class Draft:
    """A vocabulary as it was when an edit began. `name` is as the user typed it, None for the main vocabulary."""

    name: str | None
    definition: VocabularyDefinition
    #: None for a file: the catalog's changes do not matter to it.
    state: _State | None

    @property
    def text(self) -> str:
        """The vocabulary in its text format."""
        return write_vocabulary(self.definition)


@dataclass(frozen=True, slots=True)
class Edited:
    """The revision that an edit made, and the slots that have it as their target now."""

    revision: Revision
    slots: tuple[str, ...]


def begin_edit(library: OpenLibrary, name: str | None) -> Draft:
    """Return the vocabulary *name*, or the main one, to be edited. Raises `VocabularyError` or `UnknownVocabulary`."""
    return draft_of(library.catalog_if_any, name)


def draft_of(catalog: Catalog | None, name: str | None) -> Draft:
    """Return the draft that `begin_edit` does, of *catalog*; None for a library that does not exist yet."""
    if name is not None and is_file(name):
        return Draft(name, find_definition(catalog, name), None)
    if catalog is None:
        return Draft(name, find_definition(None, name), (None, None))
    with catalog.read() as t:
        revision = revision_to_change(t, name)
        definition = find_definition(catalog, name) if revision is None else revision.definition
        return Draft(name, definition, _state(t, name, definition.name))


def save_edit(library: OpenLibrary, draft: Draft, text: str) -> Edited | None:
    """Make the edited *text* the newest revision, and the target of the slots that had the draft's.

    `finish_edit` tags the photos. Returns None, and changes nothing, if the vocabulary was changed since the draft.
    Raises `VocabularyError` if the text is not a vocabulary.
    """
    name = draft.definition.name
    return save_definition(library.catalog, draft, parse_vocabulary(text, name, Path(f"{name}.txt")))


def save_definition(catalog: Catalog, draft: Draft, definition: VocabularyDefinition) -> Edited | None:
    """Make *definition* the newest revision as `save_edit` does."""
    with catalog.staged(definition) as staged, catalog.write() as t:
        if draft.state is not None and draft.state != _state(t, draft.name, definition.name):
            return None
        slots = _slots_to_follow(t, draft, definition.name)
        revision = t.vocabularies.put(definition, staged=staged)
        for slot in slots:
            use_from_now_on(t, revision, slot)
        return Edited(revision, tuple(slots))


def finish_edit(library: OpenLibrary, edited: Edited, progress: Progress = SILENT) -> RetagResult:
    """Tag all photos with an edited vocabulary in its slots. Raises `Superseded`."""
    result = RetagResult()
    if has_photos(library):
        for slot in edited.slots:
            result += finish_retag(library, edited.revision, slot, progress)
    return result


@dataclass(frozen=True, slots=True)
class EditResult:
    """The revision that a program's edit made, its slots, and the re-tags; empty ones if no photo was tagged."""

    revision: Revision
    slots: tuple[str, ...]
    retag: RetagResult


def edit_vocabulary(library: OpenLibrary, name: str | None, change: Change, progress: Progress = SILENT) -> EditResult:
    """Make the newest revision of the vocabulary *name*, or of the main one, by *change*, and tag photos with it.

    The vocabulary keeps its name. If another process changes it at the same time, *change* is applied to the outcome of
    that. Raises `UnknownVocabulary`, `VocabularyError`, `BadLabel` or `Superseded`, and the errors of *change*.
    """
    edited = None
    while edited is None:
        draft = begin_edit(library, name)
        edited = save_edit(library, draft, _checked_text(change(draft.definition)))
    return EditResult(edited.revision, edited.slots, finish_edit(library, edited, progress))


def save_vocabulary(library: OpenLibrary, definition: VocabularyDefinition, progress: Progress = SILENT) -> EditResult:
    """Make *definition* the newest revision of the vocabulary of its name, which may be new.

    It becomes the target of the slots that have an earlier revision, and their photos are tagged. Raises
    `VocabularyError`, `BadLabel` or `Superseded`.
    """
    edited = save_edit(library, Draft(definition.name, definition, None), _checked_text(definition))
    assert edited is not None, "a draft without a state is never outdated"
    return EditResult(edited.revision, edited.slots, finish_edit(library, edited, progress))


def _checked_text(definition: VocabularyDefinition) -> str:
    """The text format of a definition that no reader has checked. Raises `BadLabel`."""
    for label in definition.labels:
        checked_name(label.name)
    return write_vocabulary(definition)


def _slots_to_follow(t: Transaction, draft: Draft, vocabulary: str) -> Sequence[str]:
    """The slots that an edit goes to.

    An edit of a vocabulary by its own name, or of a file, goes to every slot with that vocabulary. An edit of a slot
    goes to that slot, and to others with the same target: where the target is another revision of the vocabulary, that
    revision has labels that the draft lacks.
    """
    slots = _slots_with(t, vocabulary)
    if draft.state is None or find_slot(t, draft.name) is None:
        return list(slots)
    before, _ = draft.state
    # Where no main vocabulary was chosen yet, the draft was of the included one.
    return [MAIN_SLOT] if before is None else [slot for slot, revision in slots.items() if revision.id == before]


def _state(t: Transaction, name: str | None, vocabulary: str) -> _State:
    base = revision_to_change(t, name)
    return None if base is None else base.id, t.vocabularies.newest_id(vocabulary)
