"""Tagging photos as they are indexed."""

from __future__ import annotations

from collections.abc import Callable

from store import Catalog, Revision, Space, Transaction, Vectors

from ..texts import TextVectors
from .calibration import complete
from .labels import label_matrix
from .scoring import Columns, ExactScorer, Scorer, columns_of
from .shown import rule_in_force


class StoredTagger:
    """Tags photos by their embeddings with what is in force; in a library where nothing is yet, with *revision*.

    *progress* hears of texts encoded and texts to encode in all, when there are labels whose vectors are not cached.
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
        self._first: Columns | None = None
        self._stamp: tuple[int, int] | None = None
        self._scorer: Scorer | None = None

    def prepare(self) -> None:
        """Make the label vectors, which may take a text encoder and a while. Not within a transaction that writes."""
        if self._first is None and self._stamp is None:
            with self._catalog.read() as t:
                is_scored = t.scores.stamp(self._space.id) is not None
            if not is_scored:
                self._first, _ = columns_in_force(
                    self._catalog, self._space, self._revision, self._texts, self._progress
                )

    def tag(self, t: Transaction, vectors: Vectors) -> None:
        """Score the photos whose ids and embeddings these are."""
        stamp = t.scores.stamp(self._space.id)
        if stamp is None:
            stamp = self._begin(t)
        if stamp is not None and stamp != self._stamp:
            self._follow(t, stamp)
        if stamp is None or self._scorer is None:
            t.library.set_retag_pending(True)
            return
        t.scores.put(stamp[0], self._scorer.kept(vectors))

    def _begin(self, t: Transaction) -> tuple[int, int] | None:
        # Another vocabulary that was chosen meanwhile has no vectors yet.
        if self._first is None or t.library.revision_id() not in {None, self._revision.id}:
            return None
        first = self._first
        made = t.scores.begin(self._space.id, self._revision.id, first.label_ids, first.offsets, complete=True)
        return made.id, made.edition

    def _follow(self, t: Transaction, stamp: tuple[int, int]) -> None:
        scoring = t.scores.current(self._space.id)
        columns = None if scoring is None else columns_of(t, self._space, scoring)
        self._stamp, self._scorer = stamp, None if columns is None else ExactScorer(columns)


def columns_in_force(
    catalog: Catalog,
    space: Space,
    revision: Revision,
    texts: TextVectors,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Columns, int]:
    """The labels of *revision* as the rule ranks them, and how many were encoded for it.

    Labels that the calibration in force does not know are looked at first. Not within a transaction that writes.
    """
    labels = label_matrix(catalog, space, revision, texts, progress)
    complete(catalog, space, labels)
    with catalog.read() as t:
        rule = rule_in_force(t, space, revision)
    return Columns.of(labels, rule.offsets(labels.label_ids)), labels.encoded
