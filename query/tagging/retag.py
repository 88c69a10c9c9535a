"""All photos' tags again, when the vocabulary changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from store import Catalog, KeptScores, Revision, Scoring, Space, Transaction, Vectors

from ..errors import Superseded
from ..texts import TextVectors
from .amending import Amendment, amendment, differs
from .calibration import calibrate, is_due
from .labels import label_matrix
from .scoring import Columns, ExactScorer, Scorer, scorer_for
from .stored import columns_in_force

#: Photos between two commits of a re-tag.
_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class RetagReport:
    """What a re-tag did: `changed` photos have other scores than before; and the seconds of its parts."""

    photos: int
    labels_encoded: int
    changed: int
    encoding_seconds: float
    scoring_seconds: float
    writing_seconds: float


def retag(
    catalog: Catalog,
    space: Space,
    revision: Revision,
    texts: TextVectors,
    progress: Callable[[int, int], None] | None = None,
    text_progress: Callable[[int, int], None] | None = None,
    *,
    namespace: str = "",
    folders: Sequence[bytes] | None = None,
    calibrate_anew: bool = False,
    make_scorer: Callable[[Columns, int], Scorer] = scorer_for,
    rows: int = _CHUNK,
) -> RetagReport:
    """Tag every photo with *revision* from the stored embeddings, and put it in force. No picture is opened.

    It becomes the main vocabulary's, or that of *namespace*, whose labels are shown below *folders*, absolute:
    everywhere if there are none, and where they were before if it is None. Other namespaces stay as they are.

    Until all photos are tagged, and if it is interrupted, everything stays as it was; an interrupted one is owed, and
    calling this again goes on with it. A vocabulary that differs little from the one in force costs little. *progress*
    is told photos done and photos in all, *text_progress* the same of labels' texts. A library that has outgrown its
    calibration is calibrated first, and any if *calibrate_anew*. *rows* photos are scored and kept together.

    Raises `Superseded` if another re-tag begins in the namespace meanwhile, or the namespace is dropped.
    """
    started = time.perf_counter()
    with catalog.read() as t:
        place = _Place(namespace, folders, is_known=namespace in t.namespaces.names())
    if calibrate_anew or _is_due(catalog, space):
        calibrate(catalog, space, label_matrix(catalog, space, revision, texts, text_progress))
    columns, encoded = columns_in_force(catalog, space, revision, texts, text_progress)
    ready = time.perf_counter()
    work = _Retag(catalog, space, revision, columns, progress, place)
    if not work.amend():
        work.score_all(make_scorer, rows)
    seconds = time.perf_counter() - ready
    return RetagReport(work.photos, encoded, work.changed, ready - started, work.seconds, seconds - work.seconds)


def owed(t: Transaction, space: Space, namespace: str = "") -> int | None:
    """The revision that photos are to be tagged with and are not all; None if nothing is owed."""
    begun, in_force = t.scores.begun(space.id, namespace), t.library.revision_id(namespace)
    if begun is not None:
        return begun.revision_id
    current = t.scores.current(space.id, namespace)
    is_stale = current is not None and current.revision_id != in_force
    return in_force if is_stale or t.library.retag_pending(namespace) else None


def owing(t: Transaction, space: Space) -> dict[str, int]:
    """The namespaces that a re-tag is owed in, each with the revision of which it is; the main one's is empty."""
    found = {namespace: owed(t, space, namespace) for namespace in t.namespaces.names()}
    return {namespace: revision_id for namespace, revision_id in found.items() if revision_id is not None}


