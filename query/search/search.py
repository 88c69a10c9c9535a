"""Search: the photos that match a query, or those nearest to a vector."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from query.errors import BadQuery
from query.filters import matching_photos
from query.language import Query, Term, Text, format_query
from query.similarity.grouping import group_photos
from query.similarity.scores import logit, probability
from query.similarity.text_vectors import TextVectors
from query.tagging import ScoredTag, tags_of
from query.tagging.effective.effective_tags import SURE
from store import Catalog, Photo, Space, VectorIndex

from .chance_limit import score_distribution

#: Length below which a weighted sum counts as zero: rounding leaves so much of vectors that cancel each other.
_SHORTEST = 1e-4
#: Searches of the index when photos are deleted between index and catalog.
_ATTEMPTS = 3
#: Photos read for each wanted group at first.
_PHOTOS_PER_GROUP = 3
#: Photos that are compared with each other for groups. The memory grows with the square.
_COMPARED = 4096


class PictureVectors(Protocol):
    """Vectors of picture files."""

    def vector(self, path: str) -> NDArray[np.float32]:
        """Return the unit vector, float32 (d,), of the picture at *path*, as typed in the query."""
        ...


class Sort(StrEnum):
    """Order of results."""

    RELEVANCE = "relevance"
    #: Newest first.
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Match:
    """A photo that matches. `cosine`, `logit` and `probability` are the model's own, not rescaled.

    `logit` and `probability` are None unless the query is one text: the model defines them for a picture and a text.
    All three are None if the query has only filters.
    """

    photo_id: int
    cosine: float | None
    logit: float | None
    probability: float | None
    photo: Photo
    tags: tuple[ScoredTag, ...]


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Photos that match a query.

    If the filters leave no photo, `reason` says why, as a sentence without its full stop. For a text, `best` is the
    best cosine and `threshold` the cosine from which a photo is more than chance (see `chance_limit`); otherwise both
    are None. `more` maps the leader of a group to its other members.
    """

    matches: list[Match]
    reason: str | None = None
    best: float | None = None
    threshold: float | None = None
    more: Mapping[int, Sequence[Match]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the result: *count* photos after the best *offset*.

    `min_score`, a cosine, drops photos below it, and `above_chance` those that are no more than chance. `group` counts
    near-duplicates and bursts as one. Sorted by date, the result has the same photos in another order. `exact` compares
    every photo; otherwise one photo in a thousand may be missing from the result of a large library.
    """

    count: int
    offset: int = 0
    sort: Sort = Sort.RELEVANCE
    min_score: float | None = None
    above_chance: bool = False
    group: bool = False
    exact: bool = False


class Searcher:
    """Searches one library. Relative paths in queries are relative to *directory*, which is absolute."""

    def __init__(
        self,
        catalog: Catalog,
        index: VectorIndex,
        space: Space,
        texts: TextVectors,
        pictures: PictureVectors,
        directory: str,
    ) -> None:
        self._catalog = catalog
        self._index = index
        self._space = space
        self._texts = texts
        self._pictures = pictures
        self._directory = directory

    def search(self, query: Query, page: Page) -> QueryResult:
        """Return the photos that match *query*: best first, or newest first if it has no terms.

        Raises `BadQuery` for an unknown tag, and for terms that cancel each other.
        """
        among: NDArray[np.int64] | None = None
        if query.filters or not query.terms:
            with self._catalog.read() as t:
                matching = matching_photos(t, self._space, query.filters, self._directory)
            if not len(matching.photo_ids):
                return QueryResult([], matching.reason)
            among = matching.photo_ids
        if not query.terms:
            assert among is not None
            listed = among
            if page.group:
                return self._page(lambda count: self._newest(listed, count), page)
            return QueryResult(self._newest(listed, page.count, page.offset))
        return self._ranked(query, page, among)

    def _ranked(self, query: Query, page: Page, among: NDArray[np.int64] | None) -> QueryResult:
        vector = query_vector(query.terms, self._texts, self._pictures)
        of_text = query.only_text is not None
        threshold: float | None = None
        if page.above_chance:
            threshold = self._threshold(vector, among, of_text=of_text)
            page = replace(page, min_score=max(threshold, -1.0 if page.min_score is None else page.min_score))
        best: float | None = None

        def nearest(count: int) -> list[tuple[int, float]]:
            nonlocal best
            found = _nearest(self._index, vector, count, among, exact=page.exact)
            best = found[0][1] if found else None
            return _above_min_score(found, page)

        result = self._page(
            lambda count: _matches(self._catalog, self._space, lambda: nearest(count), of_text=of_text), page
        )
        # A probability of SURE needs no threshold, so the library is not sampled.
        is_sure = best is not None and of_text and probability(best, self._space.identity) >= SURE
        if threshold is None and of_text and not is_sure:
            threshold = self._threshold(vector, among, of_text=True)
        return replace(result, best=best, threshold=threshold)

    def _page(self, nearest: Callable[[int], list[Match]], page: Page) -> QueryResult:
        """Return the part *page* of the matches that *nearest* returns for a count, best first."""
        wanted = page.offset + page.count
        groups = (
            grouped(self._catalog, self._space, nearest, wanted)
            if page.group
            else [[match] for match in nearest(wanted)]
        )[page.offset : wanted]
        matches = [group[0] for group in groups]
        more = {group[0].photo_id: group[1:] for group in groups if len(group) > 1}
        is_listing = any(match.cosine is None for match in matches)
        return QueryResult(_by_date(matches) if page.sort is Sort.DATE and not is_listing else matches, more=more)

    def _threshold(self, vector: NDArray[np.float32], among: NDArray[np.int64] | None, *, of_text: bool) -> float:
        distribution = score_distribution(self._catalog, self._space, vector, among)
        return distribution.threshold(self._space.identity, of_text=of_text)

    def _newest(self, among: NDArray[np.int64], count: int, offset: int = 0) -> list[Match]:
        with self._catalog.read() as t:
            ids = t.selection.newest_first(among, count, offset)
            tags = tags_of(t, self._space, ids)
            return [Match(photo.id, None, None, None, photo, tuple(tags[photo.id])) for photo in t.photos.get(ids)]


def search_text(
    catalog: Catalog, index: VectorIndex, space: Space, texts: TextVectors, text: str, count: int
) -> list[Match]:
    """Return the *count* photos nearest to *text*, best first. Raises `EmptyQuery` if it has no words."""
    return search_vector(catalog, index, space, texts.vector(text), count, of_text=True)


def search_vector(
    catalog: Catalog,
    index: VectorIndex,
    space: Space,
    vector: NDArray[np.float32],
    count: int,
    *,
    exclude: int | None = None,
    of_text: bool = False,
) -> list[Match]:
    """Return the *count* photos nearest to *vector*, float32 (d,), best first, without the photo *exclude*.

    Logits and probabilities are given if *of_text*, the vector is a text's: see `Match`.
    """

    def nearest() -> list[tuple[int, float]]:
        found = _nearest(index, vector, count + (exclude is not None), None)
        return [(photo_id, cosine) for photo_id, cosine in found if photo_id != exclude][:count]

    return _matches(catalog, space, nearest, of_text=of_text)


def query_vector(terms: Sequence[Term], texts: TextVectors, pictures: PictureVectors) -> NDArray[np.float32]:
    """Return the unit vector, float32 (d,), of the weighted sum of the unit vectors of *terms*, at least one.

    A photo's cosine with it is the weighted sum of its cosines with the terms, up to one factor for the whole query.
    Raises `BadQuery` if the terms cancel each other.
    """
    words = [term.text for term in terms if isinstance(term, Text)]
    known = dict(zip(words, texts.matrix(words), strict=True)) if words else {}
    total = np.zeros(0)
    for term in terms:
        vector = known[term.text] if isinstance(term, Text) else pictures.vector(term.path)
        scaled = term.weight * vector.astype(np.float64)
        total = total + scaled if len(total) else scaled
    length = float(np.linalg.norm(total))
    if length < _SHORTEST:
        raise BadQuery(format_query(Query(tuple(terms))), "takes away all that it asks for", "leave a term out")
    unit: NDArray[np.float32] = (total / length).astype(np.float32)
    return unit


def grouped(
    catalog: Catalog,
    space: Space,
    nearest: Callable[[int], Sequence[Match]],
    wanted: int,
    compared: int = _COMPARED,
) -> list[list[Match]]:
    """Return the first *wanted* groups of the matches that *nearest* returns for a count, each led by its best.

    Only photos that had to be read are grouped, and of these only the *compared* best; all others stay single.
    """
    # So many are enough, however few the groups of the best are.
    most = wanted + compared
    count = max(1, min(_PHOTOS_PER_GROUP * wanted, most))
    while True:
        found = list(nearest(count))
        matches = {match.photo_id: match for match in found}
        groups = group_photos(catalog, space, [match.photo for match in found[:compared]])
        groups += [[match.photo_id] for match in found[compared:]]
        if len(groups) > wanted or len(found) < count:
            return [[matches[photo_id] for photo_id in group] for group in groups[:wanted]]
        count = min(2 * count, most)


def _matches(
    catalog: Catalog, space: Space, nearest: Callable[[], list[tuple[int, float]]], *, of_text: bool
) -> list[Match]:
    """Return the photos and cosines of *nearest* with their records and tags from the catalog."""
    for _ in range(_ATTEMPTS):
        found = nearest()
        ids = [photo_id for photo_id, _ in found]
        with catalog.read() as t:
            photos = {photo.id: photo for photo in t.photos.get(ids) if photo.paths}
            tags = tags_of(t, space, ids)
        # Files may be deleted between index and catalog; the next search of the index leaves them out.
        if len(photos) == len(ids):
            break
    return [
        Match(
            photo_id,
            cosine,
            logit(cosine, space.identity) if of_text else None,
            probability(cosine, space.identity) if of_text else None,
            photos[photo_id],
            tuple(tags[photo_id]),
        )
        for photo_id, cosine in found
        if photo_id in photos
    ]


def _nearest(
    index: VectorIndex,
    vector: NDArray[np.float32],
    count: int,
    among: NDArray[np.int64] | None,
    *,
    exact: bool = False,
) -> list[tuple[int, float]]:
    found = index.search(vector, count, among, exact=exact)
    return list(zip(found.photo_ids.tolist(), found.cosines.tolist(), strict=True))


def _above_min_score(found: list[tuple[int, float]], page: Page) -> list[tuple[int, float]]:
    if page.min_score is None:
        return found
    return [(photo_id, cosine) for photo_id, cosine in found if cosine >= page.min_score]


def _by_date(matches: Sequence[Match]) -> list[Match]:
    """Sort newest first, those without a date last; the sort is stable."""

    def key(match: Match) -> tuple[bool, datetime]:
        taken_at = match.photo.facts.taken_at
        return taken_at is not None, taken_at or datetime.min  # noqa: DTZ901 - cameras' clocks have no zone

    return sorted(matches, key=key, reverse=True)
