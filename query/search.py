"""Search: the photos that a query asks for, or those nearest to a vector."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from store import Catalog, Photo, Space, VectorIndex

from .combining import PictureVectors, combined
from .filtering import left_by
from .language import Query
from .scores import logit, probability
from .tagging import ScoredTag, tags_of
from .texts import TextVectors

#: How often index and catalog are asked anew when photos go between the two.
_LOOKS = 3


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
    """What a query found. Where filters leave no photo, `reason` says why, as a sentence without its full stop."""

    matches: list[Match]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Which of the photos that were found are wanted: *count* of them after *offset* better ones.

    With `min_score`, a cosine, those below it are left out. Sorted by date it is the same photos, in another order.
    """

    count: int
    offset: int = 0
    sort: Sort = Sort.RELEVANCE
    min_score: float | None = None


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
            return Found(self._listed(among, page))
        vector = combined(query.terms, self._texts, self._pictures)
        of_text = query.only_text is not None
        matches = _nearest_matches(
            self._catalog,
            self._space,
            lambda: _above(_nearest(self._index, vector, page.offset + page.count, among), page)[page.offset :],
            of_text=of_text,
        )
        return Found(_by_date(matches) if page.sort is Sort.DATE else matches)

    def _listed(self, among: NDArray[np.int64], page: Page) -> list[Match]:
        with self._catalog.read() as t:
            ids = t.selection.newest_first(among, page.count, page.offset)
            tags = tags_of(t, self._space, ids)
            return [Match(photo.id, None, None, None, photo, tuple(tags[photo.id])) for photo in t.photos.get(ids)]


def search_text(
    catalog: Catalog, index: VectorIndex, space: Space, texts: TextVectors, text: str, count: int
) -> list[Match]:
    """The *count* photos that *text* describes best, best first. Raises `EmptyQuery` if it has no words."""
    return search_vector(catalog, index, space, texts.vector(text), count)


def search_vector(
    catalog: Catalog,
    index: VectorIndex,
    space: Space,
    vector: NDArray[np.float32],
    count: int,
    *,
    exclude: int | None = None,
) -> list[Match]:
    """The *count* photos nearest to *vector*, float32 (d,), best first, without the photo *exclude*."""

    def nearest() -> list[tuple[int, float]]:
        found = _nearest(index, vector, count + (exclude is not None), None)
        return [(photo_id, cosine) for photo_id, cosine in found if photo_id != exclude][:count]

    return _nearest_matches(catalog, space, nearest, of_text=True)


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
    index: VectorIndex, vector: NDArray[np.float32], count: int, among: NDArray[np.int64] | None
) -> list[tuple[int, float]]:
    found = index.search(vector, count) if among is None else index.search(vector, count, among)
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
