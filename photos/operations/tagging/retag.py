"""Re-tags: all photos are scored again from their stored embeddings. No picture is opened."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from photos.library import OpenLibrary
from photos.operations.progress import SILENT, Progress, Stage, steps
from photos.operations.shared_work import queue_in_use
from query.errors import Superseded, UnknownSlot
from query.similarity import TextVectors
from query.tagging import RetagOptions, RetagReport, checked_slot_name, limit_slot, refresh_taught_labels
from query.tagging import retag as retag_slot
from store import MAIN_SLOT, Revision, Space

from .revisions import ensure_vocabulary, find_or_import, target_revision, use_from_now_on
from .shared_retag import share_retag


@dataclass(frozen=True, slots=True, kw_only=True)
class RetagRequest:
    """The vocabulary to use from now on, as a name or a file, and its slot.

    Without a vocabulary, the slot is brought up to date; without a slot, too, all are.
    """

    vocabulary: str | None = None
    slot: str | None = None


@dataclass(frozen=True, slots=True)
class SlotRetag:
    """A re-tag that ended: *revision* is current in *slot*, the main one's name being empty."""

    slot: str
    revision: Revision
    report: RetagReport


@dataclass(frozen=True, slots=True)
class Overtaken:
    """A re-tag that was left to another process, which changed the vocabulary to the revision numbered *later*."""

    slot: str
    revision: Revision
    later: int


@dataclass(frozen=True, slots=True)
class RetagResult:
    """Re-tags that were done, in order, and those that other processes do instead."""

    retags: tuple[SlotRetag, ...] = ()
    overtaken: tuple[Overtaken, ...] = ()

    @property
    def is_empty(self) -> bool:
        """True if there was nothing to tag."""
        return not (self.retags or self.overtaken)

    def __add__(self, other: RetagResult) -> RetagResult:
        return RetagResult(self.retags + other.retags, self.overtaken + other.overtaken)


def retag(library: OpenLibrary, request: RetagRequest, progress: Progress = SILENT) -> RetagResult:
    """Tag all photos with a vocabulary, or bring the tags of one slot or of all up to date.

    Raises `EmptyLibrary`, `BadSlotName`, `UnknownSlot`, `UnknownVocabulary`, `VocabularyError`, and `Superseded`
    if another vocabulary was put into the slot during the re-tag.
    """
    _ = library.space
    slot = None if request.slot is None else checked_slot_name(request.slot)
    if request.vocabulary is None:
        return _bring_up_to_date(library, slot, progress)
    return apply_revision(library, find_or_import(library.catalog, request.vocabulary), slot or MAIN_SLOT, progress)


def calibrate(library: OpenLibrary, progress: Progress = SILENT) -> RetagResult:
    """Measure again how labels score over the library, and tag with that. Raises `EmptyLibrary` or `Superseded`."""
    model = model_of(library)
    with library.catalog.read() as t:
        target = target_revision(t, MAIN_SLOT)
    revision = target or ensure_vocabulary(library.catalog, model)
    return finish_retag(library, revision, MAIN_SLOT, progress, calibrate_anew=True)


def model_of(library: OpenLibrary) -> str:
    """The library's checkpoint as the user named it. Raises `EmptyLibrary`."""
    space = library.space
    with library.catalog.read() as t:
        return t.library.model() or space.identity.model


def _bring_up_to_date(library: OpenLibrary, slot: str | None, progress: Progress) -> RetagResult:
    with library.catalog.read() as t:
        names = t.slots.names()
    if slot is not None and slot not in names:
        raise UnknownSlot(slot, [name for name in names if name])
    if slot is None:
        ensure_vocabulary(library.catalog, model_of(library))
    return finish_slots(library, names if slot is None else [slot], progress)


def finish_slots(library: OpenLibrary, slots: Sequence[str], progress: Progress = SILENT) -> RetagResult:
    """Tag all photos with the target revision of each of *slots*; a slot that was dropped is passed over."""
    result = RetagResult()
    for slot in slots:
        with library.catalog.read() as t:
            revision = target_revision(t, slot)
        if revision is not None:
            result += finish_retag(library, revision, slot, progress)
    return result


