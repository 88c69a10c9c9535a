"""Labels by example: photos that a person names become examples of a label, and tag the whole library."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

from photos.errors import ContradictoryExamples, NoExample, NotAnExample, safe
from photos.library import OpenLibrary
from photos.operations.progress import SILENT, Progress
from photos.operations.searching.pictures import known_photo, photo_at
from query.errors import UnknownLabel
from query.tagging import (
    TaughtLabelReport,
    checked_name,
    full_name,
    own_threshold,
    photos_of,
    record_manual_tags_in,
    taught_label_report,
)
from query.vocabulary import LabelFinder, fill_templates
from query.vocabulary_design import LabelPreview, preview_label
from store import Catalog, LabelDefinition, Photo, Revision, SpaceIdentity, Transaction, VocabularyDefinition

from .retag import RetagResult, finish_retag, model_of
from .revisions import ensure_vocabulary, slot_and_label, target_revision
from .vocabulary_changes import revise

#: The beginning of a content's hash, long enough to mean one.
_HASH = re.compile("[0-9a-f]{8,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TeachRequest:
    """Paths of photos that show the label, that do not, and that are no examples any more.

    The label may be new; its name may begin with a slot, as `birds:heron`. `dry_run` keeps nothing.
    """

    label: str
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    forget: tuple[str, ...] = ()
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class TaughtLabel:
    """A label with its examples, and how it scores over the library. `full_name` has the slot.

    `report` has the examples with their scores, `trial` the photos that the label is on by its scores. `retag` is
    None where nothing was taught, `is_kept` false after a dry run.
    """

    full_name: str
    label: LabelDefinition
    report: TaughtLabelReport
    trial: LabelPreview
    identity: SpaceIdentity
    retag: RetagResult | None = None
    is_kept: bool = True


@dataclass(frozen=True, slots=True)
class NamedExamples:
    """Photos that a person named: that show a label, that do not, and hashes of examples to be forgotten.

    `former` are hashes by which the label knows photos of the first two kinds.
    """

    yes: tuple[Photo, ...]
    no: tuple[Photo, ...]
    forget: tuple[str, ...]
    former: tuple[str, ...] = ()


def teach(library: OpenLibrary, request: TeachRequest, progress: Progress = SILENT) -> TaughtLabel:
    """Add photos to the examples of a label, tag all photos with it, and return how it scores.

    The photos get the label as tags by hand, too: added, rejected, or cleared. Raises `EmptyLibrary`, `BadLabel`,
    `NotInLibrary`, `NotAnExample`, `NoExample`, `ContradictoryExamples` or `UnknownSlot` and keeps nothing;
    `Superseded` if another vocabulary was chosen during the re-tag.
    """
    revision, slot, own = _target(library, request.label)

    def taught(definition: VocabularyDefinition) -> tuple[LabelDefinition, NamedExamples]:
        before = find_or_make_label(definition, own)
        named = find_examples(library.catalog, before, request.yes, request.no, request.forget)
        return taught_label(before, named), named

    label, named = taught(revision.definition)
    full = checked_name(full_name(slot, label.name))
    if request.dry_run:
        return _scored(library, label, full, revision, is_kept=False)
    also = partial(_record_by_hand, full=full, named=named)
    revision = revise(library.catalog, lambda last: with_label(last, taught(last)[0]), slot, also=also)
    label = find_or_make_label(revision.definition, own)
    full = full_name(slot, label.name)
    done = finish_retag(library, revision, slot, progress)
    return replace(_scored(library, label, full, revision), retag=done)


def show_taught(library: OpenLibrary, name: str) -> TaughtLabel:
    """Return the examples of the label *name* and how it scores. Raises `EmptyLibrary` or `UnknownLabel`."""
    revision, slot, own = _target(library, name)
    label = find_or_make_label(revision.definition, own)
    names = [each.name for each in revision.definition.labels]
    if label.name not in names:
        raise UnknownLabel(own, revision.vocabulary, names)
    return _scored(library, label, full_name(slot, label.name), revision)


def find_or_make_label(definition: VocabularyDefinition, name: str) -> LabelDefinition:
    """Return the label called *name* in *definition*, or a new one, scored by its name. Raises `BadLabel`."""
    plain = checked_name(name)
    spelling = LabelFinder(definition.labels).label(plain)
    known = next((label for label in definition.labels if label.name == spelling), None)
    return known or LabelDefinition(plain, fill_templates([plain]))


def find_examples(
    catalog: Catalog, label: LabelDefinition, yes: Sequence[str], no: Sequence[str], forget: Sequence[str]
) -> NamedExamples:
    """Return the photos at these paths, or of the same content as the files there.

    A photo to be forgotten may be given by its hash, or the first 8 digits of it or more: it may have left the library.
    Raises `NotInLibrary`, `NotAnExample` or `ContradictoryExamples`.
    """
    with catalog.read() as t:
        shows, shows_not = (tuple(known_photo(t, path) for path in paths) for paths in (yes, no))
        forgotten = tuple(each for path in forget for each in _examples_at(t, label, path))
        held = photos_of(t, (*label.examples, *label.counterexamples))
    named = {photo.id for photo in (*shows, *shows_not)}
    former = tuple(each for each, key in held.items() if key in named)
    both = {photo.id for photo in shows_not}
    for path, photo in zip(yes, shows, strict=True):
        if photo.id in both:
            raise ContradictoryExamples(f"{safe(path)} cannot be both --yes and --no.")
    if set(former) & set(forgotten):
        raise ContradictoryExamples(f"A photo cannot be an example of {safe(label.name)} and be forgotten at once.")
    return NamedExamples(shows, shows_not, forgotten, former)


def taught_label(label: LabelDefinition, named: NamedExamples) -> LabelDefinition:
    """Return *label* with the examples that *named* adds and without those it takes away.

    Raises `NoExample` if no photo would show the label.
    """
    yes, no = (_hashes(photos) for photos in (named.yes, named.no))
    # A photo is in one place, under the hash that it has now.
    gone = {*named.former, *named.forget}
    examples, counterexamples = _merged(label.examples, yes, gone), _merged(label.counterexamples, no, gone)
    if counterexamples and not examples and not named.forget:
        raise NoExample(label.name)
    return replace(label, examples=examples, counterexamples=counterexamples)


def with_label(definition: VocabularyDefinition, label: LabelDefinition) -> VocabularyDefinition:
    """Return *definition* with *label* in place of the one of that name, or at the end."""
    if all(each.name != label.name for each in definition.labels):
        return replace(definition, labels=(*definition.labels, label))
    labels = tuple(label if each.name == label.name else each for each in definition.labels)
    return replace(definition, labels=labels)


def _target(library: OpenLibrary, name: str) -> tuple[Revision, str, str]:
    """The revision that a label called *name* is taught in, its slot, and the label's name there."""
    model = model_of(library)
    with library.catalog.read() as t:
        slot, own = slot_and_label(t, name)
        revision = target_revision(t, slot)
    return revision or ensure_vocabulary(library.catalog, model), slot, own


