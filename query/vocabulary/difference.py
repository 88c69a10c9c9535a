"""Differences between two vocabularies, label by label."""

from __future__ import annotations

from dataclasses import dataclass

from store import LabelDefinition, VocabularyDefinition


@dataclass(frozen=True, slots=True)
class VocabularyDifference:
    """Names of labels added, removed, and changed (with the fields that changed)."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[tuple[str, tuple[str, ...]], ...]
    #: Fields of the vocabulary as a whole that changed.
    whole: tuple[str, ...]

    def __bool__(self) -> bool:
        """True if there is any difference."""
        return bool(self.added or self.removed or self.changed or self.whole)


def difference(before: VocabularyDefinition, after: VocabularyDefinition) -> VocabularyDifference:
    """Compare *before* with *after*. The order of labels does not count."""
    old, new = ({label.name: label for label in each.labels} for each in (before, after))
    changed = ((name, _changes(old[name], new[name])) for name in old if name in new)
    whole = [name for name in ("threshold", "exclusive") if getattr(before, name) != getattr(after, name)]
    return VocabularyDifference(
        tuple(name for name in new if name not in old),
        tuple(name for name in old if name not in new),
        tuple((name, what) for name, what in changed if what),
        tuple(whole),
    )


def _changes(old: LabelDefinition, new: LabelDefinition) -> tuple[str, ...]:
    fields = ("texts", "threshold", "parents", "aliases", "category")
    changed = [name for name in fields if getattr(old, name) != getattr(new, name)]
    examples = ("examples", "counterexamples")
    return *changed, *(name for name in examples if set(getattr(old, name)) != set(getattr(new, name)))
