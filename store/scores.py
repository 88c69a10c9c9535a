"""The automatic tags: for every photo the labels that suit it best, with their cosines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, delete, exists, insert, select, update

from . import schema
from .changes import PUT, latest
from .chunks import among, chunks
from .dialect import replacing
from .records import KeptScores, Scoring

_scoring, _scores, _embedding, _log = (
    schema.scoring,
    schema.photo_scores,
    schema.embedding,
    schema.embedding_change,
)
_PUT = replacing(_scores, ["scoring_id", "photo_id"], ["label_ids", "cosines"])
_COLUMNS = (_scores.c.photo_id, _scores.c.label_ids, _scores.c.cosines)


class Scores:
    """What scorings kept. The newest complete scoring of a space is in force; an incomplete one is being made.

    A scoring has the same number of labels for every photo.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def stamp(self, space_id: int) -> tuple[int, int] | None:
        """What tells the scoring in force from any other state of it; None if there is none."""
        row = self._connection.execute(
            select(_scoring.c.id, _scoring.c.edition)
            .where(_scoring.c.space_id == space_id, _scoring.c.complete)
            .order_by(_scoring.c.id.desc())
            .limit(1)
        ).one_or_none()
        return None if row is None else (row.id, row.edition)

    def current(self, space_id: int) -> Scoring | None:
        """The scoring in force, if there is one."""
        return self._newest(space_id, complete=True)

    def begun(self, space_id: int) -> Scoring | None:
        """The scoring that is being made, or that was when the making was interrupted."""
        return self._newest(space_id, complete=False)

    def is_there(self, scoring_id: int) -> bool:
        """Whether the scoring was not given up for another one."""
        return self._connection.execute(select(_scoring.c.id).where(_scoring.c.id == scoring_id)).first() is not None

    def begin(
        self,
        space_id: int,
        revision_id: int,
        label_ids: NDArray[np.int64],
        offsets: NDArray[np.float64],
        *,
        complete: bool = False,
    ) -> Scoring:
        """A scoring without photos, of these labels (k,), ascending, each ranked by its cosine less its offset (k,).

        One that was begun of the same is taken up again; others that were begun are given up.
        """
        begun = self.begun(space_id)
        if begun is not None and not complete and begun.is_of(revision_id, label_ids, offsets):
            return begun
        self.give_up(space_id)
        values = {
            "space_id": space_id,
            "revision_id": revision_id,
            "edition": 0,
            "label_ids": _packed(label_ids, "<i8"),
            "offsets": _packed(offsets, "<f8"),
            "change_seq": latest(self._connection, space_id).seq,
            "complete": complete,
        }
        key = self._connection.execute(insert(_scoring).values(values)).inserted_primary_key
        assert key is not None
        return Scoring(int(key[0]), 0, space_id, revision_id, label_ids, offsets)

    def amend(
        self, scoring: Scoring, revision_id: int, label_ids: NDArray[np.int64], offsets: NDArray[np.float64]
    ) -> None:
        """The scoring's rows are from now on those of other labels. Whoever says so has seen to the rows."""
        self._connection.execute(
            update(_scoring)
            .where(_scoring.c.id == scoring.id)
            .values(
                revision_id=revision_id,
                edition=scoring.edition + 1,
                label_ids=_packed(label_ids, "<i8"),
                offsets=_packed(offsets, "<f8"),
            )
        )

    def finish(self, scoring: Scoring) -> None:
        """Put the scoring in force, and delete the others of its space."""
        self._connection.execute(update(_scoring).where(_scoring.c.id == scoring.id).values(complete=True))
        others = select(_scoring.c.id).where(_scoring.c.space_id == scoring.space_id, _scoring.c.id != scoring.id)
        self._delete(self._connection.execute(others).scalars())

    def give_up(self, space_id: int) -> None:
        """Delete what was begun and not finished."""
        begun = select(_scoring.c.id).where(_scoring.c.space_id == space_id, ~_scoring.c.complete)
        self._delete(self._connection.execute(begun).scalars())

    def put(self, scoring_id: int, kept: KeptScores) -> None:
        """Keep these scores of photos, which must exist, in place of those that they have."""
        label_ids, cosines = kept.label_ids.astype("<i4"), kept.cosines.astype("<f4")
        rows = [
            {"scoring_id": scoring_id, "photo_id": photo_id, "label_ids": ids.tobytes(), "cosines": scores.tobytes()}
            for photo_id, ids, scores in zip(kept.photo_ids.tolist(), label_ids, cosines, strict=True)
        ]
        if rows:
            self._connection.execute(_PUT, rows)

    def of(self, scoring_id: int, photo_ids: Sequence[int]) -> KeptScores:
        """The scores of these photos, by photo; those that have none are left out."""
        rows: list[Any] = []
        for some in chunks(photo_ids):
            asked = set(some)
            found = self._connection.execute(
                select(*_COLUMNS).where(_scores.c.scoring_id == scoring_id, among(_scores.c.photo_id, some))
            )
            rows += [row for row in found if row.photo_id in asked]
        return _kept(rows)

    def scan(self, scoring_id: int, rows: int = 4096) -> Iterator[KeptScores]:
        """The scores of all photos, by ascending photo, at most *rows* at a time."""
        last = 0
        while True:
            page = select(*_COLUMNS).where(_scores.c.scoring_id == scoring_id, _scores.c.photo_id > last)
            # From the driver's own cursor: to wrap each row takes longer than to read it.
            cursor = self._connection.execute(page.order_by(_scores.c.photo_id).limit(rows)).cursor
            assert cursor is not None
            read = cursor.fetchall()
            if not read:
                return
            last = read[-1][0]
            yield _kept(read)

    def missing(self, scoring: Scoring, after: int = 0, limit: int | None = None) -> list[int]:
        """Photos that have an embedding and no scores, by ascending id beyond *after*."""
        scored = exists().where(_scores.c.scoring_id == scoring.id, _scores.c.photo_id == _embedding.c.photo_id)
        query = select(_embedding.c.photo_id).where(
            _embedding.c.space_id == scoring.space_id, _embedding.c.photo_id > after, ~scored
        )
        return list(self._connection.execute(query.order_by(_embedding.c.photo_id).limit(limit)).scalars())

    def forget(self, scoring_id: int, photo_ids: Sequence[int]) -> None:
        """Delete the scores of these photos."""
        for some in chunks(photo_ids):
            self._connection.execute(
                delete(_scores).where(_scores.c.scoring_id == scoring_id, _scores.c.photo_id.in_(some))
            )

    def forget_changed(self, scoring: Scoring) -> None:
        """Delete the scores of photos whose embeddings changed after the scoring was begun."""
        since = select(_scoring.c.change_seq).where(_scoring.c.id == scoring.id).scalar_subquery()
        changed = select(_log.c.photo_id).where(
            _log.c.space_id == scoring.space_id, _log.c.seq > since, _log.c.op == PUT
        )
        self.forget(scoring.id, list(self._connection.execute(changed.distinct()).scalars()))

    def _newest(self, space_id: int, *, complete: bool) -> Scoring | None:
        query: Select[tuple[object, ...]] = select(_scoring).where(
            _scoring.c.space_id == space_id, _scoring.c.complete.is_(complete)
        )
        row = self._connection.execute(query.order_by(_scoring.c.id.desc()).limit(1)).one_or_none()
        if row is None:
            return None
        label_ids, offsets = np.frombuffer(row.label_ids, "<i8"), np.frombuffer(row.offsets, "<f8")
        return Scoring(
            row.id, row.edition, row.space_id, row.revision_id, label_ids.astype(np.int64), offsets.astype(np.float64)
        )

    def _delete(self, scoring_ids: Iterable[int]) -> None:
        for scoring_id in list(scoring_ids):
            self._connection.execute(delete(_scores).where(_scores.c.scoring_id == scoring_id))
            self._connection.execute(delete(_scoring).where(_scoring.c.id == scoring_id))


def _packed(numbers: NDArray[np.int64] | NDArray[np.float64], dtype: str) -> bytes:
    return numbers.astype(dtype).tobytes()


def _kept(rows: Sequence[Any]) -> KeptScores:
    """Of rows of photo, labels and cosines."""
    photo_ids = np.array([row[0] for row in rows], np.int64)
    width = len(rows[0][2]) // 4 if rows else 0
    label_ids = np.frombuffer(b"".join([row[1] for row in rows]), "<i4").reshape(len(rows), width)
    cosines = np.frombuffer(b"".join([row[2] for row in rows]), "<f4").reshape(len(rows), width)
    order = np.argsort(photo_ids)
    return KeptScores(photo_ids[order], label_ids.astype(np.int64)[order], cosines.astype(np.float32)[order])