def _scored(
    library: OpenLibrary, label: LabelDefinition, full: str, revision: Revision, *, is_kept: bool = True
) -> TaughtLabel:
    space = library.space
    report = taught_label_report(library.catalog, space, label, library.text_vectors(space))
    with library.catalog.read() as t:
        own = own_threshold(t, space, revision.vocabulary, label)
    # The label's own threshold counts before that of its examples, and this before the vocabulary's.
    threshold = revision.threshold if own is None else own
    minimum = report.minimum if own is None else None
    trial = preview_label(library.catalog, space, report.vector, threshold, minimum=minimum)
    return TaughtLabel(full, label, report, trial, space.identity, is_kept=is_kept)


def _record_by_hand(t: Transaction, full: str, named: NamedExamples) -> None:
    """Record the examples as manual tags of the label called *full*: added, rejected, and cleared."""
    forgotten = list(photos_of(t, named.forget).values())
    if named.yes:
        record_manual_tags_in(t, [photo.id for photo in named.yes], added=[full])
    if named.no:
        record_manual_tags_in(t, [photo.id for photo in named.no], rejected=[full])
    if forgotten:
        record_manual_tags_in(t, forgotten, cleared=[full])


def _examples_at(t: Transaction, label: LabelDefinition, path: str) -> list[str]:
    """The hashes of the label's examples that *path* names."""
    held = (*label.examples, *label.counterexamples)
    photo = photo_at(t, path)
    found = [each for each, photo_id in photos_of(t, held).items() if photo is not None and photo.id == photo_id]
    if not found and photo is None and _HASH.fullmatch(path):
        found = [each for each in held if each.startswith(path)]
    if not found:
        raise NotAnExample(path, label.name)
    return found


def _hashes(photos: Sequence[Photo]) -> tuple[str, ...]:
    return tuple(photo.content_hash.hex() for photo in photos)


def _merged(held: Sequence[str], more: Sequence[str], without: Collection[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*(each for each in held if each not in without or each in more), *more)))
