"""Near pairs: photos whose embeddings are near and whose perceptual hashes agree."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from query.similarity import NearPairs

from .perceptual_hash import PhotoHashes

#: Distance of a pair with a photo that has no hash.
_UNKNOWN = -1


class PairScore(NamedTuple):
    """Cosine of two photos' embeddings, and distance of their hashes in bits; None if one has no hash."""

    cosine: float
    distance: int | None


@dataclass(frozen=True, slots=True, eq=False)
class SimilarPairs:
    """Near pairs that were compared by their hashes as far as both have one. `distances` int64 (n,)."""

    pairs: NearPairs
    distances: NDArray[np.int64]

    @classmethod
    def none(cls) -> SimilarPairs:
        """No pairs."""
        empty = np.empty(0, np.int64)
        return cls(NearPairs(empty, empty, np.empty(0, np.float32)), empty)

    @classmethod
    def select(cls, pairs: NearPairs, known: PhotoHashes, max_bits: int) -> SimilarPairs:
        """Pairs whose hashes differ in at most *max_bits* bits, and pairs with a photo that has no hash."""
        first_has, firsts = known.rows(pairs.firsts)
        second_has, seconds = known.rows(pairs.seconds)
        both = first_has & second_has
        firsts, seconds = firsts[both], seconds[both]
        distances = np.full(len(pairs), _UNKNOWN, np.int64)
        distances[both] = known.hashes.distances(firsts, seconds)
        selected = ~both
        selected[both] = known.hashes.are_similar(firsts, seconds, max_bits)
        return cls(pairs.only(selected), distances[selected])

    def photo_ids(self) -> set[int]:
        """Ids of the photos in any pair."""
        return set(self.pairs.photo_ids())

    def among(self, photo_ids: Collection[int]) -> SimilarPairs:
        """Pairs with both photos in *photo_ids*."""
        known = np.fromiter(photo_ids, np.int64, len(photo_ids))
        both = np.isin(self.pairs.firsts, known) & np.isin(self.pairs.seconds, known)
        return SimilarPairs(self.pairs.only(both), self.distances[both])

    def scores_with_leader(self, groups: Sequence[Sequence[int]]) -> dict[int, PairScore]:
        """Score of each photo with the first of its group. Every photo of a pair must be in one of *groups*."""
        members = np.array([each for group in groups for each in group], np.int64)
        leaders = np.repeat(np.array([group[0] for group in groups], np.int64), [len(group) for group in groups])
        order = np.argsort(members)
        members, leaders = members[order], leaders[order]
        scores: dict[int, PairScore] = {}
        pairs = self.pairs
        for led, leader in ((pairs.firsts, pairs.seconds), (pairs.seconds, pairs.firsts)):
            here = np.flatnonzero(leaders[np.searchsorted(members, led)] == leader)
            for photo_id, cosine, distance in zip(
                led[here].tolist(), pairs.cosines[here].tolist(), self.distances[here].tolist(), strict=True
            ):
                scores[photo_id] = PairScore(cosine, None if distance == _UNKNOWN else distance)
        return scores