def apply_revision(
    library: OpenLibrary,
    revision: Revision,
    slot: str,
    progress: Progress = SILENT,
    *,
    folders: Sequence[bytes] | None = None,
) -> RetagResult:
    """Make *revision* the target of *slot* and tag all photos with it.

    The slot is limited to *folders*, absolute: to none if they are empty, as before if None. The target is set before
    labels are encoded, so a change that another process makes during that builds on *revision*. Raises `Superseded`.
    """
    with library.catalog.write() as t:
        use_from_now_on(t, revision, slot)
        if folders is not None:
            limit_slot(t, slot, folders)
    return finish_retag(library, revision, slot, progress)


def finish_retag(
    library: OpenLibrary,
    revision: Revision,
    slot: str,
    progress: Progress = SILENT,
    *,
    calibrate_anew: bool = False,
) -> RetagResult:
    """Tag all photos with *revision*, the target of *slot*, and make it current there.

    If the library was calibrated again, or labels gained examples, the other slots are brought up to date as well. If
    another process has changed the same vocabulary since, the re-tag is left to it, and the result says so. Raises
    `Superseded` if the slot has another vocabulary now, or was dropped.
    """
    space = library.space
    with library.catalog.read() as t:
        before = t.calibrations.current(space.id)
    newest = refresh_taught_labels(library.catalog, space, revision)
    try:
        report = _run(library, space, newest, slot, progress, calibrate_anew=calibrate_anew)
    except Superseded:
        later = _later_number(library, revision, slot)
        if later is None:
            raise
        return RetagResult(overtaken=(Overtaken(slot, revision, later),))
    done = RetagResult((SlotRetag(slot, revision, report),))
    with library.catalog.read() as t:
        is_calibrated = t.calibrations.current(space.id) != before
    # A label may be in several vocabularies.
    return done + finish_pending(library, space, progress) if is_calibrated or newest is not revision else done


def _later_number(library: OpenLibrary, revision: Revision, slot: str) -> int | None:
    """The number of the slot's target if it is a later revision of the same vocabulary."""
    with library.catalog.read() as t:
        target = target_revision(t, slot)
    is_later = target is not None and target.vocabulary == revision.vocabulary and target.number > revision.number
    return target.number if target is not None and is_later else None


def finish_pending(
    library: OpenLibrary,
    space: Space,
    progress: Progress = SILENT,
    texts: TextVectors | None = None,
    *,
    alone: bool = False,
) -> RetagResult:
    """Do the pending re-tags, slot by slot; *alone* without workers in any case.

    A re-tag that another process has taken over, or whose slot was dropped, is passed over. *texts* are the vectors of
    texts to use, if the caller has them.
    """
    with library.catalog.read() as t:
        pending = {
            slot: t.vocabularies.revision(revision_id) for slot, revision_id in t.slots.of(space.id).pending().items()
        }
    done = []
    for slot, revision in pending.items():
        with suppress(Superseded):
            report = _run(library, space, revision, slot, progress, texts, alone=alone)
            done.append(SlotRetag(slot, revision, report))
    return RetagResult(tuple(done))


def _run(
    library: OpenLibrary,
    space: Space,
    revision: Revision,
    slot: str,
    progress: Progress,
    texts: TextVectors | None = None,
    *,
    calibrate_anew: bool = False,
    alone: bool = False,
) -> RetagReport:
    texts = texts or library.text_vectors(space)
    options = RetagOptions(slot=slot, calibrate_anew=calibrate_anew, only_if_target=True)
    queue = None if alone else queue_in_use(library)
    if queue is not None:
        return share_retag(library, queue, space, revision, texts, options, progress)
    return retag_slot(
        library.catalog,
        space,
        revision,
        texts,
        options,
        progress=steps(progress, Stage.TAG),
        text_progress=steps(progress, Stage.ENCODE_LABELS),
    )
