"""Repair of one model's data: damaged embeddings, and scores that are missing or wrong."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from photos.errors import PhotosError
from photos.library import OpenLibrary
from photos.lock import PART_SECONDS, trial_lock
from photos.operations.progress import SILENT, Progress
from photos.operations.tagging.retag import finish_pending
from photos.spaces import space_names
from query.tagging import faulty_scores, undamaged_photos
from store import Space, Transaction
from store.errors import StoreError

from .trials import fill_with


def slots_without_scores(t: Transaction, space: Space) -> list[str]:
    """The slots that have no scores in *space*, and no re-tag that is pending and would make them."""
    if not t.embeddings.uncached.stored_ids(space.id).size:
        # Photos are scored as they come.
        return []
    scored = t.scores.stamps(space.id)
    return [slot.name for slot in t.slots.of(space.id).all() if not slot.is_pending and slot.name not in scored]


def photos_with_faulty_scores(t: Transaction, space: Space) -> AbstractSet[int]:
    """The photos with missing or wrong scores in any slot whose tags are not pending in *space*."""
    return frozenset(photo_id for faulty in _faulty(t, space).values() for photo_id in faulty)


def drop_faulty_scores(library: OpenLibrary, space: Space) -> bool:
    """Delete wrong scores in *space*, so that a re-tag is pending, which makes them again. Returns whether one is."""
    with library.catalog.read() as t:
        faulty = _faulty(t, space)
        stale = [*faulty, *slots_without_scores(t, space)]
    if not stale:
        return False
    with library.catalog.write() as t:
        for slot in stale:
            scoring = t.scores.current(space.id, slot)
            if scoring is not None:
                t.scores.forget(scoring.id, faulty.get(slot, []))
            t.slots.of(space.id).mark_stale(slot)
    return True


def mend_space(library: OpenLibrary, space: Space, progress: Progress = SILENT) -> None:
    """Make damaged embeddings and scores of a model that does not answer again. What it never had, it does not get.

    If the model cannot be used, the damaged data is deleted all the same, and a sentence says so.
    """
    with library.catalog.read() as t:
        name = space_names(t.spaces.all())[space.id]
        is_damaged = bool(t.embeddings.damaged(space.id))
        if not (is_damaged or slots_without_scores(t, space) or _faulty(t, space)):
            return
    try:
        with trial_lock(library.settings.library, PART_SECONDS, catalog=library.catalog_if_any):
            lost = _embed_damaged(library, space, progress) if is_damaged else 0
            if drop_faulty_scores(library, space):
                finish_pending(library, space, progress)
    except StoreError:
        raise
    except PhotosError as error:
        library.on_notice(f"{name} is not repaired in full: {error}")
        return
    if lost:
        library.on_notice(
            f"{name} has lost its embeddings of {lost} photos, whose files are away or cannot be read; "
            f"photos model try {name} makes them when they can."
        )


def _embed_damaged(library: OpenLibrary, space: Space, progress: Progress) -> int:
    """Make damaged embeddings again. Returns the number of those that could not be made."""
    with library.catalog.write() as t:
        dropped = set(t.embeddings.drop_damaged(space.id))
    with library.catalog.read() as t:
        files = [file for file in t.files.lacking_embedding(space.id) if file.photo_id in dropped]
    fill_with(library, space, files, progress)
    with library.catalog.read() as t:
        return len(dropped - set(t.embeddings.ids(space.id).tolist()))


def _faulty(t: Transaction, space: Space) -> dict[str, list[int]]:
    """The photos with missing or wrong scores, by slot."""
    scorings = {
        slot.name: scoring
        for slot in t.slots.of(space.id).all()
        if not slot.is_pending and (scoring := t.scores.current(space.id, slot.name)) is not None
    }
    if not scorings:
        return {}
    undamaged = undamaged_photos(t, space)
    found = {name: faulty_scores(t, space, scoring, undamaged) for name, scoring in scorings.items()}
    return {name: faulty for name, faulty in found.items() if faulty}
