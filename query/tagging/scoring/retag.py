"""Re-tags: all photos are scored again from their stored embeddings, and a revision is put in force."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from query.errors import Superseded
from query.similarity import TextVectors
from query.tagging.effective.description_tags import follow_vocabularies, limit_slot, words_in_force
from query.tagging.learning.calibration import calibrate, is_due
from query.tagging.learning.label_matrix import label_matrix
from store import MAIN_SLOT, Catalog, Revision, Scoring, Space, Target, Transaction

from .amendment import Amendment, Rescoring, amendment
from .parts import Parts, scorer_for
from .scorer import Columns, ExactScorer, Scorer, columns_in_force
from .units import ScoringUnit, units_of

#: Photos between two commits of a re-tag.
_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class RetagReport:
    """Result of a re-tag: `changed` photos have other scores than before; and the seconds of its parts.

    Writing is the rest of the time. Scoring runs at the same time, on two or three threads at most. Of a re-tag by
    workers, `changed` is None, and scoring is all that they did.
    """

    photos: int
    labels_encoded: int
    changed: int | None
    encoding_seconds: float
    scoring_seconds: float
    writing_seconds: float


@dataclass(frozen=True, slots=True)
class BegunRetag:
    """A re-tag that was begun, with its units, the labels that were encoded for it, and the seconds that took."""

    units: Sequence[ScoringUnit]
    labels_encoded: int
    encoding_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RetagOptions:
    """The slot of a re-tag, and the way it is done."""

    slot: str = MAIN_SLOT
    #: Absolute folders below which the labels are shown: everywhere if there are none, as before if None.
    folders: Sequence[bytes] | None = None
    #: Calibrate first, even a library that has not outgrown its calibration.
    calibrate_anew: bool = False
    #: Raise `Superseded` unless the revision is the slot's target already.
    only_if_target: bool = False
    #: Photos that are scored and kept together.
    rows: int = _CHUNK
    #: Makes the scorer of columns for that number of photos.
    make_scorer: Callable[[Columns, int], Scorer] = scorer_for


def retag(
    catalog: Catalog,
    space: Space,
    revision: Revision,
    texts: TextVectors,
    options: RetagOptions = RetagOptions(),
    *,
    progress: Callable[[int, int], None] | None = None,
    text_progress: Callable[[int, int], None] | None = None,
) -> RetagReport:
    """Tag every photo with *revision* from the stored embeddings, and put it in force. No picture is opened.

    It becomes the slot's target at once, and its current revision when all photos are tagged; other slots stay as they
    are. Until all photos are tagged, their tags stay as they were. An interrupted re-tag is pending, and calling this
    again continues it. A vocabulary that differs little from the one in force costs little. A library that has outgrown
    its calibration is calibrated first. *progress* gets the number of photos done and of all, *text_progress* the same
    of labels' texts. Raises `Superseded` if the slot gets another target or is dropped before the end.
    """
    started = time.perf_counter()
    work, encoded = _prepared(catalog, space, revision, texts, options, text_progress)
    ready = time.perf_counter()
    work.run(options.make_scorer, options.rows, progress)
    seconds = time.perf_counter() - ready
    return RetagReport(work.photos, encoded, work.changed, ready - started, work.seconds, seconds - work.seconds)


def retag_units(
    catalog: Catalog,
    space: Space,
    revision: Revision,
    texts: TextVectors,
    defer: Callable[[Transaction, Sequence[ScoringUnit]], None],
    options: RetagOptions = RetagOptions(),
    *,
    text_progress: Callable[[int, int], None] | None = None,
) -> BegunRetag:
    """Begin what `retag` does, and return the units of the scoring, which `UnitScorer` scores on any machine.

    *defer* gets them in the transaction that begins the scoring. There are none if nothing is to be scored, or so
    little that `retag` had better do it alone. In any case `retag` puts the revision in force: it goes on with the
    scoring, and scores what was left. Raises `Superseded` as `retag` does.
    """
    started = time.perf_counter()
    work, encoded = _prepared(catalog, space, revision, texts, options, text_progress)
    ready = time.perf_counter()
    return BegunRetag(work.begin_units(defer), encoded, ready - started)


def _prepared(
    catalog: Catalog,
    space: Space,
    revision: Revision,
    texts: TextVectors,
    options: RetagOptions,
    text_progress: Callable[[int, int], None] | None,
) -> tuple[_Retag, int]:
    """A re-tag whose target is set and whose labels have vectors and are measured, and the number that was encoded."""
    slot = options.slot
    with catalog.write() as t:
        if options.only_if_target:
            _target(t, space, slot, revision)
        # Before anything that scores depend on is read: what changes after this stays pending.
        target = t.slots.of(space.id).set_target(slot, revision.id)
        if options.folders is not None:
            limit_slot(t, slot, options.folders)
        # Examples may have come since the labels' vectors were made.
        revision = t.vocabularies.as_now(revision)
        is_calibrated = not (options.calibrate_anew or is_due(t, space))
    if not is_calibrated:
        calibrate(catalog, space, label_matrix(catalog, space, revision, texts, text_progress))
        with catalog.read() as t:
            target, revision = _target(t, space, slot, revision), t.vocabularies.as_now(revision)
    columns, encoded = columns_in_force(catalog, space, revision, texts, text_progress)
    return _Retag(catalog, space, revision, columns, slot, target), encoded


def _target(t: Transaction, space: Space, name: str, revision: Revision) -> Target:
    """The target of the slot in *space*. Raises `Superseded` if that is no longer *revision*, or the slot is gone."""
    slot = t.slots.of(space.id).get(name)
    if slot is None or slot.target.revision_id != revision.id:
        raise Superseded(revision.vocabulary)
    return slot.target


class _Retag:
    """One re-tag, with its results so far."""

    def __init__(
        self,
        catalog: Catalog,
        space: Space,
        revision: Revision,
        columns: Columns,
        slot: str,
        target: Target,
    ) -> None:
        self._catalog = catalog
        self._space = space
        self._revision = revision
        self._columns = columns
        self._labels = columns.label_ids, columns.offsets
        self._slot = slot
        self._target = target
        self.photos = self.changed = 0
        self.seconds = 0.0
        self._progress: Callable[[int, int], None] | None = None

    def begin_units(self, defer: Callable[[Transaction, Sequence[ScoringUnit]], None]) -> Sequence[ScoringUnit]:
        """Begin to score all photos, if that costs least, and return the units; none if there is less to do."""
        with self._catalog.read() as t:
            old = t.scores.current(self._space.id, self._slot)
        if old is not None and amendment(old, self._columns) is not None:
            return ()
        with self._catalog.write() as t:
            units = units_of(t, self._begin(t))
            defer(t, units)
        return units

    def run(
        self,
        make_scorer: Callable[[Columns, int], Scorer],
        rows: int,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        """Score all photos, in the way that costs least, and put the revision in force."""
        self._progress = progress
        with self._catalog.read() as t:
            self.photos = t.embeddings.count(self._space.id)
            old = t.scores.current(self._space.id, self._slot)
        change = None if old is None else amendment(old, self._columns)
        if change is None:
            is_done = self._score_all(make_scorer, rows)
        elif not change.is_empty:
            is_done = self._amend(change, rows)
        else:
            is_done = self._complete()
        if not is_done:
            # Another process was quicker with the same scores. It may have begun for an earlier target.
            self._complete()

    def _complete(self) -> bool:
        """Score the photos that have no scores, if the current scoring has the wanted labels."""
        with self._catalog.read() as t:
            ranges = t.scores.missing_ranges(self._current(t))
        if sum(each.photos for each in ranges) >= _CHUNK:
            for each in ranges:
                with self._catalog.write() as t:
                    scoring = self._current(t)
                    self._score(t, scoring, t.scores.missing(scoring, each.first - 1, each.last))
        with self._catalog.write() as t:
            scoring = self._current(t)
            self._score(t, scoring, t.scores.missing(scoring))
            self._put_in_force(t, scoring)
        return True

    def _current(self, t: Transaction) -> Scoring:
        """The scoring in force. Raises `Superseded` unless it has the wanted labels."""
        self._check_target(t)
        scoring = t.scores.current(self._space.id, self._slot)
        if scoring is None or not scoring.is_of(scoring.revision_id, *self._labels):
            raise Superseded(self._revision.vocabulary)
        return scoring

    def _amend(self, change: Amendment, rows: int) -> bool:
        """Score the photos that the change of labels affects, in parts, and put the result in force when complete.

        Returns False if another process has done it.
        """
        rescoring = Rescoring(self._catalog, self._space, self._columns, change, rows)
        with self._catalog.write() as t:
            begun = self._begin(t)
        done = 0
        for count, kept in rescoring.parts():
            with self._catalog.write() as t:
                if self._is_done_by_another(t, begun):
                    return False
                t.scores.put(begun.id, kept)
            self.changed += len(kept)
            done += count
            self._report(done, self.photos)
        with self._catalog.write() as t:
            if self._is_done_by_another(t, begun):
                return False
            self._merge(t, change.old, begun, rescoring)
            self._put_in_force(t, change.old)
        self.seconds = rescoring.seconds
        return True

    def _merge(self, t: Transaction, old: Scoring, begun: Scoring, rescoring: Rescoring) -> None:
        """Bring the rows of *old* up to date by those of *begun*, and by what has changed since that was begun."""
        changed, least = t.scores.changed(begun), rescoring.least
        # Their labels may be none of the scoring's any more.
        t.scores.forget(old.id, rescoring.unreadable)
        least.forget(np.array(rescoring.unreadable, np.int64))
        t.scores.forget(begun.id, changed.tolist())
        # They were pruned after their embeddings had been read.
        t.scores.forget_deleted(begun)
        t.scores.merge(begun, old)
        there = t.embeddings.stored_ids(self._space.id)
        gone = np.setdiff1d(least.photo_ids(), there, assume_unique=True)
        t.scores.forget(old.id, gone.tolist())
        least.forget(gone)
        unscored = np.setdiff1d(there, least.photo_ids(), assume_unique=True)
        late = np.union1d(np.intersect1d(changed, there, assume_unique=True), unscored).tolist()
        for start in range(0, len(late), _CHUNK):
            kept = rescoring.scored(t.embeddings.get(self._space.id, late[start : start + _CHUNK]))
            t.scores.put(old.id, kept)
            self.changed += len(kept)
        t.scores.keep_least_ranks(old, least)

    def _score_all(self, make_scorer: Callable[[Columns, int], Scorer], rows: int) -> bool:
        """Make a new scoring, in parts, and put it in force when complete; False if another process has done it."""
        with self._catalog.write() as t:
            scoring = self._begin(t)
            total = sum(each.photos for each in t.scores.missing_ranges(scoring))
        scorer, done = make_scorer(self._columns, total), 0
        parts = Parts(self._catalog, scoring, scorer, rows, lambda t: not self._is_done_by_another(t, scoring))
        with closing(parts.store()) as stored:
            for count in stored:
                done += count
                self._report(done, total)
        self.seconds += parts.seconds
        if parts.is_left:
            return False
        with self._catalog.write() as t:
            if self._is_done_by_another(t, scoring):
                return False
            t.scores.forget_changed(scoring)
            # They were pruned after their embeddings had been read.
            t.scores.forget_deleted(scoring)
            self._score(t, scoring, t.scores.missing(scoring))
            self.changed = t.scores.count_changed(scoring, t.scores.current(self._space.id, self._slot))
            t.scores.complete_least_ranks(scoring)
            self._put_in_force(t, scoring)
        return True

    def _begin(self, t: Transaction) -> Scoring:
        self._check_target(t)
        return t.scores.begin(self._space.id, self._slot, self._revision.id, *self._labels)

    def _score(self, t: Transaction, scoring: Scoring, photo_ids: Sequence[int]) -> None:
        """Score photos that came in the meantime."""
        before, scorer = time.perf_counter(), ExactScorer(self._columns)
        for start in range(0, len(photo_ids), _CHUNK):
            vectors = t.embeddings.get(self._space.id, photo_ids[start : start + _CHUNK])
            t.scores.put(scoring.id, scorer.kept(vectors))
            self.changed += len(vectors)
        self.seconds += time.perf_counter() - before

    def _put_in_force(self, t: Transaction, scoring: Scoring) -> None:
        """Let the scoring and its revision be the slot's current ones, and tags out of descriptions follow."""
        before = words_in_force(t)
        if not scoring.is_of(self._revision.id, *self._labels):
            t.scores.amend(scoring, self._revision.id, *self._labels)
        t.scores.finish(scoring)
        t.vocabularies.relabel(self._revision)
        t.slots.of(self._space.id).set_current(self._slot, self._target)
        follow_vocabularies(t, before)

    def _report(self, done: int, total: int) -> None:
        if self._progress is not None:
            # More photos may have come since.
            self._progress(done, max(done, total))

    def _check_target(self, t: Transaction) -> None:
        """Raise `Superseded` if the slot has another target now, or was dropped: one made again has a lower version."""
        if _target(t, self._space, self._slot, self._revision).version < self._target.version:
            raise Superseded(self._revision.vocabulary)

    def _is_done_by_another(self, t: Transaction, begun: Scoring) -> bool:
        """Return whether another process, which worked on the same scoring, has put it in force.

        Raises `Superseded` if photos are to be tagged with another revision, or the scoring was given up.
        """
        self._check_target(t)
        now = t.scores.begun(self._space.id, self._slot)
        if now is not None and now.id == begun.id:
            return False
        current = t.scores.current(self._space.id, self._slot)
        is_same = current is not None and current.is_of(self._revision.id, *self._labels)
        if now is not None or not is_same:
            raise Superseded(self._revision.vocabulary)
        return True
