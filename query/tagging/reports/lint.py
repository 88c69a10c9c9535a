"""Lint of a vocabulary: doubtful labels, judged by their vectors and by the library's photos."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from query.similarity import TextVectors
from query.tagging.learning.label_matrix import matrix_of
from query.vocabulary.labels import ancestors, normalized_name
from store import Catalog, LabelDefinition, Space, VocabularyDefinition

from .tag_counts import as_revision, preview_tags

#: Cosine of two labels' vectors from which they say the same; a phrase and its plural are at about this.
_SAME = 0.97
#: Labels compared at once with all others.
_ROWS = 512
#: Photos that a pair of labels must be on to be reported as always on the same ones.
_ENOUGH = 5


@dataclass(frozen=True, slots=True)
class Doubt:
    """A doubt about a label: its name, and the end of a sentence about it."""

    label: str
    what: str


def lint(
    catalog: Catalog,
    space: Space,
    definition: VocabularyDefinition,
    texts: TextVectors,
    folders: Sequence[bytes] = (),
) -> list[Doubt]:
    """List the doubts about *definition* in this library, or for the photos below *folders*, label by label."""
    related = {name: frozenset(above) for name, above in ancestors(definition.labels).items()}
    found = [*_plurals(definition.labels), *_synonyms(catalog, space, definition, texts, related)]
    counted = preview_tags(catalog, space, definition, texts, folders=folders)
    if counted.of_photos:
        found += _extremes(definition.labels, counted.counts, len(counted.of_photos))
        found += _together(counted.of_photos.values(), counted.counts, related)
    return found


def _plurals(labels: Sequence[LabelDefinition]) -> Iterator[Doubt]:
    first: dict[str, str] = {}
    for label in labels:
        for name in (label.name, *label.aliases):
            other = first.setdefault(normalized_name(name, folded=True), label.name)
            if other != label.name:
                yield Doubt(label.name, f"is, as {name!r}, also a name of {other!r}")


def _synonyms(
    catalog: Catalog,
    space: Space,
    definition: VocabularyDefinition,
    texts: TextVectors,
    related: dict[str, frozenset[str]],
) -> Iterator[Doubt]:
    names = [label.name for label in definition.labels]
    matrix = matrix_of(catalog, space, as_revision(definition), texts).matrix.astype(np.float32)
    for start in range(0, len(matrix), _ROWS):
        cosines = matrix[start : start + _ROWS] @ matrix.T
        for row, column in zip(*np.nonzero(cosines >= _SAME), strict=True):
            one, other = names[start + row], names[column]
            if start + row < column and other not in related.get(one, ()) and one not in related.get(other, ()):
                yield Doubt(one, f"says nearly the same as {other!r} (cosine {cosines[row, column]:z.3f})")


def _extremes(labels: Sequence[LabelDefinition], counts: Counter[str], total: int) -> Iterator[Doubt]:
    for label in labels:
        if counts[label.name] == 0:
            yield Doubt(label.name, "is on no photo")
        elif counts[label.name] == total and total >= _ENOUGH:
            yield Doubt(label.name, "is on every photo")


def _together(
    of_photos: Iterable[frozenset[str]], counts: Counter[str], related: dict[str, frozenset[str]]
) -> Iterator[Doubt]:
    pairs = Counter(pair for tags in of_photos for pair in combinations(sorted(tags), 2))
    for (one, other), count in sorted(pairs.items()):
        are_related = other in related.get(one, ()) or one in related.get(other, ())
        if count >= _ENOUGH and count == counts[one] == counts[other] and not are_related:
            yield Doubt(one, f"is on the same {count} photos as {other!r}")
