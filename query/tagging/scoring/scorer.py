"""Exact scoring of photos with a vocabulary, also as they are indexed: the labels that are kept of each photo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from query.similarity import TextVectors
from query.similarity.scores import on_grid
from query.tagging.effective.description_tags import follow_descriptions
from query.tagging.effective.effective_tags import rule_in_force
from query.tagging.learning.calibration import complete
from query.tagging.learning.label_matrix import LabelMatrix, label_matrix
from store import MAIN_SLOT, Catalog, PhotoScores, Revision, Scoring, Slot, Space, Transaction, Vectors

#: Labels kept a photo.
KEPT_MOST: Final = 32
#: Photos that are scored with every label at once.
_ROWS: Final = 256


class Scorer(Protocol):
    """Scores photos with the labels of one scoring."""

    def kept(self, vectors: Vectors) -> PhotoScores:
        """The kept scores of these photos, whose embeddings are float32 (n, d)."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Labels in the order of their ids: `label_ids` int64 (k,), `matrix` and `offsets` float64 (k, d) and (k,)."""

    label_ids: NDArray[np.int64]
    matrix: NDArray[np.float64]
    offsets: NDArray[np.float64]

    @classmethod
    def of(cls, labels: LabelMatrix, offsets: NDArray[np.float64]) -> Columns:
        """The labels of a vocabulary, with the offsets by which they are ranked."""
        order = np.argsort(labels.label_ids)
        return cls(labels.label_ids[order], labels.matrix[order], offsets[order])

    @property
    def most(self) -> int:
        """The number of labels that are kept of a photo."""
        return min(KEPT_MOST, len(self.label_ids))

    def only(self, mask: NDArray[np.bool_]) -> Columns:
        """The labels of *mask*, bool (k,)."""
        return Columns(self.label_ids[mask], self.matrix[mask], self.offsets[mask])

    def cosines(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cosines like those of `LabelMatrix.cosines`."""
        return (matrix.astype(np.float64) @ self.matrix.T).astype(np.float32)


class ExactScorer:
    """Scores every photo with every label in float64."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._places = np.arange(len(columns.label_ids))

    def kept(self, vectors: Vectors) -> PhotoScores:
        """The kept scores of these photos."""
        columns, count = self._columns, len(vectors)
        label_ids = np.empty((count, columns.most), np.int64)
        cosines = np.empty((count, columns.most), np.float32)
        for start in range(0, count, _ROWS):
            some = slice(start, start + _ROWS)
            scores = columns.cosines(vectors.matrix[some])
            places = np.broadcast_to(self._places, scores.shape)
            best = best_of(places, scores, scores - columns.offsets, columns.most)
            label_ids[some], cosines[some] = columns.label_ids[best[0]], best[1]
        return PhotoScores(vectors.ids, label_ids, cosines)


def best_of(
    places: NDArray[np.int64], cosines: NDArray[np.float32], ranks: NDArray[np.float64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The *count* of highest rank of each row, by falling cosine: their places, int64 (n, count), and cosines.

    All three are (n, c), *places* ascending in each row; of equals the first in place comes first.
    """
    first = np.sort(np.argsort(-ranks, axis=1, kind="stable")[:, :count], axis=1)
    chosen = np.take_along_axis(cosines, first, axis=1)
    order = np.argsort(-chosen, axis=1, kind="stable")
    return (
        np.take_along_axis(np.take_along_axis(places, first, axis=1), order, axis=1),
        np.take_along_axis(chosen, order, axis=1),
    )


def columns_of(t: Transaction, space: Space, scoring: Scoring) -> Columns | None:
    """The labels of *scoring*; None if the vector of one is not cached."""
    vectors = t.labels.vectors(space.id, scoring.label_ids.tolist())
    if len(vectors) != len(scoring.label_ids):
        return None
    matrix = vectors.matrix.astype(np.float64).reshape(len(vectors), space.identity.dimension)
    return Columns(scoring.label_ids, on_grid(matrix), scoring.offsets)


def columns_in_force(
    catalog: Catalog,
    space: Space,
    revision: Revision,
    texts: TextVectors,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Columns, int]:
    """The labels of *revision* as the rule ranks them, and the number that was encoded for it.

    Labels that the calibration in force does not have are measured first. Not within a transaction that writes.
    """
    labels = label_matrix(catalog, space, revision, texts, progress)
    complete(catalog, space, labels)
    with catalog.read() as t:
        rule = rule_in_force(t, space, revision)
    return Columns.of(labels, rule.offsets(labels.label_ids)), labels.encoded


class StoredTagger:
    """Tags photos by their embeddings with all vocabularies in force; where there is none yet, with *revision*.

    *progress* gets texts encoded and texts to encode in all, if there are labels whose vectors are not cached.
    """

    def __init__(
        self,
        catalog: Catalog,
        space: Space,
        revision: Revision,
        texts: TextVectors,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._catalog = catalog
        self._space = space
        self._revision = revision
        self._texts = texts
        self._progress = progress
        #: The revision and the labels of slots that have no scoring yet, by slot.
        self._first: dict[str, tuple[int, Columns]] = {}
        self._scorers: dict[str, tuple[tuple[int, int], Scorer | None]] = {}

    def prepare(self) -> None:
        """Make the label vectors, which may take a text encoder and a while. Not within a transaction that writes."""
        with self._catalog.read() as t:
            scored, waiting = t.scores.stamps(self._space.id), {MAIN_SLOT: self._revision}
            for each in t.slots.of(self._space.id).in_force():
                if each.name and each.name not in scored:
                    waiting[each.name] = t.vocabularies.revision(each.revision_id)
        for slot, revision in waiting.items():
            if slot not in scored and slot not in self._first:
                columns, _ = columns_in_force(self._catalog, self._space, revision, self._texts, self._progress)
                self._first[slot] = revision.id, columns

    def tag(self, t: Transaction, vectors: Vectors) -> None:
        """Score the photos whose ids and embeddings these are. Where that cannot be done, a re-tag is pending."""
        stamps = t.scores.stamps(self._space.id)
        slots = {slot.name: slot for slot in t.slots.of(self._space.id).all()}
        for name in {MAIN_SLOT: None, **slots}:
            slot = slots.get(name)
            stamp = stamps.get(name) or self._begin(t, name, slot)
            scorer = None if stamp is None else self._scorer(t, name, stamp)
            if stamp is not None and scorer is not None:
                t.scores.put(stamp[0], scorer.kept(vectors))
                continue
            if stamp is not None:
                # Scores of an earlier embedding would be taken for those of this one.
                t.scores.forget(stamp[0], vectors.ids.tolist())
            if slot is not None and not slot.is_pending:
                # A pending re-tag scores the photos that have no scores when it ends.
                t.slots.of(self._space.id).mark_stale(name)
        if t.library.space_id() == self._space.id:
            follow_descriptions(t, vectors.ids.tolist())

    def _begin(self, t: Transaction, name: str, slot: Slot | None) -> tuple[int, int] | None:
        """Begin the scoring of a slot that has none; None if its revision is another than the prepared one."""
        if name not in self._first:
            return None
        revision_id, first = self._first[name]
        if slot is None:
            t.slots.of(self._space.id).put_in_force(name, revision_id)
        elif slot.current is None or slot.current.revision_id != revision_id:
            # Another vocabulary was chosen in the meantime and has no vectors yet.
            return None
        made = t.scores.begin(self._space.id, name, revision_id, first.label_ids, first.offsets, complete=True)
        return made.id, made.edition

    def _scorer(self, t: Transaction, name: str, stamp: tuple[int, int]) -> Scorer | None:
        """The scorer for the scoring of that *stamp*; None if the vector of a label is not cached."""
        held = self._scorers.get(name)
        if held is not None and held[0] == stamp:
            return held[1]
        scoring = t.scores.current(self._space.id, name)
        columns = None if scoring is None else columns_of(t, self._space, scoring)
        scorer = None if columns is None else ExactScorer(columns)
        self._scorers[name] = stamp, scorer
        return scorer
