"""How a photo's labels stand one above the other, as other programs are told of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from query import SlotView, full_name, split_slot_name


@dataclass(frozen=True, slots=True)
class Keywords:
    """A photo's keywords by keys that part those of several vocabularies: what stands above each, and its word."""

    above: Mapping[str, Sequence[str]]
    words: Mapping[str, str]


class Levels:
    """Knows the vocabularies in force.

    A label's parents stand above it. Above the highest labels of a namespace stands the namespace, and they are written
    by their own names: `birds:heron` is `heron`, below `birds`.
    """

    def __init__(self, views: Iterable[SlotView]) -> None:
        self._namespace_of: dict[str, str] = {}
        self._parents: dict[str, tuple[str, ...]] = {}
        self._namespaces = []
        for view in views:
            self._namespaces.append(view.namespace)
            for label in view.revision.labels:
                self._namespace_of[label.definition.name] = view.namespace
                self._parents[label.definition.name] = label.definition.parents

    def of(self, labels: Sequence[str]) -> Keywords:
        """The keywords for the *labels* that a photo shows. What it does not show stands above nothing."""
        above: dict[str, Sequence[str]] = {}
        words: dict[str, str] = {}
        for label in labels:
            namespace, word = self._parted(label)
            parents = [parent for parent in self._parents.get(label, ()) if parent in labels]
            words[label] = label
            if namespace:
                # A key that no label has: their names hold no control characters.
                top = f"\0{namespace}"
                words[label], words[top] = word, namespace
                parents = parents or [top]
            above[label] = parents
        return Keywords({**above, **{key: () for key in words if key not in above}}, words)

    def _parted(self, label: str) -> tuple[str, str]:
        """The namespace that *label* is of, and its own name; a person's own label is of that which it begins with."""
        known = self._namespace_of.get(label)
        return (
            split_slot_name(label, self._namespaces)
            if known is None
            else (known, label.removeprefix(full_name(known, "")))
        )
