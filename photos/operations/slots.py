"""Slots: which revision photos are tagged with, and which one they are to be tagged with.

The main vocabulary is the slot with the empty name; every other slot's name is what the user calls a namespace.
"""

from __future__ import annotations

from collections.abc import Sequence

from query.tagging import pending_revision_ids, set_target_revision, target_revision_id
from store import InForce, Revision, Transaction


def current_revision(t: Transaction, slot: str = "") -> Revision | None:
    """The revision that photos are tagged with in *slot*; None if there is none yet."""
    revision_id = t.library.revision_id(slot)
    return None if revision_id is None else t.vocabularies.revision(revision_id)


def target_revision(t: Transaction, slot: str = "") -> Revision | None:
    """The revision that all photos are to be tagged with in *slot*; None if there is none.

    It differs from the current one while a re-tag is pending. A change of a vocabulary begins with it: the current
    revision would lose what the pending re-tag brings.
    """
    revision_id = target_id(t, slot)
    return None if revision_id is None else t.vocabularies.revision(revision_id)


def target_id(t: Transaction, slot: str = "") -> int | None:
    """The id of `target_revision`."""
    space_id = t.library.space_id()
    return t.library.revision_id(slot) if space_id is None else target_revision_id(t, t.spaces.get(space_id), slot)


def use_from_now_on(t: Transaction, revision: Revision, slot: str = "") -> None:
    """Make *revision* the target of *slot*: a re-tag is pending, or in a library without a space it is current."""
    space_id = t.library.space_id()
    if space_id is None:
        put_in_force(t, revision, slot)
        return
    set_target_revision(t, t.spaces.get(space_id), revision, slot)
    if slot not in t.namespaces.names():
        t.library.set_retag_pending(True, slot)


def put_in_force(t: Transaction, revision: Revision, slot: str = "") -> None:
    """Make *revision* current in a library without photos, and give up any pending re-tag of *slot*."""
    space_id = t.library.space_id()
    if space_id is not None:
        t.scores.give_up(space_id, slot)
    t.library.set_revision(revision.id, slot)


def slot_names(t: Transaction) -> list[str]:
    """Every slot's name, the main one first; also of slots whose first re-tag has not ended."""
    return t.namespaces.names()


def pending_slots(t: Transaction) -> dict[str, int]:
    """The slots with a pending re-tag, each with the id of its target revision."""
    space_id = t.library.space_id()
    return {} if space_id is None else pending_revision_ids(t, t.spaces.get(space_id))


def slots_in_force(t: Transaction) -> list[InForce]:
    """Every slot that has a current revision, the main one first."""
    return t.namespaces.in_force()


def slot_folders(t: Transaction, slot: str) -> tuple[bytes, ...]:
    """The absolute paths below which the labels of *slot* are shown; none for everywhere."""
    return t.namespaces.folders(slot)


def limit_slot(t: Transaction, slot: str, folders: Sequence[bytes]) -> None:
    """Show the labels of *slot* below these absolute *folders* alone; everywhere if there are none."""
    t.namespaces.limit(slot, folders)


def drop_slot(t: Transaction, slot: str) -> None:
    """Delete *slot* with its automatic tags. Tags by hand stay."""
    t.namespaces.drop(slot)
    t.scores.drop(slot)
