"""The least rank that each photo has kept in a scoring: the rank that a label must reach to come among its best.

They are stored in pages of `PAGE` photos, so that a new label can be compared with all photos without reading what they
have kept. A missing page is computed from the rows; every write or deletion of a row must delete its page.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, insert, select

from store.sql import schema

#: Photos of a page: it is their id divided by this.
PAGE = 4096

_pages = schema.least_rank


class LeastRanks:
    """Least ranks by photo. Deleted photos may be among them."""

    def __init__(self) -> None:
        self._pages: dict[int, NDArray[np.float32]] = {}

    def pages(self) -> dict[int, NDArray[np.float32]]:
        """The pages, float32 (`PAGE`,) each, NaN where a photo has kept nothing."""
        return self._pages

    def photo_ids(self) -> NDArray[np.int64]:
        """The photos that have kept something, int64 (n,), ascending."""
        held = [np.flatnonzero(~np.isnan(ranks)) + page * PAGE for page, ranks in sorted(self._pages.items())]
        return np.concatenate([np.empty(0, np.int64), *held])

    def of(self, photo_ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """The least ranks of these photos, (n,), ascending: float32 (n,), NaN where nothing is kept."""
        found = np.full(len(photo_ids), np.nan, np.float32)
        for page, ranks in self._pages.items():
            start, end = np.searchsorted(photo_ids, (page * PAGE, (page + 1) * PAGE))
            found[start:end] = ranks[photo_ids[start:end] - page * PAGE]
        return found

    def note(self, photo_ids: NDArray[np.int64], ranks: NDArray[np.float64]) -> None:
        """Record that these photos, (n,), have kept these ranks, (n, k); none if k is 0."""
        least = ranks.min(axis=1, initial=np.inf)
        for page in np.unique(photo_ids // PAGE).tolist():
            some = photo_ids // PAGE == page
            self.page(page)[photo_ids[some] - page * PAGE] = least[some]

    def forget(self, photo_ids: NDArray[np.int64]) -> None:
        """Record that these photos, (n,), have kept nothing."""
        for page in np.unique(photo_ids // PAGE).tolist():
            self.page(page)[photo_ids[photo_ids // PAGE == page] - page * PAGE] = np.nan

    def page(self, page: int) -> NDArray[np.float32]:
        """The page of that number, made if there is none."""
        return self._pages.setdefault(page, np.full(PAGE, np.nan, np.float32))


def read(connection: Connection, scoring_id: int) -> LeastRanks:
    """The pages that are kept."""
    found = LeastRanks()
    for row in connection.execute(select(_pages.c.page, _pages.c.ranks).where(_pages.c.scoring_id == scoring_id)):
        found.page(row.page)[:] = np.frombuffer(row.ranks, "<f4")
    return found


def write(connection: Connection, scoring_id: int, least: LeastRanks) -> None:
    """Keep these pages, and no others."""
    forget_all(connection, scoring_id)
    rows = [
        {"scoring_id": scoring_id, "page": page, "ranks": ranks.astype("<f4").tobytes()}
        for page, ranks in least.pages().items()
    ]
    if rows:
        connection.execute(insert(_pages), rows)


def forget(connection: Connection, scoring_id: int, photo_ids: Iterable[int]) -> None:
    """Delete the pages of these photos."""
    pages = {photo_id // PAGE for photo_id in photo_ids}
    if pages:
        connection.execute(delete(_pages).where(_pages.c.scoring_id == scoring_id, _pages.c.page.in_(sorted(pages))))


def forget_all(connection: Connection, scoring_id: int) -> None:
    """Delete all pages."""
    connection.execute(delete(_pages).where(_pages.c.scoring_id == scoring_id))
