"""All photos' tags again, when the vocabulary changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

from query.errors import Superseded
from query.similarity import TextVectors
from query.tagging.effective.pending_retag import target_revision_id
from query.tagging.learning.calibration import calibrate, is_due
from store import Catalog, KeptScores, LeastRanks, Revision, Scoring, Space, Transaction, Vectors

from .amendment import amendment
from .label_matrix import label_matrix
from .scorer import Columns, ExactScorer, Scorer, scorer_for
from .stored_tagger import columns_in_force
from .update import Update

#: Photos between two commits of a re-tag.
_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class RetagReport:
    """What a re-tag did: `changed` photos have other scores than before; and the seconds of its parts.

    Writing is what is left beside scoring, at which two or three threads may be at once.
    """

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
    if_wanted: bool = False,
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

    Raises `Superseded` if another re-tag begins in the namespace meanwhile, or the namespace is dropped; and before
    anything is scored, with *if_wanted*, if photos are no longer to be tagged with *revision*: see `owing.aim`.
    """
    started = time.perf_counter()
    with catalog.read() as t:
        # Examples may have come since the labels' vectors were made.
        revision = t.vocabularies.as_now(revision)
        place = _Place(namespace, folders, is_known=namespace in t.namespaces.names(), if_wanted=if_wanted)
    if calibrate_anew or _is_due(catalog, space):
        calibrate(catalog, space, label_matrix(catalog, space, revision, texts, text_progress))
    columns, encoded = columns_in_force(catalog, space, revision, texts, text_progress)
    ready = time.perf_counter()
    work = _Retag(catalog, space, revision, columns, progress, place)
    if not work.amend():
        work.score_all(make_scorer, rows)
    seconds = time.perf_counter() - ready
    return RetagReport(work.photos, encoded, work.changed, ready - started, work.seconds, seconds - work.seconds)


def _is_due(catalog: Catalog, space: Space) -> bool:
    with catalog.read() as t:
        return is_due(t, space)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a revision is to be in force, perhaps only `if_wanted`.

    `is_known` if the namespace was there when that was asked for.
    """

    namespace: str
    folders: Sequence[bytes] | None
    is_known: bool
    if_wanted: bool


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
        #: Of the photos that were scored or looked at.
        self._least = LeastRanks()

    def amend(self) -> bool:
        """Score what is new, in one transaction; returns False if too much is."""
        with self._catalog.write() as t:
            self._check_place(t)
            current = t.scores.current(self._space.id, self._place.namespace)
            change = None if current is None else amendment(current, self._columns)
            if current is None or change is None:
                return False
            self.photos = t.embeddings.count(self._space.id)
            update = Update(self._space, self._columns, change, lambda done: self._tell(done, self.photos))
            late = update.run(t)
            self.changed, self.seconds = update.changed, update.seconds
            if not current.is_of(self._revision.id, self._columns.label_ids, self._columns.offsets):
                t.scores.amend(current, self._revision.id, self._columns.label_ids, self._columns.offsets)
            t.scores.give_up(self._space.id, self._place.namespace)
            self.changed += self._tag(t, current, late)
            self._put_in_force(t, current)
        return True

    def score_all(self, make_scorer: Callable[[Columns, int], Scorer], rows: int) -> None:
        """Make a scoring anew, in parts, and put it in force when it is whole."""
        with self._catalog.write() as t:
            self._check_place(t)
            columns, namespace = self._columns, self._place.namespace
            begun = t.scores.begun(self._space.id, namespace)
            scoring = t.scores.begin(
                self._space.id, self._revision.id, columns.label_ids, columns.offsets, namespace=namespace
            )
            t.library.set_retag_pending(True, namespace)
            self._limit(t)
            total = t.scores.count_missing(scoring)
            self.photos = t.embeddings.count(self._space.id)
        is_continued = begun is not None and begun.id == scoring.id
        done = 0
        with closing(self._scored_pages(scoring, make_scorer(columns, total), rows)) as pages:
            for count, kept in pages:
                with self._catalog.write() as t:
                    if self._is_done_by_another(t, scoring):
                        return
                    self._put(t, scoring, kept)
                done += count
                self._tell(done, total)
        with self._catalog.write() as t:
            if self._is_done_by_another(t, scoring):
                return
            t.scores.forget_changed(scoring)
            # They were pruned after their embeddings had been read.
            t.scores.forget_deleted(scoring)
            self._tag(t, scoring, t.scores.missing(scoring))
            self.changed = t.scores.count_changed(scoring, t.scores.current(self._space.id, self._place.namespace))
            if not is_continued:
                t.scores.keep_least_ranks(scoring, self._least)
            self._put_in_force(t, scoring)

    def _scored_pages(self, scoring: Scoring, scorer: Scorer, rows: int) -> Generator[tuple[int, KeptScores]]:
        """What is kept of the photos that have no scores yet, each time with the number of photos looked at.

        While one page is written, the next is scored.
        """
        after, coming = 0, None
        with ThreadPoolExecutor(1, "retag") as beside:
            while True:
                with self._catalog.read() as t:
                    photo_ids = t.scores.missing(scoring, after, rows)
                    vectors = t.embeddings.get(self._space.id, photo_ids)
                following = beside.submit(self._scored, scorer, vectors) if photo_ids else None
                if coming is not None:
                    yield coming[0], coming[1].result()
                if following is None:
                    return
                after, coming = photo_ids[-1], (len(photo_ids), following)

    def _tag(self, t: Transaction, scoring: Scoring, photo_ids: Sequence[int]) -> int:
        """Score photos that came meanwhile; returns how many that could be."""
        tagged = 0
        for start in range(0, len(photo_ids), _CHUNK):
            vectors = t.embeddings.get(self._space.id, photo_ids[start : start + _CHUNK])
            self._put(t, scoring, self._scored(ExactScorer(self._columns), vectors))
            tagged += len(vectors)
        return tagged

    def _put_in_force(self, t: Transaction, scoring: Scoring) -> None:
        """Let the scoring and its revision be those of the library."""
        t.scores.finish(scoring)
        t.library.set_revision(self._revision.id, self._place.namespace)
        t.vocabularies.relabel(self._revision)
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
        t.scores.put(scoring.id, kept)
        self._least.note(kept.photo_ids, scoring.ranks(kept))

    def _check_place(self, t: Transaction) -> None:
        """While labels were encoded, the namespace may have been dropped, or another revision put there."""
        place = self._place
        is_dropped = place.is_known and place.namespace not in t.namespaces.names()
        if is_dropped or (place.if_wanted and target_revision_id(t, self._space, place.namespace) != self._revision.id):
            raise Superseded(self._revision.vocabulary)

    def _is_done_by_another(self, t: Transaction, scoring: Scoring) -> bool:
        """Whether another process, which was at the same scoring, has put it in force: what may come next is not ours.

        Raises `Superseded` if the scoring was given up, or changed since.
        """
        begun = t.scores.begun(self._space.id, self._place.namespace)
        if begun is not None and begun.id == scoring.id:
            return False
        stamp = t.scores.stamp(self._space.id, self._place.namespace)
        if begun is not None or stamp != (scoring.id, scoring.edition):
            raise Superseded(self._revision.vocabulary)
        return True
