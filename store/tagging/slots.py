"""Slots: the vocabularies in force, each with its current revision and its target."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, literal, select, true, update

from store.records import MAIN_SLOT, Slot, SlotSummary, Target
from store.sql import schema
from store.sql.dialect import upsert

_slot, _state, _folder = schema.slot, schema.slot_state, schema.slot_folder
_revision, _vocabulary, _member = schema.revision, schema.vocabulary, schema.revision_label
_space = schema.space
#: The version of a slot's first target in a space.
_FIRST: Final = 1
_STATE: Final = ["slot", "space_id", "current_version", "target_version"]
_STALE: Final = update(_state).values(target_version=_state.c.target_version + 1)


class Slots:
    """The main vocabulary's slot, whose name is empty, and the others.

    A slot has a target: a revision and a version. The version grows whenever photos' scores may no longer be those of
    the target: with another revision, a new calibration, examples that came, or photos that could not be scored. A
    re-tag reads the target first and makes that one `current` at its end, so what changed in between stays pending.

    The target revision is the same in all spaces. Versions, and what is current, are those of the space that searches
    use, or of the one with *space_id*.
    """

    def __init__(self, connection: Connection, space_id: int | None = None) -> None:
        self._connection = connection
        self._space_id = answering_space() if space_id is None else literal(space_id)

    def of(self, space_id: int) -> Slots:
        """The same slots, as they are in that space."""
        return Slots(self._connection, space_id)

    def get(self, name: str) -> Slot | None:
        """The slot of that name, if there is one."""
        return next(iter(self._read(name)), None)

    def all(self) -> list[Slot]:
        """Every slot, the main one first, then by name; also those whose first re-tag has not ended."""
        return self._read()

    def names(self) -> list[str]:
        """The names of all slots, the main one first, even if it has no vocabulary yet."""
        names = self._connection.execute(select(_slot.c.name).where(_slot.c.name != MAIN_SLOT).order_by(_slot.c.name))
        return [MAIN_SLOT, *names.scalars()]

    def pending(self) -> dict[str, int]:
        """The slots with a pending re-tag: the target revision of each by the slot's name."""
        return {slot.name: slot.target.revision_id for slot in self._read() if slot.is_pending}

    def in_force(self) -> list[SlotSummary]:
        """Every slot with a current revision, the main one first, then by name."""
        size = select(func.count()).where(_member.c.revision_id == _revision.c.id).scalar_subquery()
        rows = self._connection.execute(
            select(_slot.c.name, _vocabulary.c.name, _revision.c.id, _revision.c.number, size)
            .select_from(_slot)
            .join(_state, self._is_mine())
            .join(_revision, _revision.c.id == _state.c.current_revision_id)
            .join(_vocabulary, _vocabulary.c.id == _revision.c.vocabulary_id)
            .order_by(_slot.c.name)
        ).all()
        folders = self._folders() if any(name for name, *_ in rows) else {}
        return [SlotSummary(*row, folders.get(row[0], ())) for row in rows]

    def current_revision_id(self, name: str) -> int | None:
        """The revision that photos are tagged with; None before the slot's first re-tag has ended."""
        found = select(_state.c.current_revision_id).where(_state.c.slot == name, _state.c.space_id == self._space_id)
        return self._connection.execute(found).scalar()

    def target_revision_id(self, name: str) -> int | None:
        """The revision that photos are to be tagged with; None if there is no slot of that name."""
        found = select(_slot.c.target_revision_id).where(_slot.c.name == name)
        return self._connection.execute(found).scalar()

    def set_target(self, name: str, revision_id: int) -> Target:
        """Let photos be tagged with that revision: a re-tag is pending unless it was the target before.

        A slot is made if there is none of that name.
        """
        slot = self.get(name)
        if slot is not None and slot.target.revision_id == revision_id:
            return slot.target
        if slot is None:
            self._connection.execute(insert(_slot).values(name=name, target_revision_id=revision_id))
            return Target(revision_id, _FIRST)
        self._connection.execute(update(_slot).where(_slot.c.name == name).values(target_revision_id=revision_id))
        self.mark_stale_everywhere(name)
        return Target(revision_id, slot.target.version + 1)

    def set_current(self, name: str, target: Target) -> None:
        """Note that all photos are tagged for *target*, a target that the slot has or had.

        A re-tag stays pending if the target has changed since it was read.
        """
        self._ensure_state(_slot.c.name == name)
        values = {"current_revision_id": target.revision_id, "current_version": target.version}
        self._connection.execute(update(_state).where(_state.c.slot == name, self._is_here()).values(values))

    def put_in_force(self, name: str, revision_id: int) -> None:
        """Let that revision be current and target at once, in a library without photos to tag."""
        self.set_current(name, self.set_target(name, revision_id))

    def mark_stale(self, name: str) -> None:
        """Make a re-tag with the same revision pending, even if one is running; nothing if there is no such slot."""
        self._ensure_state(_slot.c.name == name)
        self._connection.execute(_STALE.where(_state.c.slot == name, self._is_here()))

    def mark_all_stale(self) -> None:
        """Make a re-tag pending in every slot."""
        self._ensure_state()
        self._connection.execute(_STALE.where(self._is_here()))

    def mark_stale_everywhere(self, name: str) -> None:
        """Do `mark_stale` in every space."""
        self._ensure_state(_slot.c.name == name)
        # A name that no slot has makes no rows: `slot_state` refers to it.
        is_there = select(_slot.c.name).where(_slot.c.name == name).exists()
        rows = select(literal(name), _space.c.id, literal(0), literal(_FIRST)).where(is_there)
        self._connection.execute(upsert(_state).from_select(_STATE, rows).on_conflict_do_nothing())
        self._connection.execute(_STALE.where(_state.c.slot == name))

    def take_over(self, space_id: int) -> None:
        """Let what is current here, in a library without photos, be current in that space, unless it has its own."""
        columns = [each.name for each in _state.columns]
        rest = [each for each in _state.columns if each is not _state.c.space_id and each is not _state.c.slot]
        rows = select(_state.c.slot, literal(space_id), *rest).where(self._is_here())
        self._connection.execute(upsert(_state).from_select(columns, rows).on_conflict_do_nothing())

    def folders(self, name: str) -> tuple[bytes, ...]:
        """The absolute paths below which its labels are shown; none for everywhere."""
        found = select(_folder.c.path).where(_folder.c.slot == name).order_by(_folder.c.path)
        return tuple(self._connection.execute(found).scalars())

    def limit(self, name: str, folders: Sequence[bytes]) -> None:
        """Show the labels of that slot, which must exist, below these absolute *folders* alone; none for everywhere."""
        self._connection.execute(delete(_folder).where(_folder.c.slot == name))
        rows = [{"slot": name, "path": path} for path in dict.fromkeys(folders)]
        if rows:
            self._connection.execute(insert(_folder), rows)

    def move(self, old: bytes, new: bytes) -> None:
        """Replace the folder *old*, absolute, and all below it by *new* wherever labels are limited to them."""
        start = old.rstrip(b"/")
        for name, folders in self._folders().items():
            # All at once: where a folder moves into itself, one's new place may be another's old one.
            moved = [
                new.rstrip(b"/") + path[len(start) :] if path == old or path.startswith(start + b"/") else path
                for path in folders
            ]
            if moved != list(folders):
                self.limit(name, moved)

    def drop(self, name: str) -> None:
        """Delete the slot. Its scores are deleted by `Scores.drop`."""
        for table in (_folder, _state):
            self._connection.execute(delete(table).where(table.c.slot == name))
        self._connection.execute(delete(_slot).where(_slot.c.name == name))

    def _read(self, name: str | None = None) -> list[Slot]:
        states = _state.c.current_revision_id, _state.c.current_version, _state.c.target_version
        query = select(_slot, *states).select_from(_slot).outerjoin(_state, self._is_mine()).order_by(_slot.c.name)
        rows = self._connection.execute(query if name is None else query.where(_slot.c.name == name)).all()
        folders = self._folders() if any(row.name for row in rows) else {}
        return [
            Slot(
                row.name,
                None if row.current_revision_id is None else Target(row.current_revision_id, row.current_version),
                Target(row.target_revision_id, row.target_version or _FIRST),
                folders.get(row.name, ()),
            )
            for row in rows
        ]

    def _folders(self) -> dict[str, tuple[bytes, ...]]:
        found: defaultdict[str, list[bytes]] = defaultdict(list)
        for name, path in self._connection.execute(select(_folder).order_by(_folder.c.slot, _folder.c.path)):
            found[name].append(path)
        return {name: tuple(paths) for name, paths in found.items()}

    def _is_here(self) -> ColumnElement[bool]:
        """True for states in this space."""
        return _state.c.space_id == self._space_id

    def _is_mine(self) -> ColumnElement[bool]:
        """True for a slot and its state in this space."""
        return and_(_state.c.slot == _slot.c.name, self._is_here())

    def _ensure_state(self, *which: ColumnElement[bool]) -> None:
        """Make the state in this space of the slots that are meant, where there is none."""
        rows = select(_slot.c.name, self._space_id, literal(0), literal(_FIRST)).where(true(), *which)
        self._connection.execute(upsert(_state).from_select(_STATE, rows).on_conflict_do_nothing())


def answering_space() -> ColumnElement[int]:
    """The space that searches use; 0 if the library has none yet."""
    return func.coalesce(select(func.max(schema.library.c.space_id)).scalar_subquery(), literal(0))
