"""The least rank that each photo has kept in a scoring, in pages of photos."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, select

from store.sql import schema
from store.sql.dialect import put_rows

_least = schema.least_rank
#: Photos of a page: it is their id divided by this.
PAGE = 4096
_KEY = ("scoring_id", "page")


class LeastRanks:
    """The least rank that each photo has kept in a scoring: the rank that a label must reach to come among its best.

    They are stored in pages of `PAGE` photos, so that a new label can be compared with all photos without reading what
    they have kept. A missing page is computed from the rows; every write or deletion of a row must delete its page.
    Photos that have been deleted may be among them.
    """

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
        """These photos, (n,), have now kept these ranks, (n, k); none, if k is 0."""
        least = ranks.min(axis=1, initial=np.inf)
        for page in np.unique(photo_ids // PAGE).tolist():
            some = photo_ids // PAGE == page
            self.page(page)[photo_ids[some] - page * PAGE] = least[some]

    def forget(self, photo_ids: NDArray[np.int64]) -> None:
        """These photos, (n,), have kept nothing."""
        for page in np.unique(photo_ids // PAGE).tolist():
            self.page(page)[photo_ids[photo_ids // PAGE == page] - page * PAGE] = np.nan

    def add(self, others: LeastRanks) -> None:
        """Take over the pages of *others*, in place of those of the same numbers."""
        self._pages |= others.pages()

    def page(self, page: int) -> NDArray[np.float32]:
        """The page of that number, made if there is none."""
        return self._pages.setdefault(page, np.full(PAGE, np.nan, np.float32))


def read_least_ranks(connection: Connection, scoring_id: int, pages: Iterable[int] | None = None) -> LeastRanks:
    """The pages that are kept: those of *pages*, or all."""
    found = LeastRanks()
    query = select(_least.c.page, _least.c.ranks).where(_least.c.scoring_id == scoring_id)
    for row in connection.execute(query if pages is None else query.where(_least.c.page.in_(list(pages)))):
        found.page(row.page)[:] = np.frombuffer(row.ranks, "<f4")
    return found


def put_least_ranks(connection: Connection, scoring_id: int, least: LeastRanks) -> None:
    """Keep these pages, in place of earlier ones of the same numbers."""
    rows = [(scoring_id, page, ranks.astype("<f4").tobytes()) for page, ranks in sorted(least.pages().items())]
    put_rows(connection, _least, _KEY, ("ranks",), rows)


def forget_least_ranks(connection: Connection, scoring_id: int, photo_ids: Iterable[int] | None = None) -> None:
    """Delete the pages of these photos, or all."""
    mine = delete(_least).where(_least.c.scoring_id == scoring_id)
    if photo_ids is None:
        connection.execute(mine)
    elif pages := {photo_id // PAGE for photo_id in photo_ids}:
        connection.execute(mine.where(_least.c.page.in_(sorted(pages))))
