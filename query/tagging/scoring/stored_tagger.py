"""Tagging photos as they are indexed."""

from __future__ import annotations

from collections.abc import Callable

from query.similarity import TextVectors
from store import Catalog, Revision, Slot, Space, Transaction, Vectors

from .scorer import Columns, ExactScorer, Scorer, columns_in_force, columns_of


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
            scored, waiting = t.scores.stamps(self._space.id), {"": self._revision}
            for each in t.slots.in_force():
                if each.namespace and each.namespace not in scored:
                    waiting[each.namespace] = t.vocabularies.revision(each.revision_id)
        for slot, revision in waiting.items():
            if slot not in scored and slot not in self._first:
                columns, _ = columns_in_force(self._catalog, self._space, revision, self._texts, self._progress)
                self._first[slot] = revision.id, columns

    def tag(self, t: Transaction, vectors: Vectors) -> None:
        """Score the photos whose ids and embeddings these are. Where that cannot be done, a re-tag is pending."""
        stamps = t.scores.stamps(self._space.id)
        slots = {slot.name: slot for slot in t.slots.all()}
        for name in {"": None, **slots}:
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
                t.slots.mark_stale(name)

    def _begin(self, t: Transaction, name: str, slot: Slot | None) -> tuple[int, int] | None:
        """Begin the scoring of a slot that has none; None if its revision is another than the prepared one."""
        if name not in self._first:
            return None
        revision_id, first = self._first[name]
        if slot is None:
            t.slots.put_in_force(name, revision_id)
        elif slot.current is None or slot.current.revision_id != revision_id:
            # Another vocabulary was chosen in the meantime and has no vectors yet.
            return None
        made = t.scores.begin(self._space.id, revision_id, first.label_ids, first.offsets, complete=True, slot=name)
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
