"""Search: the photos that a query asks for, or those nearest to a vector."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from query.filters.filters import left_by
from query.language import Query
from query.tagging import ScoredTag, tags_of
from query.tagging.effective.rule import SURE
from store import Catalog, Photo, Space, VectorIndex

from .grouping import group_photos
from .noise import noise_of
from .query_vector import PictureVectors, combined
from .scores import logit, probability
from .text_vectors import TextVectors

#: How often index and catalog are asked anew when photos go between the two.
_LOOKS = 3
#: As many photos a group are looked at first.
_A_GROUP = 3
#: Photos of which each is compared with each; of more, that takes more memory than there may be.
_COMPARED = 4096


class Sort(StrEnum):
    """The order of what was found."""

    RELEVANCE = "relevance"
    #: Newest first.
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Match:
    """A photo that was found. `cosine`, `logit` and `probability` are the model's own, not rescaled.

    The last two are None where more than one text was asked for: the model gives them a meaning for a picture and a
    text. All three are where nothing but filters was.
    """

    photo_id: int
    cosine: float | None
    logit: float | None
    probability: float | None
    photo: Photo
    tags: tuple[ScoredTag, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What a query found. Where filters leave no photo, `reason` says why, as a sentence without its full stop.

    `best` is the best cosine there was for a text, and `least` that from which a photo is more than chance, see
    `noise`; both are None where it was not asked. `more` are the others of a group, by the photo that leads it.
    """

    matches: list[Match]
    reason: str | None = None
    best: float | None = None
    least: float | None = None
    more: Mapping[int, Sequence[Match]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """Which of the photos that were found are wanted: *count* of them after *offset* better ones.

    With `min_score`, a cosine, those below it are left out; with `stands_out`, those that are no more than chance.
    With `group`, near-duplicates and bursts count as one. Sorted by date it is the same photos, in another order.
    `exact` looks at every photo; without it one in a thousand may be missing from the answer of a large library.
    """

    count: int
    offset: int = 0
    sort: Sort = Sort.RELEVANCE
    min_score: float | None = None
    stands_out: bool = False
    group: bool = False
    exact: bool = False


class Searcher:
    """Answers queries from one library. Relative paths in them begin in *directory*, which is absolute."""

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

    def search(self, query: Query, page: Page) -> Found:
        """The photos that *query* asks for: best first, or without terms newest first.

        Raises `BadQuery` for a tag that there is not, and for terms that leave nothing to look for.
        """
        among: NDArray[np.int64] | None = None
        if query.filters or not query.terms:
            with self._catalog.read() as t:
                left = left_by(t, self._space, query.filters, self._directory)
            if not len(left.photo_ids):
                return Found([], left.reason)
            among = left.photo_ids
        if not query.terms:
            assert among is not None
            listed = among
            if page.group:
                return self._found(lambda count: self._listed(listed, count), page)
            return Found(self._listed(listed, page.count, page.offset))
        vector = combined(query.terms, self._texts, self._pictures)
        of_text = query.only_text is not None
        least: float | None = None
        if page.stands_out:
            least = self._least(vector, among, of_text=of_text)
            page = replace(page, min_score=max(least, -1.0 if page.min_score is None else page.min_score))
        best: float | None = None

        def look(count: int) -> list[tuple[int, float]]:
            nonlocal best
            found = _nearest(self._index, vector, count, among, exact=page.exact)
            best = found[0][1] if found else None
            return _above(found, page)

        found = self._found(
            lambda count: _nearest_matches(self._catalog, self._space, lambda: look(count), of_text=of_text), page
        )
        # Where the model is all but sure there is nothing to doubt, which is told without looking at the library.
        is_sure = best is not None and of_text and probability(best, self._space.identity) >= SURE
        if least is None and of_text and not is_sure:
            least = self._least(vector, among, of_text=True)
        return replace(found, best=best, least=least)

    def _found(self, nearest: Callable[[int], list[Match]], page: Page) -> Found:
        """Of what *nearest* gives for a count, best first, what *page* asks for."""
        wanted = page.offset + page.count
        groups = (
            grouped(self._catalog, self._space, nearest, wanted)
            if page.group
            else [[match] for match in nearest(wanted)]
        )[page.offset : wanted]
        matches = [group[0] for group in groups]
        more = {group[0].photo_id: group[1:] for group in groups if len(group) > 1}
        is_listing = any(match.cosine is None for match in matches)
        return Found(_by_date(matches) if page.sort is Sort.DATE and not is_listing else matches, more=more)

    def _least(self, vector: NDArray[np.float32], among: NDArray[np.int64] | None, *, of_text: bool) -> float:
        noise = noise_of(self._catalog, self._space, vector, among)
        return noise.least(self._space.identity, of_text=of_text)

    def _listed(self, among: NDArray[np.int64], count: int, offset: int = 0) -> list[Match]:
        with self._catalog.read() as t:
            ids = t.selection.newest_first(among, count, offset)
            tags = tags_of(t, self._space, ids)
            return [Match(photo.id, None, None, None, photo, tuple(tags[photo.id])) for photo in t.photos.get(ids)]


def search_text(
    catalog: Catalog, index: VectorIndex, space: Space, texts: TextVectors, text: str, count: int
) -> list[Match]:
    """The *count* photos that *text* describes best, best first. Raises `EmptyQuery` if it has no words."""
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
    """The *count* photos nearest to *vector*, float32 (d,), best first, without the photo *exclude*.

    Logits and probabilities are given where the vector is a text's, which *of_text* says: see `Match`.
    """

    def nearest() -> list[tuple[int, float]]:
        found = _nearest(index, vector, count + (exclude is not None), None)
        return [(photo_id, cosine) for photo_id, cosine in found if photo_id != exclude][:count]

    return _nearest_matches(catalog, space, nearest, of_text=of_text)


def grouped(
    catalog: Catalog,
    space: Space,
    nearest: Callable[[int], Sequence[Match]],
    wanted: int,
    compared: int = _COMPARED,
) -> list[list[Match]]:
    """The first *wanted* groups of what *nearest* gives for a count, best first, each led by its best.

    A group holds what belongs to it among the photos that had to be looked at, and of these among the *compared* best;
    all others stand for themselves.
    """
    # So many are enough, however few the groups of the best are.
    most = wanted + compared
    count = max(1, min(_A_GROUP * wanted, most))
    while True:
        found = list(nearest(count))
        matches = {match.photo_id: match for match in found}
        groups = group_photos(catalog, space, [match.photo for match in found[:compared]])
        groups += [[match.photo_id] for match in found[compared:]]
        if len(groups) > wanted or len(found) < count:
            return [[matches[photo_id] for photo_id in group] for group in groups[:wanted]]
        count = min(2 * count, most)


def _nearest_matches(
    catalog: Catalog, space: Space, look: Callable[[], list[tuple[int, float]]], *, of_text: bool
) -> list[Match]:
    """The photos that *look* finds in the index, and their cosines, with what the catalog knows of them."""
    for _ in range(_LOOKS):
        nearest = look()
        ids = [photo_id for photo_id, _ in nearest]
        with catalog.read() as t:
            photos = {photo.id: photo for photo in t.photos.get(ids) if photo.paths}
            tags = tags_of(t, space, ids)
        # Files may go between the two looks; the index knows by the next.
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
        for photo_id, cosine in nearest
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


def _above(nearest: list[tuple[int, float]], page: Page) -> list[tuple[int, float]]:
    if page.min_score is None:
        return nearest
    return [(photo_id, cosine) for photo_id, cosine in nearest if cosine >= page.min_score]


def _by_date(matches: Sequence[Match]) -> list[Match]:
    """Newest first, and then those without a date; what is equal by that stays as it is."""

    def place(match: Match) -> tuple[bool, datetime]:
        taken_at = match.photo.facts.taken_at
        return taken_at is not None, taken_at or datetime.min  # noqa: DTZ901 - cameras' clocks have no zone

    return sorted(matches, key=place, reverse=True)
