"""Search: the photos that match a query, or those nearest to a vector."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from query.errors import BadQuery
from query.filters import leading_paths, matching_photos
from query.language import Query, Term, Text, format_query
from query.similarity.grouping import group_photos
from query.similarity.scores import logit, probability
from query.similarity.text_vectors import TextVectors
from query.tagging import ScoredTag, tags_of
from query.tagging.effective.effective_tags import SURE
from store import IndexSnapshot, Neighbours, Photo, Space, Transaction, VectorIndex

from .caption_fusion import FusedRanking, fused_ranking
from .chance_limit import score_distribution

#: Length, in the largest weight, below which a weighted sum counts as zero: rounding leaves so much of vectors that
#: cancel each other.
_SHORTEST = 1e-4
#: Photos read for each wanted group at first.
_PHOTOS_PER_GROUP = 3
#: Photos that are compared with each other for groups. The memory grows with the square.
_COMPARED = 4096


class PictureVectors(Protocol):
    """Vectors of picture files."""

    def vector(self, path: str) -> NDArray[np.float32]:
        """Return the unit vector, float32 (d,), of the picture at *path*, as typed in the query."""
        ...


class Snapshots(Protocol):
    """The part of a `VectorIndex` that a search needs."""

    def read(self) -> AbstractContextManager[IndexSnapshot]:
        """Take a snapshot of index and catalog, outside any transaction."""
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
    All three are None if the query has only filters. `fused` is the value that orders a search with captions, and None
    in others; see `caption_fusion`.
    """

    photo_id: int
    cosine: float | None
    logit: float | None
    probability: float | None
    photo: Photo
    tags: tuple[ScoredTag, ...]
    fused: float | None = None


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Photos that match a query.

    If the filters leave no photo, `reason` says why, as a sentence without its full stop. For a text, `best` is the
    best cosine and `threshold` the cosine from which a photo is more than chance (see `chance_limit`); otherwise both
    are None. `more` maps the leader of a group to its other members. `total` is the number of all photos that match: of
    a ranking without a least score, all that the filters leave. A photo's first path is one that meets the filters.
    `captions` is the number of captions that were compared; None if none was to be.
    """

    matches: list[Match]
    reason: str | None = None
    best: float | None = None
    threshold: float | None = None
    more: Mapping[int, Sequence[Match]] = field(default_factory=dict)
    total: int = 0
    captions: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a result: a photo's id with its cosine, or in a listing with the time at which it was taken.

    In a search with captions, it is the photo's id with its value `fused`.
    """

    photo_id: int
    cosine: float | None = None
    taken_at: datetime | None = None
    fused: float | None = None


@dataclass(frozen=True, slots=True)
class ResultPage:
    """A part of the result: *count* photos, all if None, after the best *offset*. With 0 photos are only counted.

    Photos that come *after* a place are found whatever has come before it since; the search is exact then.

    `min_score`, a cosine, drops photos below it, and `above_chance` those that are no more than chance. `group` counts
    near-duplicates and bursts as one. Sorted by date, the result has the same photos in another order. `exact` compares
    every photo; otherwise one photo in a thousand may be missing from the result of a large library. `with_captions`
    orders photos also by their captions, as far as these have vectors, and is always exact.
    """

    count: int | None
    offset: int = 0
    sort: Sort = Sort.RELEVANCE
    min_score: float | None = None
    above_chance: bool = False
    group: bool = False
    exact: bool = False
    after: Place | None = None
    with_captions: bool = False


@dataclass(frozen=True, slots=True)
class Selected:
    """The photos that meet the filters of `query`: ids, int64 (n,), ascending, or None for every photo.

    `answer` is the result of a query that needs no vector: it has no terms, or no photo meets its filters.
    """

    query: Query
    page: ResultPage
    photo_ids: NDArray[np.int64] | None = None
    answer: QueryResult | None = None


