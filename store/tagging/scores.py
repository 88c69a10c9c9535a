"""The automatic tags: for every photo the labels that suit it best, with their cosines."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    type_coerce,
    update,
)

from store.embeddings.embeddings import PUT, latest_change
from store.records import IdRange, PhotoScores, Scoring
from store.sql import schema
from store.sql.dialect import among, chunks, contains, hold, plain_cursor, put_rows, upsert, whole_joins

from .least_ranks import PAGE, LeastRanks, forget_least_ranks, put_least_ranks, read_least_ranks

_scoring, _scores, _least, _embedding, _log = (
    schema.scoring,
    schema.photo_scores,
    schema.least_rank,
    schema.embedding,
    schema.embedding_change,
)
#: The columns that `_kept_of` reads and `_rows_of` writes.
_COLUMNS = (_scores.c.photo_id, _scores.c.label_ids, _scores.c.cosines)
_BYTES = 4
_KEY = ("scoring_id", "photo_id")
_VALUES = ("label_ids", "cosines")
#: Searching the rows for more labels takes longer than reading all rows.
_SOUGHT = 3
_OF_PAGE = select(*_COLUMNS).where(
    _scores.c.scoring_id == bindparam("scoring"), _scores.c.photo_id.between(bindparam("first"), bindparam("last"))
)


class Scores:
    """Scorings and their rows. The newest complete one of a space and a slot is in force; an incomplete one is begun.

    A scoring has the same number of labels for every photo.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def stamp(self, space_id: int, slot: str) -> tuple[int, int] | None:
        """The id and the edition of the scoring in force, which identify its state; None if there is none."""
        return self.stamps(space_id).get(slot)

    def stamps(self, space_id: int) -> dict[str, tuple[int, int]]:
        """The stamp of every slot that has a scoring in force."""
        rows = self._connection.execute(
            select(_scoring.c.slot, _scoring.c.id, _scoring.c.edition)
            .where(_scoring.c.space_id == space_id, _scoring.c.complete)
            .order_by(_scoring.c.id)
        )
        return {row.slot: (row.id, row.edition) for row in rows}

    def current(self, space_id: int, slot: str) -> Scoring | None:
        """The scoring in force, if there is one."""
        return self._newest(space_id, slot, complete=True)

    def begun(self, space_id: int, slot: str) -> Scoring | None:
        """The scoring that is being made, or was being made at an interruption."""
        return self._newest(space_id, slot, complete=False)

    def is_complete(self, scoring_id: int) -> bool | None:
        """Return whether the scoring is complete; None if it is not there any more."""
        return self._connection.execute(select(_scoring.c.complete).where(_scoring.c.id == scoring_id)).scalar()

    def begin(
        self,
        space_id: int,
        slot: str,
        revision_id: int,
        label_ids: NDArray[np.int64],
        offsets: NDArray[np.float64],
        *,
        complete: bool = False,
    ) -> Scoring:
        """A scoring without photos, of these labels (k,), ascending, each ranked by its cosine less its offset (k,).

        One that was begun of the same is taken up again, with what `changed` since it was begun: another process may
        still be at it, and store scores of embeddings that it read before. Others that were begun in the slot are given
        up.
        """
        begun = self.begun(space_id, slot)
        if begun is not None and not complete and begun.is_of(revision_id, label_ids, offsets):
            return begun
        self.give_up(space_id, slot)
        values = {
            "space_id": space_id,
            "slot": slot,
            "revision_id": revision_id,
            "edition": 0,
            "label_ids": _packed(label_ids, "<i8"),
            "offsets": _packed(offsets, "<f8"),
            "change_seq": latest_change(self._connection, space_id).seq,
            "complete": complete,
        }
        key = self._connection.execute(insert(_scoring).values(values)).inserted_primary_key
        assert key is not None
        return Scoring(int(key[0]), 0, space_id, revision_id, label_ids, offsets, slot)

    def amend(
        self, scoring: Scoring, revision_id: int, label_ids: NDArray[np.int64], offsets: NDArray[np.float64]
    ) -> None:
        """Record that the scoring is of other labels now. The caller must have updated its rows already."""
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
        """Put the scoring in force, and delete the others of its space and slot."""
        self._connection.execute(update(_scoring).where(_scoring.c.id == scoring.id).values(complete=True))
        mine = (_scoring.c.space_id == scoring.space_id, _scoring.c.slot == scoring.slot)
        others = select(_scoring.c.id).where(*mine, _scoring.c.id != scoring.id)
        self._delete(self._connection.execute(others).scalars())

    def give_up(self, space_id: int, slot: str) -> None:
        """Delete unfinished scorings of the slot."""
        mine = (_scoring.c.space_id == space_id, _scoring.c.slot == slot)
        begun = select(_scoring.c.id).where(*mine, ~_scoring.c.complete)
        self._delete(self._connection.execute(begun).scalars())

    def drop(self, slot: str) -> None:
        """Delete every scoring of the slot, in all spaces, with its rows."""
        every = select(_scoring.c.id).where(_scoring.c.slot == slot)
        self._delete(self._connection.execute(every).scalars())

    def withdraw(self, space_id: int) -> None:
        """Let no scoring of the space be in force; those that were are begun, and can be finished."""
        self._connection.execute(update(_scoring).where(_scoring.c.space_id == space_id).values(complete=False))

    def drop_in(self, space_id: int) -> None:
        """Delete every scoring of the space, in all slots, with its rows."""
        every = select(_scoring.c.id).where(_scoring.c.space_id == space_id)
        self._delete(self._connection.execute(every).scalars())

    def put(self, scoring_id: int, kept: PhotoScores) -> None:
        """Store these scores of photos in place of earlier ones.

        A caller that is not sure that the photos exist must call `forget_deleted` later.
        """
        rows = [(scoring_id, *row) for row in _rows_of(kept)]
        if rows:
            put_rows(self._connection, _scores, _KEY, _VALUES, rows)
            forget_least_ranks(self._connection, scoring_id, kept.photo_ids.tolist())

    def put_part(self, scoring: Scoring, kept: PhotoScores) -> None:
        """Store these scores of photos of a begun scoring as `put` does, and keep the least ranks of their pages.

        Processes may do so beside each other, even with the same photos: each has the pages in hand until its
        transaction ends.
        """
        pages = np.unique(kept.photo_ids // PAGE).tolist()
        for page in pages:
            hold(self._connection, scoring.id, page)
        least = read_least_ranks(self._connection, scoring.id, pages)
        fresh = [page for page in pages if page not in least.pages() and not self._has_rows(scoring, page)]
        put_rows(self._connection, _scores, _KEY, _VALUES, [(scoring.id, *row) for row in _rows_of(kept)])
        known = np.isin(kept.photo_ids // PAGE, [*least.pages(), *fresh])
        some = kept.of(known)
        least.note(some.photo_ids, scoring.ranks(some))
        put_least_ranks(self._connection, scoring.id, least)

    def of(self, scoring_id: int, photo_ids: Sequence[int]) -> PhotoScores:
        """The scores of these photos, by photo; those that have none are left out."""
        rows: list[Any] = []
        for some in chunks(photo_ids):
            asked = set(some)
            found = self._connection.execute(
                select(*_COLUMNS).where(_scores.c.scoring_id == scoring_id, among(_scores.c.photo_id, some))
            )
            rows += [row for row in found if row.photo_id in asked]
        return _kept_of(rows)

    def of_width(self, scoring_id: int, width: int) -> NDArray[np.int64]:
        """The photos whose scores are of *width* labels, as all should be, int64 (n,), ascending."""
        sizes = (func.length(type_coerce(each, LargeBinary)) for each in (_scores.c.label_ids, _scores.c.cosines))
        whole = [_scores.c.scoring_id == scoring_id, *(size == width * _BYTES for size in sizes)]
        found = select(_scores.c.photo_id).where(*whole).order_by(_scores.c.photo_id)
        return np.array(self._connection.execute(found).scalars().all(), np.int64)

    def scan(
        self, scoring_id: int, rows: int = 4096, holding: Collection[int] | None = None, after: int = 0
    ) -> Iterator[PhotoScores]:
        """The scores of all photos beyond *after*, by ascending photo, at most *rows* at a time.

        With *holding*, only photos that hold one of these labels, and perhaps some others.
        """
        which = [] if holding is None or len(holding) > _SOUGHT else [_holds_any(holding)]
        last = after
        while True:
            page = select(*_COLUMNS).where(_scores.c.scoring_id == scoring_id, _scores.c.photo_id > last, *which)
            read = plain_cursor(self._connection, page.order_by(_scores.c.photo_id).limit(rows)).fetchall()
            if not read:
                return
            last = read[-1][0]
            yield _kept_of(read)

    def missing(self, scoring: Scoring, after: int = 0, last: int | None = None, limit: int | None = None) -> list[int]:
        """Photos that have an embedding and no scores, by ascending id beyond *after*, up to *last*."""
        query = select(_embedding.c.photo_id).where(_is_missing(scoring, after, last))
        with whole_joins(self._connection):
            found = self._connection.execute(query.order_by(_embedding.c.photo_id).limit(limit))
            return list(found.scalars())

    def missing_ranges(self, scoring: Scoring, after: int = 0, last: int | None = None) -> list[IdRange]:
        """The ranges of ids, ascending, in which photos have an embedding and no scores, beyond *after* up to *last*.

        Least ranks are kept for each range as a whole.
        """
        page = (_embedding.c.photo_id // PAGE).label("page")
        query = select(page, func.count()).where(_is_missing(scoring, after, last)).group_by(page).order_by(page)
        with whole_joins(self._connection):
            found = self._connection.execute(query).all()
        return [IdRange(number * PAGE, (number + 1) * PAGE - 1, count) for number, count in found]

    def count_changed(self, scoring: Scoring, before: Scoring | None) -> int:
        """Count the photos of *scoring* that have other scores in *before*, or none there."""
        one, other = _scores.alias(), _scores.alias()
        total = select(func.count()).select_from(one).where(one.c.scoring_id == scoring.id)
        count = self._connection.execute(total).scalar_one()
        if before is None:
            return count
        both = one.join(other, one.c.photo_id == other.c.photo_id)
        same = total.select_from(both).where(
            other.c.scoring_id == before.id, one.c.label_ids == other.c.label_ids, one.c.cosines == other.c.cosines
        )
        with whole_joins(self._connection):
            return count - self._connection.execute(same).scalar_one()

    def least_ranks(self, scoring: Scoring) -> LeastRanks:
        """The least rank that each photo has kept; missing pages are computed from the rows."""
        found = read_least_ranks(self._connection, scoring.id)
        found.add(self._computed_least_ranks(scoring, found.pages()))
        return found

    def keep_least_ranks(self, scoring: Scoring, least: LeastRanks) -> None:
        """Store the least ranks, and no others, so that they need not be computed from the rows again."""
        forget_least_ranks(self._connection, scoring.id)
        put_least_ranks(self._connection, scoring.id, least)

    def complete_least_ranks(self, scoring: Scoring) -> None:
        """Store the pages of least ranks that are missing."""
        kept = select(_least.c.page).where(_least.c.scoring_id == scoring.id)
        pages = set(self._connection.execute(kept).scalars())
        put_least_ranks(self._connection, scoring.id, self._computed_least_ranks(scoring, pages))

    def forget(self, scoring_id: int, photo_ids: Sequence[int]) -> None:
        """Delete the scores of these photos."""
        for some in chunks(photo_ids):
            self._connection.execute(
                delete(_scores).where(_scores.c.scoring_id == scoring_id, _scores.c.photo_id.in_(some))
            )
        forget_least_ranks(self._connection, scoring_id, photo_ids)

    def forget_deleted(self, scoring: Scoring) -> None:
        """Delete the scores of photos that were deleted."""
        is_there = exists().where(schema.photo.c.id == _scores.c.photo_id)
        self._connection.execute(delete(_scores).where(_scores.c.scoring_id == scoring.id, ~is_there))

    def changed(self, scoring: Scoring) -> NDArray[np.int64]:
        """The photos whose embeddings changed after the scoring was begun, int64 (n,), ascending."""
        since = select(_scoring.c.change_seq).where(_scoring.c.id == scoring.id).scalar_subquery()
        changed = select(_log.c.photo_id).where(
            _log.c.space_id == scoring.space_id, _log.c.seq > since, _log.c.op == PUT
        )
        return np.unique(np.array(self._connection.execute(changed).scalars().all(), np.int64))

    def forget_changed(self, scoring: Scoring) -> None:
        """Delete the scores of these photos: see `changed`."""
        self.forget(scoring.id, self.changed(scoring).tolist())

    def merge(self, begun: Scoring, into: Scoring) -> None:
        """Put the scores of *begun* in place of those that photos have in another scoring, and give it up."""
        rows = select(literal(into.id), *_COLUMNS).where(_scores.c.scoring_id == begun.id)
        merged = upsert(_scores).from_select([*_KEY, *_VALUES], rows)
        new = {name: merged.excluded[name] for name in _VALUES}
        self._connection.execute(merged.on_conflict_do_update(index_elements=_KEY, set_=new))
        self._delete([begun.id])

    def _computed_least_ranks(self, scoring: Scoring, known: Collection[int]) -> LeastRanks:
        """The pages other than *known*, from the rows."""
        found = LeastRanks()
        newest = select(func.max(_scores.c.photo_id)).where(_scores.c.scoring_id == scoring.id)
        last = self._connection.execute(newest).scalar()
        for page in sorted(set(range((-1 if last is None else last) // PAGE + 1)).difference(known)):
            kept = _kept_of(self._connection.execute(_OF_PAGE, _page(scoring, page)).all())
            found.page(page)
            found.note(kept.photo_ids, scoring.ranks(kept))
        return found

    def _has_rows(self, scoring: Scoring, page: int) -> bool:
        return self._connection.execute(_OF_PAGE.limit(1), _page(scoring, page)).first() is not None

    def _newest(self, space_id: int, slot: str, *, complete: bool) -> Scoring | None:
        query: Select[tuple[object, ...]] = select(_scoring).where(
            _scoring.c.space_id == space_id, _scoring.c.slot == slot, _scoring.c.complete.is_(complete)
        )
        row = self._connection.execute(query.order_by(_scoring.c.id.desc()).limit(1)).one_or_none()
        if row is None:
            return None
        label_ids, offsets = np.frombuffer(row.label_ids, "<i8"), np.frombuffer(row.offsets, "<f8")
        return Scoring(
            row.id,
            row.edition,
            row.space_id,
            row.revision_id,
            label_ids.astype(np.int64),
            offsets.astype(np.float64),
            row.slot,
        )

    def _delete(self, scoring_ids: Iterable[int]) -> None:
        for scoring_id in list(scoring_ids):
            forget_least_ranks(self._connection, scoring_id)
            self._connection.execute(delete(_scores).where(_scores.c.scoring_id == scoring_id))
            self._connection.execute(delete(_scoring).where(_scoring.c.id == scoring_id))


def _packed(numbers: NDArray[np.int64] | NDArray[np.float64], dtype: str) -> bytes:
    return numbers.astype(dtype).tobytes()


def _page(scoring: Scoring, page: int) -> dict[str, int]:
    """The parameters of `_OF_PAGE`."""
    return {"scoring": scoring.id, "first": page * PAGE, "last": (page + 1) * PAGE - 1}


def _is_missing(scoring: Scoring, after: int, last: int | None) -> ColumnElement[bool]:
    """True if an embedding is of a photo beyond *after*, up to *last*, that has no scores."""
    # Said of both tables, it spares reading all scores for a few photos.
    one, other = ([each.c.photo_id > after] for each in (_embedding, _scores))
    if last is not None:
        one, other = [*one, _embedding.c.photo_id <= last], [*other, _scores.c.photo_id <= last]
    same = (_scores.c.scoring_id == scoring.id, _scores.c.photo_id == _embedding.c.photo_id)
    return and_(_embedding.c.space_id == scoring.space_id, *one, ~exists().where(*same, *other))


def _rows_of(kept: PhotoScores) -> Iterator[tuple[int, bytes, bytes]]:
    """A row for each photo."""
    label_ids, cosines = kept.label_ids.astype("<i4").tobytes(), kept.cosines.astype("<f4").tobytes()
    photo_ids, width = kept.photo_ids.tolist(), _BYTES * kept.label_ids.shape[1]
    starts = range(0, len(photo_ids) * width, width) if width else [0] * len(photo_ids)
    for photo_id, start in zip(photo_ids, starts, strict=True):
        yield photo_id, label_ids[start : start + width], cosines[start : start + width]


def _kept_of(rows: Sequence[Any]) -> PhotoScores:
    """The scores in these rows, by photo."""
    photo_ids = np.array([row[0] for row in rows], np.int64)
    width = len(rows[0][2]) // _BYTES if rows else 0
    label_ids = np.frombuffer(b"".join([row[1] for row in rows]), "<i4").reshape(len(rows), width)
    cosines = np.frombuffer(b"".join([row[2] for row in rows]), "<f4").reshape(len(rows), width)
    order = np.argsort(photo_ids)
    return PhotoScores(photo_ids[order], label_ids.astype(np.int64)[order], cosines.astype(np.float32)[order])


def _holds_any(label_ids: Collection[int]) -> ColumnElement[bool]:
    """True if one of *label_ids* is among a photo's, or its bytes happen to span two of them."""
    return or_(false(), *(contains(_scores.c.label_ids, struct.pack("<i", each)) for each in label_ids))
