"""Several vocabularies in force at once: the main one, and others whose labels begin with a namespace.

Within the catalog a label has the name that its vocabulary gives it. It gets its full name, such as `birds:heron`,
where tags are read, so a vocabulary's scores do not depend on its namespace.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from query.errors import BadNamespace
from query.vocabulary.labels import LabelFinder
from store import Label, Revision, SlotSummary, Space, Transaction

#: Between a namespace and a label.
MARK = ":"
#: Characters.
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class SlotView:
    """A vocabulary in force with its labels under their full names, and its folders: none for all photos."""

    namespace: str
    revision: Revision
    folders: tuple[bytes, ...]


class SlotSpeller:
    """Finds the label of a full name among several vocabularies: see `Speller`."""

    def __init__(self, slot_views: Iterable[SlotView]) -> None:
        self._spellers = {view.namespace: LabelFinder(view.revision.definition.labels) for view in slot_views}

    def label(self, name: str) -> str | None:
        """The label's own full name. The main vocabulary comes first: its names may contain a colon."""
        namespace, _ = split_slot_name(name, self._spellers)
        tried = dict.fromkeys(["", namespace])
        found = (self._spellers[each].label(_joined(name, each)) for each in tried if each in self._spellers)
        return next((label for label in found if label is not None), None)

    def plain(self, name: str) -> str:
        """*name*, which is no known label, with a namespace at its beginning as it is stored."""
        return full_name(*split_slot_name(name, self._spellers))


def slot_views(t: Transaction, space: Space | None = None) -> list[SlotView]:
    """The vocabularies in force: the main one first, the others by namespace.

    Labels with the full name of one of the main vocabulary's are left out. With *space*, labels have the ids
    that photos were scored with there, even where examples have come since.
    """
    made: list[SlotView] = []
    taken: set[str] = set()
    in_force = t.slots.in_force()
    for each in in_force:
        revision = t.vocabularies.revision(each.revision_id)
        if space is not None:
            revision = as_scored(t, space, revision, each.namespace)
        revision = qualified(revision, each.namespace, taken)
        if len(in_force) > 1:
            taken |= {label.definition.name for label in revision.labels}
        made.append(SlotView(each.namespace, revision, each.folders))
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

    *label_ids* are by namespace. Only these labels are read, not thousands.
    """
    made: list[SlotView] = []
    main: SlotSummary | None = None
    for each in in_force:
        mine = [label for name in names for namespace, label in [split_slot_name(name, [each.namespace])] if namespace]
        part = t.vocabularies.scored_part(
            each.revision_id, label_ids[each.namespace], mine if each.namespace else names
        )
        if not each.namespace:
            main = each
        elif main is not None:
            of_main = t.vocabularies.part(main.revision_id, (), _names(qualified(part, each.namespace)))
            part = qualified(part, each.namespace, {label.definition.name for label in of_main.labels})
        else:
            part = qualified(part, each.namespace)
        made.append(SlotView(each.namespace, part, each.folders))
    return made


def _names(revision: Revision) -> set[str]:
    """All names that its labels and groups mention."""
    of_labels = (
        name
        for label in revision.labels
        for name in (label.definition.name, *label.definition.aliases, *label.definition.parents)
    )
    return {*of_labels, *(name for group in revision.exclusive for name in group)}


def full_name(namespace: str, label: str) -> str:
    """*label* with its namespace, as it is shown; a label of the main vocabulary is unchanged."""
    return f"{namespace}{MARK}{label}" if namespace else label


def split_slot_name(name: str, namespaces: Iterable[str]) -> tuple[str, str]:
    """Split *name* into one of *namespaces*, in any case, and the rest; "" and *name* if it begins with none."""
    before, _, label = name.partition(MARK)
    wanted = before.strip().lower()
    return (wanted, label.strip()) if label.strip() and wanted and wanted in namespaces else ("", name)


def qualified(revision: Revision, namespace: str, taken: AbstractSet[str] = frozenset()) -> Revision:
    """*revision* with full names: of labels, aliases, parents and groups. Labels that are *taken* are left out."""
    if not namespace:
        return revision

    def full(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(name for each in names if (name := full_name(namespace, each)) not in taken)

    labels = [
        Label(
            label.id,
            replace(
                label.definition,
                name=full_name(namespace, label.definition.name),
                aliases=full(label.definition.aliases),
                parents=full(label.definition.parents),
            ),
        )
        for label in revision.labels
    ]
    kept = tuple(label for label in labels if label.definition.name not in taken)
    return replace(revision, labels=kept, exclusive=tuple(full(group) for group in revision.exclusive))


def checked_namespace(name: str) -> str:
    """*name* as a namespace is stored: in lower case. Raises `BadNamespace`."""
    plain = name.removesuffix(MARK).lower()
    if not 0 < len(plain) <= _LONGEST or not all(mark.isalnum() or mark in "-_" for mark in plain):
        raise BadNamespace(name)
    return plain


def _joined(name: str, namespace: str) -> str:
    return full_name(namespace, split_slot_name(name, [namespace])[1]) if namespace else name