class Searcher:
    """Searches one library. Relative paths in queries are relative to *directory*, which is absolute.

    A search has two steps: `select` reads the catalog, and `rank` encodes, in no transaction, what `select` found no
    vector of, and reads index and catalog at one moment.
    """

    def __init__(
        self, index: Snapshots, space: Space, texts: TextVectors, pictures: PictureVectors, directory: str
    ) -> None:
        self._index = index
        self._space = space
        self._texts = texts
        self._pictures = pictures
        self._directory = directory

    def select(self, t: Transaction, query: Query, page: ResultPage) -> Selected:
        """Select the photos that meet the filters of *query*, and recall the vectors of its texts.

        Raises `BadQuery` for an unknown tag.
        """
        photo_ids: NDArray[np.int64] | None = None
        if query.filters or not query.terms:
            matching = matching_photos(t, self._space, query.filters, self._directory)
            photo_ids = matching.photo_ids
            if not len(photo_ids):
                return Selected(query, page, photo_ids, QueryResult([], matching.reason))
            if not query.terms:
                return Selected(
                    query, page, photo_ids, self._with_leading_paths(query, self._newest(t, photo_ids, page))
                )
        self._texts.recall(t, _texts_of(query.terms))
        return Selected(query, page, photo_ids)

    def rank(self, selected: Selected) -> QueryResult:
        """Return the selected photos: best first, or newest first if the query has no terms.

        Raises `BadQuery` for terms that cancel each other.
        """
        if selected.answer is not None:
            return selected.answer
        vector = query_vector(selected.query.terms, self._texts, self._pictures)
        with self._index.read() as snapshot:
            return self._with_leading_paths(selected.query, self._nearest(snapshot, vector, selected))

    def _with_leading_paths(self, query: Query, result: QueryResult) -> QueryResult:
        """Put the paths that meet the filters first."""
        lead = leading_paths(query.filters, self._directory)

        def led(match: Match) -> Match:
            return replace(match, photo=lead(match.photo))

        more = {photo_id: [led(each) for each in group] for photo_id, group in result.more.items()}
        return replace(result, matches=[led(match) for match in result.matches], more=more)

    def _nearest(self, snapshot: IndexSnapshot, vector: NDArray[np.float32], selected: Selected) -> QueryResult:
        page, of_text = selected.page, selected.query.only_text is not None
        threshold: float | None = None
        if page.above_chance:
            threshold = self._threshold(snapshot.t, vector, selected)
            page = replace(page, min_score=max(threshold, -1.0 if page.min_score is None else page.min_score))
        best: float | None = None
        total = every = snapshot.t.photos.count() if selected.photo_ids is None else len(selected.photo_ids)
        fusion: FusedRanking | None = None
        if page.with_captions and page.count != 0:
            fusion = fused_ranking(snapshot, self._space, vector, selected.photo_ids)
            best, fusion = fusion.best, fusion.above(page.min_score)

        def found(count: int) -> Neighbours:
            nonlocal best
            if fusion is not None:
                return fusion.first(count)[0]
            is_exact = page.exact or page.after is not None
            some = snapshot.search(vector, every if page.after else count, selected.photo_ids, exact=is_exact)
            best = float(some.cosines[0]) if len(some.cosines) else None
            return _above_min_score(some, page)

        def nearest(count: int) -> list[Match]:
            if fusion is not None:
                return _fused_matches(snapshot.t, self._space, fusion, page.after, count, of_text=of_text)
            return _matches(snapshot.t, self._space, _after(found(count), page.after, count), of_text=of_text)

        result = QueryResult([]) if page.count == 0 else self._page(snapshot.t, nearest, page, every)
        if page.min_score is not None:
            shown = len(result.matches)
            is_end = shown and not page.group and not page.after and (page.count is None or shown < page.count)
            total = page.offset + shown if is_end else len(found(every).photo_ids)
        # A probability of SURE needs no threshold, so the library is not sampled.
        likely = None if best is None or not of_text else probability(best, self._space.identity)
        is_sure = likely is not None and likely >= SURE
        if threshold is None and of_text and not is_sure:
            threshold = self._threshold(snapshot.t, vector, selected)
        captions = None if fusion is None else fusion.captions
        return replace(result, best=best, threshold=threshold, total=total, captions=captions)

    def _threshold(self, t: Transaction, vector: NDArray[np.float32], selected: Selected) -> float:
        distribution = score_distribution(t, self._space, vector, selected.photo_ids)
        return distribution.threshold(self._space.identity, of_text=selected.query.only_text is not None)

    def _newest(self, t: Transaction, photo_ids: NDArray[np.int64], page: ResultPage) -> QueryResult:
        def newest(count: int, offset: int = 0) -> list[Match]:
            place = None if page.after is None else (page.after.taken_at, page.after.photo_id)
            ids = t.selection.newest_first(photo_ids, count, offset, place)
            tags = tags_of(t, self._space, ids)
            return [Match(photo.id, None, None, None, photo, tuple(tags[photo.id])) for photo in t.photos.get(ids)]

        total = len(photo_ids)
        if page.group and page.count != 0:
            return replace(self._page(t, newest, page, total), total=total)
        return QueryResult(newest(total if page.count is None else page.count, page.offset), total=total)

    def _page(self, t: Transaction, best: Callable[[int], list[Match]], page: ResultPage, total: int) -> QueryResult:
        """Return the part *page* of the *total* matches that *best* returns for a count, best first."""
        wanted = page.offset + (total if page.count is None else page.count)
        groups = grouped(t, self._space, best, wanted) if page.group else [[match] for match in best(wanted)]
        groups = groups[page.offset : wanted]
        matches = [group[0] for group in groups]
        more = {group[0].photo_id: group[1:] for group in groups if len(group) > 1}
        is_listing = any(match.cosine is None for match in matches)
        return QueryResult(_by_date(matches) if page.sort is Sort.DATE and not is_listing else matches, more=more)


def search_text(index: VectorIndex, space: Space, texts: TextVectors, text: str, count: int) -> list[Match]:
    """Return the *count* photos nearest to *text*, best first. Raises `EmptyQuery` if it has no words."""
    vector = texts.vector(text)
    with index.read() as snapshot:
        return search_vector(snapshot, space, vector, count, of_text=True)