def _is_due(catalog: Catalog, space: Space) -> bool:
    with catalog.read() as t:
        return is_due(t, space)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a revision is to be in force; `is_known` if the namespace was there when that was asked for."""

    namespace: str
    folders: Sequence[bytes] | None
    is_known: bool


class _Retag:
    """One re-tag, and what it did so far."""

    def __init__(
        self,
        catalog: Catalog,
        space: Space,
        revision: Revision,
        columns: Columns,
        progress: Callable[[int, int], None] | None,
        place: _Place,
    ) -> None:
        self._catalog = catalog
        self._space = space
        self._revision = revision
        self._columns = columns
        self._progress = progress
        self._place = place
        self.photos = self.changed = 0
        self.seconds = 0.0

    def amend(self) -> bool:
        """Score what is new, in one transaction; returns False if too much is."""
        with self._catalog.write() as t:
            self._check_namespace(t)
            current = t.scores.current(self._space.id, self._place.namespace)
            change = None if current is None else amendment(current, self._columns)
            if current is None or change is None:
                return False
            self.photos = t.embeddings.count(self._space.id)
            if not change.is_empty:
                self._amend_photos(t, change)
            if not current.is_of(self._revision.id, self._columns.label_ids, self._columns.offsets):
                t.scores.amend(current, self._revision.id, self._columns.label_ids, self._columns.offsets)
            t.scores.give_up(self._space.id, self._place.namespace)
            self._put_in_force(t, current)
        return True

    def score_all(self, make_scorer: Callable[[Columns, int], Scorer], rows: int) -> None:
        """Make a scoring anew, in parts, and put it in force when it is whole."""
        with self._catalog.write() as t:
            self._check_namespace(t)
            columns = self._columns
            scoring = t.scores.begin(
                self._space.id, self._revision.id, columns.label_ids, columns.offsets, namespace=self._place.namespace
            )
            t.library.set_retag_pending(True, self._place.namespace)
            self._limit(t)
            total = len(t.scores.missing(scoring))
            self.photos = t.embeddings.count(self._space.id)
        scorer = make_scorer(self._columns, total)
        after = done = 0
        while True:
            with self._catalog.read() as t:
                photo_ids = t.scores.missing(scoring, after, rows)
                vectors = t.embeddings.get(self._space.id, photo_ids)
            if not photo_ids:
                break
            after = photo_ids[-1]
            kept = self._scored(scorer, vectors)
            with self._catalog.write() as t:
                self._check(t, scoring)
                self._put(t, scoring, kept)
            done += len(photo_ids)
            self._tell(done, total)
        with self._catalog.write() as t:
            self._check(t, scoring)
            t.scores.forget_changed(scoring)
            self._put_in_force(t, scoring)

    def _amend_photos(self, t: Transaction, change: Amendment) -> None:
        scorer, done = ExactScorer(self._columns), 0
        for held in t.scores.scan(change.old.id, _CHUNK):
            vectors = t.embeddings.get(self._space.id, held.photo_ids.tolist())
            there = np.isin(held.photo_ids, vectors.ids)
            t.scores.forget(change.old.id, held.photo_ids[~there].tolist())
            before = time.perf_counter()
            held = held.of(there)  # noqa: PLW2901 - what is left of it
            touched = change.touched(held, vectors)
            some, rows = held.of(touched), Vectors(vectors.ids[touched], vectors.matrix[touched])
            kept, doubtful = change.kept(some, rows)
            exact = scorer.kept(Vectors(rows.ids[doubtful], rows.matrix[doubtful]))
            if doubtful.all():
                kept = exact
            else:
                kept.label_ids[doubtful], kept.cosines[doubtful] = exact.label_ids, exact.cosines
            new = kept.of(differs(some, kept))
            self.seconds += time.perf_counter() - before
            t.scores.put(change.old.id, new)
            self.changed += len(new)
            done += len(held)
            self._tell(done, self.photos)

    def _put_in_force(self, t: Transaction, scoring: Scoring) -> None:
        """Tag what came meanwhile, and let the scoring and its revision be those of the library."""
        scorer = ExactScorer(self._columns)
        late = t.scores.missing(scoring)
        for start in range(0, len(late), _CHUNK):
            vectors = t.embeddings.get(self._space.id, late[start : start + _CHUNK])
            self._put(t, scoring, self._scored(scorer, vectors))
        t.scores.finish(scoring)
        t.library.set_revision(self._revision.id, self._place.namespace)
        t.library.set_retag_pending(False, self._place.namespace)
        self._limit(t)

    def _limit(self, t: Transaction) -> None:
        if self._place.folders is not None:
            t.namespaces.limit(self._place.namespace, self._place.folders)

    def _tell(self, done: int, total: int) -> None:
        if self._progress is not None:
            # More than there were may have come.
            self._progress(done, max(done, total))

    def _scored(self, scorer: Scorer, vectors: Vectors) -> KeptScores:
        before = time.perf_counter()
        kept = scorer.kept(vectors)
        self.seconds += time.perf_counter() - before
        return kept

    def _put(self, t: Transaction, scoring: Scoring, kept: KeptScores) -> None:
        # Some may have been pruned since their embeddings were read.
        known = t.photos.known(kept.photo_ids.tolist())
        there = np.isin(kept.photo_ids, np.fromiter(known, np.int64))
        self.changed += self._changed(t, scoring, kept.of(there))
        t.scores.put(scoring.id, kept.of(there))

    def _changed(self, t: Transaction, scoring: Scoring, kept: KeptScores) -> int:
        current = t.scores.current(self._space.id, self._place.namespace)
        if current is None or current.id == scoring.id:
            return len(kept)
        before = t.scores.of(current.id, kept.photo_ids.tolist())
        both = np.isin(kept.photo_ids, before.photo_ids)
        return int((~both).sum()) + int(differs(before, kept.of(both)).sum())

    def _check_namespace(self, t: Transaction) -> None:
        """It may have been dropped while labels were encoded."""
        if self._place.is_known and self._place.namespace not in t.namespaces.names():
            raise Superseded(self._revision.vocabulary)

    def _check(self, t: Transaction, scoring: Scoring) -> None:
        if not t.scores.is_there(scoring.id):
            raise Superseded(self._revision.vocabulary)
