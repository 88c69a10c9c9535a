"""Rankings of the same photos for the same queries in two spaces, and how far they agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from store import Space, Transaction

from .chance_limit import distribution_of

#: Candidates for each wanted photo: rough cosines may be out of order by so many.
_SPARE = 4


@dataclass(frozen=True, slots=True)
class Ranking:
    """The photos that come first for one query, best first, with their cosines.

    `matches` photos have a cosine of `least` or more, from which one is better than chance; see `chance_limit`.
    """

    photo_ids: tuple[int, ...]
    cosines: tuple[float, ...]
    least: float
    matches: int


@dataclass(frozen=True, slots=True)
class RankedPair:
    """The rankings of one query in two spaces.

    `moved` are photos that come first in one of the two, each with its rank before and after, from 1 on, over all
    photos that both spaces have.
    """

    before: Ranking
    after: Ranking
    moved: tuple[tuple[int, int, int], ...]

    @property
    def overlap(self) -> int:
        """The number of photos that come first in both."""
        return len(set(self.before.photo_ids) & set(self.after.photo_ids))


def shared_photos(t: Transaction, one: Space, other: Space) -> NDArray[np.int64]:
    """The photos with a file that have an embedding in both spaces, int64 (n,), ascending."""
    return np.intersect1d(t.embeddings.ids(one.id), t.embeddings.ids(other.id), assume_unique=True)


def ranked_pairs(
    t: Transaction,
    spaces: tuple[Space, Space],
    queries: tuple[NDArray[np.float32], NDArray[np.float32]],
    photo_ids: NDArray[np.int64],
    count: int,
) -> list[RankedPair]:
    """Rank *photo_ids*, ascending, which both spaces have, for each query; *count* photos come first.

    *queries* are unit vectors of the same queries in both spaces, float32 (m, d). First photos are those of a search to
    the last bit; ranks of others are by cosines that are right to some 1e-5.
    """
    orders = [_orders(t, space, vectors, photo_ids, count) for space, vectors in zip(spaces, queries, strict=True)]
    pairs = []
    for (before, ranks_before), (after, ranks_after) in zip(*orders, strict=True):
        first = dict.fromkeys((*before.photo_ids, *after.photo_ids))
        places = np.searchsorted(photo_ids, np.array(list(first), np.int64))
        moved = zip(first, (ranks_before[places] + 1).tolist(), (ranks_after[places] + 1).tolist(), strict=True)
        pairs.append(RankedPair(before, after, tuple(moved)))
    return pairs


def _orders(
    t: Transaction, space: Space, vectors: NDArray[np.float32], photo_ids: NDArray[np.int64], count: int
) -> list[tuple[Ranking, NDArray[np.int64]]]:
    """For each query, the first photos, and the rank of each of *photo_ids* from 0 on, int64 (n,)."""
    ids, cosines = t.embeddings.approximate_cosines(space.id, vectors)
    rough = cosines[np.isin(ids, photo_ids, assume_unique=True)]
    found = []
    for vector, column in zip(vectors, rough.T, strict=True):
        order = np.argsort(-column, kind="stable")
        candidates = np.sort(photo_ids[order[: count * _SPARE]])
        rows = t.embeddings.get(space.id, candidates.tolist())
        exact = rows.matrix.astype(np.float64) @ vector.astype(np.float64)
        best = np.argsort(-exact, kind="stable")[:count]
        first = rows.ids[best]
        # The exact order of the first ones, and the rough one of the others.
        rest = photo_ids[order]
        whole = np.concatenate([first, rest[~np.isin(rest, first)]])
        ranks = np.empty(len(photo_ids), np.int64)
        ranks[np.searchsorted(photo_ids, whole)] = np.arange(len(whole))
        least = distribution_of(column).threshold(space.identity)
        matches = int(np.count_nonzero(column >= least))
        found.append((Ranking(tuple(first.tolist()), tuple(exact[best].tolist()), least, matches), ranks))
    return found
