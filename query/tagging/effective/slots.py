"""Several vocabularies in force at once: the main one, and others whose labels begin with the name of their slot.

Within the catalog a label has the name that its vocabulary gives it. It gets its full name, such as `birds:heron`,
where tags are read, so a vocabulary's scores do not depend on its slot.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from query.errors import BadSlotName
from query.vocabulary.labels import LabelFinder
from store import Label, Revision, SlotSummary, Space, Transaction

#: Between a slot and a label.
MARK = ":"
#: Characters.
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class SlotView:
    """A vocabulary in force with its labels under their full names, and its folders: none for all photos."""

    name: str
    revision: Revision
    folders: tuple[bytes, ...]


class SlotSpeller:
    """Finds the label of a full name among several vocabularies: see `Speller`."""

    def __init__(self, slot_views: Iterable[SlotView]) -> None:
        self._spellers = {view.name: LabelFinder(view.revision.definition.labels) for view in slot_views}

    def label(self, name: str) -> str | None:
        """The label's own full name. The main vocabulary comes first: its names may contain a colon."""
        slot, _ = split_slot_name(name, self._spellers)
        tried = dict.fromkeys(["", slot])
        found = (self._spellers[each].label(_joined(name, each)) for each in tried if each in self._spellers)
        return next((label for label in found if label is not None), None)

    def plain(self, name: str) -> str:
        """*name*, which is no known label, with the slot at its beginning spelt as it is stored."""
        return full_name(*split_slot_name(name, self._spellers))


def slot_views(t: Transaction, space: Space | None = None) -> list[SlotView]:
    """The vocabularies in force: the main one first, the others by name.

    Labels with the full name of one of the main vocabulary's are left out. With *space*, labels have the ids
    that photos were scored with there, even where examples have come since.
    """
    made: list[SlotView] = []
    taken: set[str] = set()
    in_force = t.slots.in_force()
    for each in in_force:
        revision = t.vocabularies.revision(each.revision_id)
        if space is not None:
            revision = as_scored(t, space, revision, each.name)
        revision = qualified(revision, each.name, taken)
        if len(in_force) > 1:
            taken |= {label.definition.name for label in revision.labels}
        made.append(SlotView(each.name, revision, each.folders))
    return made


def as_scored(t: Transaction, space: Space, revision: Revision, slot: str) -> Revision:
    """*revision* with the ids that photos were scored with in the slot."""
    if not any(label.definition.is_taught for label in revision.labels):
        return revision
    scoring = t.scores.current(space.id, slot)
    return revision if scoring is None else t.vocabularies.as_scored(revision, scoring.label_ids.tolist())


def parts(
    t: Transaction, in_force: Iterable[SlotSummary], label_ids: Mapping[str, Collection[int]], names: Collection[str]
) -> list[SlotView]:
    """The views of `slot_views` with only the labels of these ids and full *names* and those that they imply.

    *label_ids* are by name of the slot. Only these labels are read, not thousands.
    """
    made: list[SlotView] = []
    main: SlotSummary | None = None
    for each in in_force:
        mine = [label for name in names for slot, label in [split_slot_name(name, [each.name])] if slot]
        part = t.vocabularies.scored_part(each.revision_id, label_ids[each.name], mine if each.name else names)
        if not each.name:
            main = each
        elif main is not None:
            of_main = t.vocabularies.part(main.revision_id, (), _names(qualified(part, each.name)))
            part = qualified(part, each.name, {label.definition.name for label in of_main.labels})
        else:
            part = qualified(part, each.name)
        made.append(SlotView(each.name, part, each.folders))
    return made


def _names(revision: Revision) -> set[str]:
    """All names that its labels and groups mention."""
    of_labels = (
        name
        for label in revision.labels
        for name in (label.definition.name, *label.definition.aliases, *label.definition.parents)
    )
    return {*of_labels, *(name for group in revision.exclusive for name in group)}


def full_name(slot: str, label: str) -> str:
    """*label* with its slot, as it is shown; a label of the main vocabulary is unchanged."""
    return f"{slot}{MARK}{label}" if slot else label


def split_slot_name(name: str, slots: Iterable[str]) -> tuple[str, str]:
    """Split *name* into one of *slots*, in any case, and the rest; "" and *name* if it begins with none."""
    before, _, label = name.partition(MARK)
    wanted = before.strip().lower()
    return (wanted, label.strip()) if label.strip() and wanted and wanted in slots else ("", name)


def qualified(revision: Revision, slot: str, taken: AbstractSet[str] = frozenset()) -> Revision:
    """*revision* with full names: of labels, aliases, parents and groups. Labels that are *taken* are left out."""
    if not slot:
        return revision

    def full(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(name for each in names if (name := full_name(slot, each)) not in taken)

    labels = [
        Label(
            label.id,
            replace(
                label.definition,
                name=full_name(slot, label.definition.name),
                aliases=full(label.definition.aliases),
                parents=full(label.definition.parents),
            ),
        )
        for label in revision.labels
    ]
    kept = tuple(label for label in labels if label.definition.name not in taken)
    return replace(revision, labels=kept, exclusive=tuple(full(group) for group in revision.exclusive))


def checked_slot_name(name: str) -> str:
    """*name* as the name of a slot is stored: in lower case. Raises `BadSlotName`."""
    plain = name.removesuffix(MARK).lower()
    if not 0 < len(plain) <= _LONGEST or not all(mark.isalnum() or mark in "-_" for mark in plain):
        raise BadSlotName(name)
    return plain


def _joined(name: str, slot: str) -> str:
    return full_name(slot, split_slot_name(name, [slot])[1]) if slot else name
