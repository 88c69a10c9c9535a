"""Pairs of photos that belong together, and what joins them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from photos.duplicates.hashes import LooksOf
from query.similarity import NearPairs

#: The distance of two of which one could not be looked at.
_UNKNOWN = -1


class Joint(NamedTuple):
    """What joins two photos: their embeddings' cosine, and their hashes' distance in bits, where both have a look."""

    cosine: float
    distance: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Joints:
    """Pairs of photos: near ones that, as far as they could be looked at, look the same. `distances` int64 (n,)."""

    pairs: NearPairs
    distances: NDArray[np.int64]

    @classmethod
    def none(cls) -> Joints:
        """No pairs."""
        nobody = np.empty(0, np.int64)
        return cls(NearPairs(nobody, nobody, np.empty(0, np.float32)), nobody)

    @classmethod
    def of(cls, pairs: NearPairs, known: LooksOf, bits: int) -> Joints:
        """Those of *pairs* whose hashes differ in at most *bits*, and those that have not both a look."""
        first_has, firsts = known.places(pairs.firsts)
        second_has, seconds = known.places(pairs.seconds)
        both = first_has & second_has
        firsts, seconds = firsts[both], seconds[both]
        distances = np.full(len(pairs), _UNKNOWN, np.int64)
        distances[both] = known.looks.distances(firsts, seconds)
        belong = ~both
        belong[both] = known.looks.are_like(firsts, seconds, bits)
        return cls(pairs.only(belong), distances[belong])

    def photo_ids(self) -> set[int]:
        """All that a pair joins."""
        return set(self.pairs.photo_ids())

    def among(self, photo_ids: Collection[int]) -> Joints:
        """The pairs both of which are among these."""
        known = np.fromiter(photo_ids, np.int64, len(photo_ids))
        both = np.isin(self.pairs.firsts, known) & np.isin(self.pairs.seconds, known)
        return Joints(self.pairs.only(both), self.distances[both])

    def with_leaders(self, groups: Sequence[Sequence[int]]) -> dict[int, Joint]:
        """What joins each photo with the first of its group. Every photo of a pair is in one of *groups*."""
        members = np.array([each for group in groups for each in group], np.int64)
        leaders = np.repeat(np.array([group[0] for group in groups], np.int64), [len(group) for group in groups])
        order = np.argsort(members)
        members, leaders = members[order], leaders[order]
        found: dict[int, Joint] = {}
        pairs = self.pairs
        for led, leader in ((pairs.firsts, pairs.seconds), (pairs.seconds, pairs.firsts)):
            here = np.flatnonzero(leaders[np.searchsorted(members, led)] == leader)
            for photo_id, cosine, distance in zip(
                led[here].tolist(), pairs.cosines[here].tolist(), self.distances[here].tolist(), strict=True
            ):
                found[photo_id] = Joint(cosine, None if distance == _UNKNOWN else distance)
        return found
