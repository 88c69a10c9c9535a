"""Explanation of a photo's rank for a query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from query.language import Query, Term, Text
from query.similarity.scores import library_cosines, probability
from query.similarity.text_vectors import TextVectors
from query.tagging import ScoredTag
from query.tagging.effective.effective_tags import rule_in_force, spreads_in_force, tags_of
from query.tagging.effective.slots import SlotView, slot_views
from query.vocabulary.labels import find_label
from store import Catalog, Label, Photo, Revision, Space, Transaction

from .chance_limit import ScoreDistribution, score_distribution
from .search import PictureVectors, query_vector


@dataclass(frozen=True, slots=True)
class TermScore:
    """A term's cosine with the photo, and its contribution to the cosine of the whole query."""

    term: Term
    cosine: float
    contribution: float


@dataclass(frozen=True, slots=True)
class LabelScore:
    """Score on the photo of a label that a term names, of a vocabulary in force.

    `calibrated` is the number of spreads by which its cosine exceeds the library's median, None if not calibrated;
    `minimum` is the cosine from which it is a tag. `prompts` are its texts with their cosines, best first.
    """

    label: str
    cosine: float
    probability: float | None
    calibrated: float | None
    minimum: float
    is_tag: bool
    prompts: tuple[tuple[str, float], ...]


#: A `LabelScore` but for its prompts.
_Score: TypeAlias = tuple[str, float, float | None, float | None, float, bool]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A query's cosine with a photo, and its rank in the library.

    The photo is number `rank` of `total`, from 1 on; contributions of `parts` add up to the cosine. `better` and
    `worse` are its neighbours in the ranking, nearest first, with their cosines; `tags` are the photo's tags.
    """

    photo: Photo
    cosine: float
    rank: int
    total: int
    distribution: ScoreDistribution
    parts: tuple[TermScore, ...]
    labels: tuple[LabelScore, ...]
    tags: tuple[ScoredTag, ...]
    better: tuple[tuple[Photo, float], ...]
    worse: tuple[tuple[Photo, float], ...]

    @property
    def percentile(self) -> float:
        """Percentage of the library's other photos that rank lower."""
        return 100.0 * (self.total - self.rank) / max(1, self.total - 1)


def explain(
    catalog: Catalog,
    space: Space,
    query: Query,
    texts: TextVectors,
    pictures: PictureVectors,
    photo: Photo,
    neighbours: int = 3,
) -> Explanation | None:
    """Explain the rank of *photo* for the terms of *query*, at least one; None if the photo has no embedding.

    `better` and `worse` have *neighbours* photos each. Filters are ignored.
    """
    vector = query_vector(query.terms, texts, pictures)
    with catalog.read() as t:
        ids, cosines = library_cosines(t, space, vector)
        order = np.lexsort((ids, -cosines))
        places = np.flatnonzero(ids[order] == photo.id)
        if not len(places):
            return None
        place = int(places[0])
        around = order[max(0, place - neighbours) : place + neighbours + 1]
        own = t.embeddings.get(space.id, [photo.id]).matrix[0]
        photos = {each.id: each for each in t.photos.get(ids[around].tolist())}
        tags = tuple(tags_of(t, space, [photo.id])[photo.id])
        labels = _label_scores(t, space, query.terms, own, tags, photo.id)
        distribution = score_distribution(t, space, vector)
        texts.recall(t, [text for label, _ in labels for text in label.definition.texts])

    def named(some: NDArray[np.int64]) -> tuple[tuple[Photo, float], ...]:
        return tuple((photos[int(ids[at])], float(cosines[at])) for at in some if int(ids[at]) in photos)

    return Explanation(
        photo,
        float(cosines[order[place]]),
        place + 1,
        len(ids),
        distribution,
        _parts(query.terms, texts, pictures, own),
        tuple(LabelScore(*score, prompts=_prompts(label, texts, own)) for label, score in labels),
        tags,
        named(order[max(0, place - neighbours) : place][::-1]),
        named(order[place + 1 : place + 1 + neighbours]),
    )


def _parts(
    terms: Sequence[Term], texts: TextVectors, pictures: PictureVectors, own: NDArray[np.float32]
) -> tuple[TermScore, ...]:
    vectors = np.stack(
        [texts.vector(term.text) if isinstance(term, Text) else pictures.vector(term.path) for term in terms]
    ).astype(np.float64)
    weights = np.array([term.weight for term in terms])
    length = float(np.linalg.norm(weights @ vectors))
    cosines = vectors @ own.astype(np.float64)
    shares = weights * cosines / length
    return tuple(
        TermScore(term, float(cosine), float(share)) for term, cosine, share in zip(terms, cosines, shares, strict=True)
    )


def _label_scores(
    t: Transaction,
    space: Space,
    terms: Sequence[Term],
    own: NDArray[np.float32],
    tags: Sequence[ScoredTag],
    photo_id: int,
) -> list[tuple[Label, _Score]]:
    """Return the scores of the labels that *terms* name, without their prompts, which may have to be encoded."""
    named = [(view.revision, label) for view in slot_views(t, space) for label in _named(t, view, terms, photo_id)]
    scores = [(label, _label_score(t, space, revision, label, own, tags)) for revision, label in named]
    return [(label, score) for label, score in scores if score is not None]


def _named(t: Transaction, view: SlotView, terms: Sequence[Term], photo_id: int) -> list[Label]:
    """Return the labels of *view* that texts of *terms* name, by name or alias, with or without slot."""
    if view.folders and not t.scopes.among(view.folders, [photo_id]):
        return []
    named = [term.text for term in terms if isinstance(term, Text)]
    plain = [t.vocabularies.revision(view.revision.id)] if view.name else []
    found = {
        label.id
        for revision in (view.revision, *plain)
        for definition in (find_label(revision.definition, text) for text in named)
        for label in revision.labels
        if definition is not None and label.definition.name == definition.name
    }
    return [label for label in view.revision.labels if label.id in found]


def _label_score(
    t: Transaction,
    space: Space,
    revision: Revision,
    label: Label,
    own: NDArray[np.float32],
    tags: Sequence[ScoredTag],
) -> _Score | None:
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
        rule.minimum_for(label.id),
        any(tag.label == name for tag in tags),
    )


def _prompts(label: Label, texts: TextVectors, own: NDArray[np.float32]) -> tuple[tuple[str, float], ...]:
    cosines = texts.matrix(label.definition.texts).astype(np.float64) @ own.astype(np.float64)
    pairs = zip(label.definition.texts, cosines.tolist(), strict=True)
    return tuple(sorted(pairs, key=lambda pair: -pair[1]))
