"""Tagging: new photos as they are indexed, and all photos again when the vocabulary changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from store import Catalog, Revision, Space, Transaction, Vectors

from ..errors import Superseded
from ..texts import TextVectors
from .calibration import calibrate, complete, is_due
from .labels import LabelMatrix, cached_matrix, label_matrix
from .rule import TagRule
from .shown import rule_in_force

#: Photos between two commits of a re-tag.
_CHUNK = 4096


class StoredTagger:
    """Tags photos by their embeddings with one vocabulary revision, or the one that was put in force since.

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
        self._rule: TagRule | None = None
        self._labels: LabelMatrix | None = None

    def prepare(self) -> LabelMatrix:
        """Make the label vectors, which may take a text encoder and a while. Not within a transaction that writes."""
        if self._labels is None:
            self._labels = label_matrix(self._catalog, self._space, self._revision, self._texts, self._progress)
            complete(self._catalog, self._space, self._labels)
            with self._catalog.read() as t:
                self._rule = rule_in_force(t, self._space, self._revision)
        return self._labels

    def tag(self, t: Transaction, vectors: Vectors) -> None:
        """Make the automatic tags of the photos whose ids and embeddings these are what the vocabulary says."""
        self._follow(t)
        self.write(t, vectors, self.score(vectors))

    def score(self, vectors: Vectors) -> list[tuple[int, int, float]]:
        """The rows (photo, label, cosine) that are kept of these photos."""
        labels = self.prepare()
        rule = self._rule
        assert rule is not None
        cosines = labels.cosines(vectors.matrix)
        return [
            (photo_id, label_id, cosine)
            for photo_id, row in zip(vectors.ids.tolist(), cosines, strict=True)
            for label_id, cosine in rule.kept(labels.label_ids, row)
        ]

    def write(self, t: Transaction, vectors: Vectors, rows: list[tuple[int, int, float]]) -> int:
        """Keep *rows* as the automatic tags of these photos; returns how many tags changed."""
        # Some may have been pruned since their embeddings were read.
        there = t.photos.known(vectors.ids.tolist())
        kept = [row for row in rows if row[0] in there]
        return t.tags.replace_auto(self._space.id, [key for key in vectors.ids.tolist() if key in there], kept)

    def _follow(self, t: Transaction) -> None:
        # A re-tag beside this indexing looks only at photos that were there when it began.
        in_force = t.library.revision_id()
        if in_force is None or in_force == self._revision.id:
            return
        revision = t.vocabularies.revision(in_force)
        labels = cached_matrix(t, self._space, revision)
        if labels is None:
            t.library.set_retag_pending(True)
            return
        self._revision, self._labels = revision, labels
        self._rule = rule_in_force(t, self._space, revision)


@dataclass(frozen=True, slots=True)
class RetagReport:
    """What a re-tag did, and the seconds of its parts."""

    photos: int
    labels_encoded: int
    rows_changed: int
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
    calibrate_anew: bool = False,
) -> RetagReport:
    """Put *revision* in force and tag every photo with it from the stored embeddings. No picture is opened.

    *progress* is told photos done and photos in all, *text_progress* the same of labels' texts. If it is interrupted,
    the library owes a re-tag, and calling this again finishes it. Only rows that differ are written, and only
    automatic ones. A library that has outgrown its calibration is calibrated first, and any if *calibrate_anew*.
    Raises `Superseded` if another revision is put in force meanwhile; nothing is written after that.
    """
    started = time.perf_counter()
    labels = label_matrix(catalog, space, revision, texts, text_progress)
    encoded = time.perf_counter()
    with catalog.read() as t:
        is_outgrown = is_due(t, space)
    if is_outgrown or calibrate_anew:
        calibrate(catalog, space, labels)
    tagger = StoredTagger(catalog, space, revision, texts, text_progress)
    tagger.prepare()
    with catalog.write() as t:
        t.library.set_revision(revision.id)
        t.library.set_retag_pending(True)
        total = t.embeddings.count(space.id)
    photos = changed = 0
    scoring = 0.0
    # One view of all embeddings while the chunks are written: what is added meanwhile is tagged by who adds it.
    with catalog.read() as view:
        for vectors in view.embeddings.scan(space.id, _CHUNK):
            before = time.perf_counter()
            rows = tagger.score(vectors)
            scoring += time.perf_counter() - before
            with catalog.write() as t:
                _check_in_force(t, revision)
                changed += tagger.write(t, vectors, rows)
            photos += len(vectors)
            if progress is not None:
                progress(photos, total)
    with catalog.write() as t:
        _check_in_force(t, revision)
        changed += t.tags.drop_other_labels(labels.label_ids.tolist())
        t.library.set_retag_pending(False)
    seconds = time.perf_counter() - encoded
    return RetagReport(photos, labels.encoded, changed, encoded - started, scoring, seconds - scoring)


def _check_in_force(t: Transaction, revision: Revision) -> None:
    if t.library.revision_id() != revision.id:
        raise Superseded(revision.vocabulary)
