"""Labels that imply others, and labels that rule each other out: whether what a file says of them makes sense."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from query.errors import Problem
from store import LabelDefinition, VocabularyDefinition

from .names import normalised
from .prompts import filled
from .text_format import Lines


def resolve(found: Lines) -> None:
    """Give parents that have no line one, and every mention of a label its own spelling. Problems are noted."""
    _add_implied(found)
    names = _names(label for _, label in found.labels)
    for at, (number, label) in enumerate(found.labels):
        parents = _spelt(found, number, label.parents, names)
        found.labels[at] = (number, replace(label, parents=parents))
    found.exclusive = [(number, _spelt(found, number, group, names)) for number, group in found.exclusive]
    found.problems += _circles(found.labels)


def ancestors(labels: Iterable[LabelDefinition]) -> dict[str, tuple[str, ...]]:
    """For each label that has parents, all that it implies, nearest first."""
    parents = {label.name: label.parents for label in labels if label.parents}
    return {name: tuple(_above(name, parents)) for name in parents}


class Ancestors:
    """What labels imply, for a few of many."""

    def __init__(self, labels: Iterable[LabelDefinition]) -> None:
        self._parents = {label.name: label.parents for label in labels if label.parents}

    def of(self, name: str) -> Sequence[str]:
        """All that the label implies, nearest first."""
        return _above(name, self._parents) if name in self._parents else ()

    def below(self, name: str) -> set[str]:
        """The labels that imply it."""
        children: defaultdict[str, list[str]] = defaultdict(list)
        for child, parents in self._parents.items():
            for parent in parents:
                children[parent].append(child)
        return set(_above(name, children))


def _above(name: str, parents: Mapping[str, Sequence[str]]) -> list[str]:
    above: list[str] = []
    waiting = list(parents.get(name, ()))
    while waiting:
        nearest = waiting.pop(0)
        if nearest not in above and nearest != name:
            above.append(nearest)
            waiting += parents.get(nearest, ())
    return above


class Speller:
    """Finds the label that a name means: by its name, an alias, or the singular of either."""

    def __init__(self, labels: Iterable[LabelDefinition]) -> None:
        self._labels = list(labels)

    def label(self, name: str) -> str | None:
        """The label's own name."""
        return self._exact.get(normalised(name)) or self._folded.get(normalised(name, folded=True))

    @cached_property
    def _exact(self) -> dict[str, str]:
        return _names(self._labels)

    @cached_property
    def _folded(self) -> dict[str, str]:
        return _names(self._labels, folded=True)


def find(vocabulary: VocabularyDefinition, name: str) -> LabelDefinition | None:
    """The label that *name* means, see `Speller`."""
    spelling = Speller(vocabulary.labels).label(name)
    return next((label for label in vocabulary.labels if label.name == spelling), None)


def _names(labels: Iterable[LabelDefinition], *, folded: bool = False) -> dict[str, str]:
    """From every way to write a label to its name; names go before aliases."""
    held = list(labels)
    aliases = {normalised(alias, folded=folded): label.name for label in held for alias in label.aliases}
    return aliases | {normalised(label.name, folded=folded): label.name for label in held}


def _add_implied(found: Lines) -> None:
    there = set(_names(label for _, label in found.labels))
    for number, name, category, parents in found.implied:
        if name and normalised(name) not in there:
            there.add(normalised(name))
            texts = filled([name], found.templates)
            found.labels.append((number, LabelDefinition(name, texts, category, parents=parents)))


def _spelt(found: Lines, number: int, mentioned: Sequence[str], names: Mapping[str, str]) -> tuple[str, ...]:
    spelt: list[str] = []
    for name in mentioned:
        spelling = names.get(normalised(name))
        if spelling is None:
            found.problems.append(Problem(number, f"there is no label {name[:40]!r}"))
        elif spelling not in spelt:
            spelt.append(spelling)
    return tuple(spelt)


def _circles(labels: Sequence[tuple[int, LabelDefinition]]) -> list[Problem]:
    parents = {label.name: label.parents for _, label in labels}
    problems = []
    for number, label in labels:
        if any(label.name in (above, *_above(above, parents)) for above in label.parents):
            problems.append(Problem(number, f"the label {label.name[:40]!r} is among its own parents"))
    return problems
