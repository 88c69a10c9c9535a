"""Labels of a vocabulary: their names, their prompt texts, and the labels that they imply."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final

from store import LabelDefinition, VocabularyDefinition

#: A bare word is a poor caption, and SigLIP was trained on captions; the mean over a few forms is steadier than any.
DEFAULT_TEMPLATES: Final = ("{}", "a photo of {}", "this is a photo of {}")
#: Endings of English plurals, longest first, and what stands in their place.
_PLURALS = (
    ("sses", "ss"),
    ("shes", "sh"),
    ("ches", "ch"),
    ("xes", "x"),
    ("ies", "y"),
    ("ss", "ss"),
    ("us", "us"),
    ("s", ""),
)
#: Shorter words that end in s are seldom plurals.
_SHORTEST = 4


def fill_templates(prompts: Sequence[str], templates: Sequence[str] = DEFAULT_TEMPLATES) -> tuple[str, ...]:
    """Return every prompt in every template."""
    return tuple(template.replace("{}", prompt) for prompt in prompts for template in templates)


def normalized_name(name: str, *, folded: bool = False) -> str:
    """Return *name* in the form by which labels are compared: NFKC, case folded, single spaces.

    If *folded*, regular English plurals become singulars.
    """
    composed = name if name.isascii() else unicodedata.normalize("NFKC", name)
    words = composed.casefold().split()
    return " ".join(map(_singular, words) if folded else words)


def _singular(word: str) -> str:
    if len(word) < _SHORTEST or word[-1] != "s":
        return word
    ending, instead = next(((end, new) for end, new in _PLURALS if word.endswith(end)), ("", ""))
    return word[: len(word) - len(ending)] + instead


class LabelFinder:
    """Finds labels by name, alias, or the singular of either."""

    def __init__(self, labels: Iterable[LabelDefinition]) -> None:
        self._labels = list(labels)

    def label(self, name: str) -> str | None:
        """Return the label's own name, or None."""
        return self._exact.get(normalized_name(name)) or self._folded.get(normalized_name(name, folded=True))

    @cached_property
    def _exact(self) -> dict[str, str]:
        return names_and_aliases(self._labels)

    @cached_property
    def _folded(self) -> dict[str, str]:
        return names_and_aliases(self._labels, folded=True)


def find_label(vocabulary: VocabularyDefinition, name: str) -> LabelDefinition | None:
    """Return the label that `LabelFinder` finds for *name*, or None."""
    found = LabelFinder(vocabulary.labels).label(name)
    return next((label for label in vocabulary.labels if label.name == found), None)


def names_and_aliases(labels: Iterable[LabelDefinition], *, folded: bool = False) -> dict[str, str]:
    """Map each normalized name and alias to the label's own name; names win over aliases."""
    held = list(labels)
    aliases = {normalized_name(alias, folded=folded): label.name for label in held for alias in label.aliases}
    return aliases | {normalized_name(label.name, folded=folded): label.name for label in held}


def ancestors(labels: Iterable[LabelDefinition]) -> dict[str, tuple[str, ...]]:
    """Map each label with parents to all labels it implies, nearest first."""
    parents = {label.name: label.parents for label in labels if label.parents}
    return {name: tuple(reachable(name, parents)) for name in parents}


class Ancestors:
    """Implied labels, computed one label at a time. For a few labels of many it is faster than `ancestors`."""

    def __init__(self, labels: Iterable[LabelDefinition]) -> None:
        self._parents = {label.name: label.parents for label in labels if label.parents}

    def of(self, name: str) -> Sequence[str]:
        """Return all labels that *name* implies, nearest first."""
        return reachable(name, self._parents) if name in self._parents else ()

    def below(self, name: str) -> set[str]:
        """Return the labels that imply *name*."""
        children: defaultdict[str, list[str]] = defaultdict(list)
        for child, parents in self._parents.items():
            for parent in parents:
                children[parent].append(child)
        return set(reachable(name, children))


def reachable(name: str, edges: Mapping[str, Sequence[str]]) -> list[str]:
    """Return all names reachable from *name* by *edges*, nearest first, without *name* itself."""
    found: dict[str, None] = {}
    waiting = list(edges.get(name, ()))
    for nearest in waiting:
        if nearest not in found and nearest != name:
            found[nearest] = None
            waiting += edges.get(nearest, ())
    return list(found)
