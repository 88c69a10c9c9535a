"""Why a photo has the place that it has among the answers to a query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from query.language import Query, Term, Text
from query.tagging import ScoredTag
from query.tagging.effective.effective_tags import rule_in_force, tags_of
from query.tagging.effective.namespaces import SlotView, slot_views
from query.tagging.learning.calibration import spreads_in_force
from query.vocabulary import find
from query.vocabulary.trial import cosines_of
from store import Catalog, Label, Photo, Revision, Space, Transaction

from .noise import Noise, noise_of
from .query_vector import PictureVectors, combined
from .scores import probability
from .text_vectors import TextVectors


@dataclass(frozen=True, slots=True)
class Part:
    """What one term does: its cosine with the photo, and the part of the whole query's cosine that comes from it."""

    term: Term
    cosine: float
    share: float


@dataclass(frozen=True, slots=True)
class LabelStanding:
    """A label of the vocabulary in force that a term names, on the photo.

    `calibrated` are the spreads that its cosine lies above what is usual in the library, None where it is not
    calibrated; `minimum` is the cosine from which it counts. `prompts` are its texts and their cosines, best first.
    """

    label: str
    cosine: float
    probability: float
    calibrated: float | None
    minimum: float
    is_tag: bool
    prompts: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A query's cosine with a photo, and how it stands in the library.

    The photo is number `rank` of `total`, from 1 on; `parts` add up to the cosine. `better` and `worse` are the photos
    next to it, nearest first, with their cosines; `tags` all that the photo shows.
    """

    photo: Photo
    cosine: float
    rank: int
    total: int
    noise: Noise
    parts: tuple[Part, ...]
    labels: tuple[LabelStanding, ...]
    tags: tuple[ScoredTag, ...]
    better: tuple[tuple[Photo, float], ...]
    worse: tuple[tuple[Photo, float], ...]

    @property
    def percentile(self) -> float:
        """The share of the library's other photos, in per cent, that come after it."""
        return 100.0 * (self.total - self.rank) / max(1, self.total - 1)


def explain(
    catalog: Catalog,
    space: Space,
    query: Query,
    texts: TextVectors,
    pictures: PictureVectors,
    photo: Photo,
    beside: int = 3,
) -> Explanation | None:
    """Why *photo* has its place for the terms of *query*, which are not none; None if it has no embedding.

    *beside* photos are given on either side. Filters are not looked at.
    """
    vector = combined(query.terms, texts, pictures)
    ids, cosines = cosines_of(catalog, space, vector)
    order = np.lexsort((ids, -cosines))
    places = np.flatnonzero(ids[order] == photo.id)
    if not len(places):
        return None
    place = int(places[0])
    around = order[max(0, place - beside) : place + beside + 1]
    with catalog.read() as t:
        own = t.embeddings.get(space.id, [photo.id]).matrix[0]
        photos = {each.id: each for each in t.photos.get(ids[around].tolist())}
        tags = tuple(tags_of(t, space, [photo.id])[photo.id])
    labels = _standings(catalog, space, query.terms, texts, own, tags, photo.id)

    def named(some: NDArray[np.int64]) -> tuple[tuple[Photo, float], ...]:
        return tuple((photos[int(ids[at])], float(cosines[at])) for at in some if int(ids[at]) in photos)

    return Explanation(
        photo,
        float(cosines[order[place]]),
        place + 1,
        len(ids),
        noise_of(catalog, space, vector),
        _parts(query.terms, texts, pictures, own),
        labels,
        tags,
        named(order[max(0, place - beside) : place][::-1]),
        named(order[place + 1 : place + 1 + beside]),
    )


def _parts(
    terms: Sequence[Term], texts: TextVectors, pictures: PictureVectors, own: NDArray[np.float32]
) -> tuple[Part, ...]:
    vectors = np.stack(
        [texts.vector(term.text) if isinstance(term, Text) else pictures.vector(term.path) for term in terms]
    ).astype(np.float64)
    weights = np.array([term.weight for term in terms])
    length = float(np.linalg.norm(weights @ vectors))
    cosines = vectors @ own.astype(np.float64)
    shares = weights * cosines / length
    return tuple(
        Part(term, float(cosine), float(share)) for term, cosine, share in zip(terms, cosines, shares, strict=True)
    )


def _standings(
    catalog: Catalog,
    space: Space,
    terms: Sequence[Term],
    texts: TextVectors,
    own: NDArray[np.float32],
    tags: Sequence[ScoredTag],
    photo_id: int,
) -> tuple[LabelStanding, ...]:
    with catalog.read() as t:
        named = [(view.revision, label) for view in slot_views(t, space) for label in _named(t, view, terms, photo_id)]
        standings = [_standing(t, space, revision, label, own, tags) for revision, label in named]
    # Texts may have to be encoded and are then kept, so not within the transaction that reads.
    prompts = [_prompts(label, texts, own) for _, label in named]
    return tuple(
        LabelStanding(*standing, prompts=best)
        for standing, best in zip(standings, prompts, strict=True)
        if standing is not None
    )


def _named(t: Transaction, view: SlotView, terms: Sequence[Term], photo_id: int) -> list[Label]:
    """The labels of *view* that texts of *terms* name, by name or alias, with its namespace before it or not."""
    if view.folders and not t.scopes.among(view.folders, [photo_id]):
        return []
    named = [term.text for term in terms if isinstance(term, Text)]
    plain = [t.vocabularies.revision(view.revision.id)] if view.namespace else []
    found = {
        label.id
        for revision in (view.revision, *plain)
        for definition in (find(revision.definition, text) for text in named)
        for label in revision.labels
        if definition is not None and label.definition.name == definition.name
    }
    return [label for label in view.revision.labels if label.id in found]


def _standing(
    t: Transaction,
    space: Space,
    revision: Revision,
    label: Label,
    own: NDArray[np.float32],
    tags: Sequence[ScoredTag],
) -> tuple[str, float, float, float | None, float, bool] | None:
    vectors = t.labels.vectors(space.id, [label.id])
    if not len(vectors):
        return None
    cosine = float(vectors.matrix[0].astype(np.float64) @ own.astype(np.float64))
    spread = spreads_in_force(t, space, [label.id]).get(label.id)
    rule = rule_in_force(t, space, revision)
    name = label.definition.name
    return (
        name,
        cosine,
        probability(cosine, space.identity),
        None if spread is None else (cosine - spread.median) / spread.spread,
        rule.minimums.get(label.id, rule.minimum),
        any(tag.label == name for tag in tags),
    )


def _prompts(label: Label, texts: TextVectors, own: NDArray[np.float32]) -> tuple[tuple[str, float], ...]:
    cosines = texts.matrix(label.definition.texts).astype(np.float64) @ own.astype(np.float64)
    pairs = zip(label.definition.texts, cosines.tolist(), strict=True)
    return tuple(sorted(pairs, key=lambda pair: -pair[1]))
