"""Labels in force: those that photos are tagged with, the scores from which they count, and how often they do."""

from __future__ import annotations

from dataclasses import dataclass

from photos.library import OpenLibrary
from query.similarity import probability
from query.tagging import rule_in_force, slot_views

from .tags import tag_counts


@dataclass(frozen=True, slots=True)
class LabelInForce:
    """A label by its full name, and the vocabulary and revision that it is of.

    It counts from the cosine `minimum` on, for which the model gives `probability`. `threshold` is the probability that
    the vocabulary gives the label itself. `photos` is the number of photos with the tag, None if it was not counted.
    """

    name: str
    vocabulary: str
    revision: int
    category: str | None
    aliases: tuple[str, ...]
    minimum: float
    probability: float | None
    threshold: float | None
    examples: int
    counterexamples: int
    photos: int | None = None


def labels_in_force(library: OpenLibrary, *, counted: bool = False) -> list[LabelInForce]:
    """Return the labels of the vocabularies in force, in their order, *counted* or not. Raises `EmptyLibrary`."""
    space = library.space
    counts = {each.label: each.photos for each in tag_counts(library)} if counted else None
    found: list[LabelInForce] = []
    with library.catalog.read() as t:
        for view in slot_views(t, space):
            rule = rule_in_force(t, space, view.revision)
            for label in view.revision.labels:
                definition = label.definition
                minimum = rule.minimum_for(label.id)
                found.append(
                    LabelInForce(
                        definition.name,
                        view.revision.vocabulary,
                        view.revision.number,
                        definition.category,
                        definition.aliases,
                        minimum,
                        probability(minimum, space.identity),
                        definition.threshold,
                        len(definition.examples),
                        len(definition.counterexamples),
                        None if counts is None else counts.get(definition.name, 0),
                    )
                )
    return found
