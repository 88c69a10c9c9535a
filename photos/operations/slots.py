"""Slots: the revision that photos are tagged with in each, and its target.

The main vocabulary is the slot with the empty name; every other slot's name is what the user calls a namespace.
"""

from __future__ import annotations

from collections.abc import Sequence

from store import Revision, SlotSummary, Transaction


def current_revision(t: Transaction, slot: str = "") -> Revision | None:
    """The revision that photos are tagged with in *slot*; None if there is none yet."""
    revision_id = t.slots.current_revision_id(slot)
    return None if revision_id is None else t.vocabularies.revision(revision_id)


def target_revision(t: Transaction, slot: str = "") -> Revision | None:
    """The revision that all photos are to be tagged with in *slot*; None if there is none.

    It differs from the current one while a re-tag is pending. A change of a vocabulary starts from it: the current
    revision would lose what the pending re-tag brings.
    """
    revision_id = target_id(t, slot)
    return None if revision_id is None else t.vocabularies.revision(revision_id)


def target_id(t: Transaction, slot: str = "") -> int | None:
    """The id of `target_revision`."""
    return t.slots.target_revision_id(slot)


def use_from_now_on(t: Transaction, revision: Revision, slot: str = "") -> None:
    """Make *revision* the target of *slot*: a re-tag is pending, or in a library without a space it is current."""
    if t.library.space_id() is None:
        put_in_force(t, revision, slot)
    else:
        t.slots.set_target(slot, revision.id)


def put_in_force(t: Transaction, revision: Revision, slot: str = "") -> None:
    """Make *revision* current in a library without photos."""
    space_id = t.library.space_id()
    if space_id is not None and t.scores.current(space_id, slot) is not None:
        # Photos that were deleted were scored with another revision.
        t.slots.set_target(slot, revision.id)
    else:
        t.slots.put_in_force(slot, revision.id)


def slot_names(t: Transaction) -> list[str]:
    """Every slot's name, the main one first; also of slots whose first re-tag has not ended."""
    return t.slots.names()


def pending_slots(t: Transaction) -> dict[str, int]:
    """The slots with a pending re-tag, each with the id of its target revision."""
    return t.slots.pending()


def slots_in_force(t: Transaction) -> list[SlotSummary]:
    """Every slot that has a current revision, the main one first."""
    return t.slots.in_force()


def slot_folders(t: Transaction, slot: str) -> tuple[bytes, ...]:
    """The absolute paths below which the labels of *slot* are shown; none for everywhere."""
    return t.slots.folders(slot)


def limit_slot(t: Transaction, slot: str, folders: Sequence[bytes]) -> None:
    """Show the labels of *slot* below these absolute *folders* alone; everywhere if there are none."""
    t.slots.limit(slot, folders)


def drop_slot(t: Transaction, slot: str) -> None:
    """Delete *slot* with its automatic tags. Tags by hand stay."""
    t.slots.drop(slot)
    t.scores.drop(slot)
