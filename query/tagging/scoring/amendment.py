"""Tagging with a vocabulary that differs little from the one in force: only what is new is scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from store import KeptScores, Scoring, Vectors

from .scorer import Columns, best_of

#: Of so many labels more than one new is as quickly scored with all the others.
_FEW: Final = 8
#: What a cosine in float32 may be wrong by: far above it.
_ROUGH: Final = 1e-4
#: So many new labels are compared with all photos one by one.
_ONE_BY_ONE: Final = 16


@dataclass(frozen=True, slots=True, eq=False)
class Amendment:
    """The way from one scoring to the labels of another."""

    old: Scoring
    new: Columns
    #: Of the new labels those whose cosine or rank the old scoring does not have.
    added: Columns
    #: Whether each label of the old scoring counts still, as it did: bool (k,).
    stays: NDArray[np.bool_]

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not len(self.added.label_ids) and bool(self.stays.all())

    @property
    def only_adds_few(self) -> bool:
        """Whether all labels stay and few come, so that what photos have kept need not be read to know which change."""
        full = len(self.old.label_ids) >= self.new.most
        return full and bool(self.stays.all()) and 0 < len(self.added.label_ids) <= _ONE_BY_ONE

    def enters(self, rough: NDArray[np.float32], least: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Which photos a new label may be kept of, bool (n,).

        *rough* are their cosines with the new ones, (n, added), *least* the least ranks that they have kept, (n,), NaN
        where nothing is kept.
        """
        best: NDArray[np.float64] = (rough - self.added.offsets).max(axis=1)
        gains: NDArray[np.bool_] = best >= least - _ROUGH
        return gains

    def ranks(self, kept: KeptScores) -> NDArray[np.float64]:
        """How the labels of *kept*, which are among the new scoring's, rank there, float64 (n, k)."""
        return kept.cosines - self.new.offsets[np.searchsorted(self.new.label_ids, kept.label_ids)]

    def loses(self, held: KeptScores) -> NDArray[np.bool_]:
        """Which photos of *held* have kept a label that does not stay, bool (n,)."""
        if self.stays.all():
            return np.zeros(len(held), np.bool_)
        held_still: NDArray[np.int64] = self.stays[self.old.places(held.label_ids)].sum(axis=1)
        loses: NDArray[np.bool_] = held_still < held.label_ids.shape[1]
        return loses

    def touched(self, held: KeptScores, vectors: Vectors) -> NDArray[np.bool_]:
        """Of which photos of *held* something may differ, bool (n,). *vectors* are of the same photos in that order."""
        loses = self.loses(held)
        if not len(self.added.label_ids):
            return loses
        if held.label_ids.shape[1] < self.new.most:
            return np.ones(len(held), np.bool_)
        least = self.old.ranks(held).min(axis=1).astype(np.float32)
        return loses | self.enters(vectors.matrix @ self.added.matrix.T.astype(np.float32), least)

    def kept(self, held: KeptScores, vectors: Vectors) -> tuple[KeptScores, NDArray[np.bool_]]:
        """What is kept now of the photos of *held*, and of which photos that is not certain, bool (n,).

        *vectors* are the embeddings of the same photos in the same order.
        """
        places = self.old.places(held.label_ids)
        ranks = held.cosines - self.old.offsets[places]
        stays = self.stays[places]
        cosines = self.added.cosines(vectors.matrix)
        candidates = np.concatenate([held.label_ids, np.broadcast_to(self.added.label_ids, cosines.shape)], axis=1)
        scores = np.concatenate([held.cosines, cosines], axis=1)
        every_rank = np.concatenate([np.where(stays, ranks, -np.inf), cosines - self.added.offsets], axis=1)
        certain = stays.sum(axis=1) + self._beats(held.label_ids, ranks, cosines).sum(axis=1)
        order = np.argsort(candidates, axis=1, kind="stable")
        candidates, scores, every_rank = (
            np.take_along_axis(each, order, axis=1) for each in (candidates, scores, every_rank)
        )
        most = self.new.most
        if candidates.shape[1] < most:
            return KeptScores(held.photo_ids, candidates, scores), np.ones(len(held), np.bool_)
        labels, best = best_of(candidates, scores, every_rank, most)
        return KeptScores(held.photo_ids, labels, best), certain < most

    def _beats(
        self, label_ids: NDArray[np.int64], ranks: NDArray[np.float64], cosines: NDArray[np.float32]
    ) -> NDArray[np.bool_]:
        """Which added labels come before everything that the old scoring did not keep, bool (n, added)."""
        if len(self.old.label_ids) <= label_ids.shape[1]:
            return np.ones(cosines.shape, np.bool_)
        last = ranks.min(axis=1, keepdims=True)
        last_label = np.where(ranks == last, label_ids, -1).max(axis=1, keepdims=True)
        new = cosines - self.added.offsets
        beats: NDArray[np.bool_] = (new > last) | ((new == last) & (self.added.label_ids < last_label))
        return beats


def amendment(old: Scoring, new: Columns) -> Amendment | None:
    """How to come from *old* to the labels *new*; None if so much differs that scoring all is as quick."""
    places = np.searchsorted(old.label_ids, new.label_ids)
    inside = np.minimum(places, max(len(old.label_ids) - 1, 0))
    is_held = np.zeros(len(new.label_ids), np.bool_)
    if len(old.label_ids):
        is_held = (old.label_ids[inside] == new.label_ids) & (old.offsets[inside] == new.offsets)
    stays = np.zeros(len(old.label_ids), np.bool_)
    stays[inside[is_held]] = True
    added = int((~is_held).sum())
    if added * _FEW > len(new.label_ids) or int((~stays).sum()) * _FEW > len(old.label_ids):
        return None
    return Amendment(old, new, new.only(~is_held), stays)


def differs(one: KeptScores, other: KeptScores) -> NDArray[np.bool_]:
    """Which photos' scores differ, bool (n,); both are of the same photos."""
    if one.label_ids.shape != other.label_ids.shape:
        return np.ones(len(one), np.bool_)
    different: NDArray[np.bool_] = ((one.label_ids != other.label_ids) | (one.cosines != other.cosines)).any(axis=1)
    return different