def search_vector(
    snapshot: IndexSnapshot,
    space: Space,
    vector: NDArray[np.float32],
    count: int,
    *,
    exclude: int | None = None,
    among: NDArray[np.int64] | None = None,
    of_text: bool = False,
) -> list[Match]:
    """Return the *count* photos nearest to *vector*, float32 (d,), best first, without the photo *exclude*.

    Only the photos *among*, ids int64 (n,), ascending, are compared, if given. Logits and probabilities are given if
    *of_text*, the vector is a text's: see `Match`.
    """
    if exclude is None:
        found = snapshot.search(vector, count, among)
    else:
        found = snapshot.search(vector, count + 1, among)
        found = _at_places(found, np.flatnonzero(found.photo_ids != exclude)[:count])
    return _matches(snapshot.t, space, found, of_text=of_text)


def query_vector(terms: Sequence[Term], texts: TextVectors, pictures: PictureVectors) -> NDArray[np.float32]:
    """Return the unit vector, float32 (d,), of the weighted sum of the unit vectors of *terms*, at least one.

    A photo's cosine with it is the weighted sum of its cosines with the terms, up to one factor for the whole query.
    Raises `BadQuery` if the terms cancel each other.
    """
    words = _texts_of(terms)
    known = dict(zip(words, texts.searched(words), strict=True)) if words else {}
    total = np.zeros(0)
    for term in terms:
        vector = known[term.text] if isinstance(term, Text) else pictures.vector(term.path)
        scaled = term.weight * vector.astype(np.float64)
        total = total + scaled if len(total) else scaled
    length = float(np.linalg.norm(total))
    if length < _SHORTEST * max(abs(term.weight) for term in terms):
        raise BadQuery(format_query(Query(tuple(terms))), "takes away all that it asks for", "leave a term out")
    unit: NDArray[np.float32] = (total / length).astype(np.float32)
    return unit


def grouped(
    t: Transaction,
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
        groups = group_photos(t, space, [match.photo for match in found[:compared]])
        groups += [[match.photo_id] for match in found[compared:]]
        if len(groups) > wanted or len(found) < count:
            return [[matches[photo_id] for photo_id in group] for group in groups[:wanted]]
        count = min(2 * count, most)


def _texts_of(terms: Sequence[Term]) -> list[str]:
    return [term.text for term in terms if isinstance(term, Text)]


def _matches(t: Transaction, space: Space, found: Neighbours, *, of_text: bool) -> list[Match]:
    """Return the photos *found* with their records and tags, in their order."""
    cosines = dict(zip(found.photo_ids.tolist(), found.cosines.tolist(), strict=True))
    tags = tags_of(t, space, list(cosines))
    return [
        Match(
            photo.id,
            cosines[photo.id],
            logit(cosines[photo.id], space.identity) if of_text else None,
            probability(cosines[photo.id], space.identity) if of_text else None,
            photo,
            tuple(tags[photo.id]),
        )
        for photo in t.photos.get(list(cosines))
    ]


def _fused_matches(
    t: Transaction, space: Space, fusion: FusedRanking, place: Place | None, count: int, *, of_text: bool
) -> list[Match]:
    """Return the first *count* photos of the ranking, after *place* if it is one of such a ranking."""
    rest = fusion if place is None or place.fused is None else fusion.after(place.photo_id, place.fused)
    found, values = rest.first(count)
    fused = dict(zip(found.photo_ids.tolist(), values.tolist(), strict=True))
    return [replace(match, fused=fused[match.photo_id]) for match in _matches(t, space, found, of_text=of_text)]


def _above_min_score(found: Neighbours, page: ResultPage) -> Neighbours:
    if page.min_score is None:
        return found
    # In float32, the score itself would be rounded.
    return _at_places(found, np.flatnonzero(found.cosines.astype(np.float64) >= page.min_score))


def _after(found: Neighbours, place: Place | None, count: int) -> Neighbours:
    """Return the first *count* of *found* that come after *place*: with a lower score, or the same and a higher id."""
    if place is None or place.cosine is None:
        return found
    cosines = found.cosines.astype(np.float64)
    later = (cosines < place.cosine) | ((cosines == place.cosine) & (found.photo_ids > place.photo_id))
    return _at_places(found, np.flatnonzero(later)[:count])


def _at_places(found: Neighbours, places: NDArray[np.int64]) -> Neighbours:
    return Neighbours(found.photo_ids[places], found.cosines[places])


def _by_date(matches: Sequence[Match]) -> list[Match]:
    """Sort newest first, those without a date last; the sort is stable."""

    def key(match: Match) -> tuple[bool, datetime]:
        taken_at = match.photo.facts.taken_at
        return taken_at is not None, taken_at or datetime.min  # noqa: DTZ901 - cameras' clocks have no zone

    return sorted(matches, key=key, reverse=True)
