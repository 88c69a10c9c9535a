"""The journal of written sidecars: each one's earlier content, so that it can be restored."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence

from sqlalchemy import Connection, Row, case, delete, func, insert, select, update

from store.records import SidecarRun, SidecarWrite
from store.sql import schema
from store.sql.dialect import chunks, ids_of, lies_below, utc_now

_run, _write = schema.sidecar_run, schema.sidecar_write

#: Bytes of former contents that are read at once.
_MOST_AT_ONCE = 64 << 20


class SidecarJournal:
    """Runs, and the sidecars that each wrote. An entry is committed before its sidecar is touched.

    So there may be entries of sidecars that were not written after all; what lies on disk says which.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self) -> int:
        """Begin a run, and return its number."""
        key = self._connection.execute(insert(_run).values(started_at=utc_now())).inserted_primary_key
        assert key is not None
        return int(key[0])

    def note(self, run_id: int, photo_id: int, path: bytes, before: bytes | None, after_hash: bytes) -> int:
        """Add the entry of a sidecar that is about to be written. *before* is its content; None if it is new.

        *path* is absolute; *after_hash* is the SHA-256 of what it will hold.
        """
        values = {"photo_id": photo_id, "path": path, "after_hash": after_hash}
        values["before"] = None if before is None else zlib.compress(before)
        key = self._connection.execute(insert(_write).values(sidecar_run_id=run_id, **values)).inserted_primary_key
        assert key is not None
        return int(key[0])

    def drop(self, write_ids: Sequence[int]) -> None:
        """Delete entries of sidecars that were not written."""
        for some in chunks(write_ids):
            self._connection.execute(delete(_write).where(_write.c.id.in_(some)))

    def end(self, run_id: int) -> None:
        """End a run. One that wrote nothing is deleted."""
        self._set(run_id, ended_at=utc_now())
        nothing = select(_write.c.id).where(_write.c.sidecar_run_id == run_id)
        if self._connection.execute(nothing.limit(1)).first() is None:
            self._connection.execute(delete(_run).where(_run.c.id == run_id))

    def cut_short(self) -> list[int]:
        """Return the runs that never ended."""
        return list(self._connection.execute(select(_run.c.id).where(_run.c.ended_at.is_(None))).scalars())

    def runs(self) -> list[SidecarRun]:
        """Return every run, newest first."""
        counts = (
            select(
                _write.c.sidecar_run_id.label("run"),
                func.sum(case((_write.c.before.is_(None), 1), else_=0)).label("made"),
                func.sum(case((_write.c.before.is_(None), 0), else_=1)).label("changed"),
            )
            .group_by(_write.c.sidecar_run_id)
            .subquery()
        )
        rows = self._connection.execute(
            select(_run, counts.c.made, counts.c.changed)
            .outerjoin(counts, counts.c.run == _run.c.id)
            .order_by(_run.c.id.desc())
        )
        return [SidecarRun(row.id, row.started_at, row.made or 0, row.changed or 0, row.undone_at) for row in rows]

    def writes(self, run_id: int, after: int, count: int) -> list[SidecarWrite]:
        """Return the next *count* entries of a run whose ids are above *after* and that were not undone.

        They are fewer if their contents take much memory, and none only if there is none.
        """
        mine = (_write.c.sidecar_run_id == run_id, _write.c.id > after, _write.c.undone.is_(False))
        found: list[SidecarWrite] = []
        size = 0
        for row in self._connection.execute(select(_write).where(*mine).order_by(_write.c.id).limit(count)):
            found.append(_record(row))
            size += len(found[-1].before or b"")
            if size > _MOST_AT_ONCE:
                break
        return found

    def writes_for(self, run_id: int, photo_ids: Collection[int]) -> list[SidecarWrite]:
        """Return the entries of a run for these photos that were not undone."""
        mine = (_write.c.sidecar_run_id == run_id, _write.c.photo_id.in_(ids_of(photo_ids)), _write.c.undone.is_(False))
        return [_record(row) for row in self._connection.execute(select(_write).where(*mine).order_by(_write.c.id))]

    def is_running(self, run_id: int) -> bool:
        """Return whether the run has begun and not ended."""
        open_run = select(_run.c.id).where(_run.c.id == run_id, _run.c.ended_at.is_(None))
        return self._connection.execute(open_run).first() is not None

    def undone(self, write_ids: Sequence[int]) -> None:
        """Note that these sidecars were restored."""
        for some in chunks(write_ids):
            self._connection.execute(update(_write).where(_write.c.id.in_(some)).values(undone=True))

    def undone_run(self, run_id: int) -> None:
        """Note that the run was undone, as far as possible."""
        self._set(run_id, undone_at=utc_now())

    def later(self, write: SidecarWrite) -> int | None:
        """Return the last run that wrote the same sidecar later and was not undone; None if there is none."""
        same = (_write.c.path == write.path, _write.c.id > write.id, _write.c.undone.is_(False))
        found: int | None = self._connection.execute(select(func.max(_write.c.sidecar_run_id)).where(*same)).scalar()
        return found

    def made(self, below: bytes) -> set[bytes]:
        """Return the paths of sidecars below the folder *below* that a run made, also one that was undone."""
        inside = lies_below(_write.c.path, below.rstrip(b"/"))
        rows = self._connection.execute(select(_write.c.path).where(_write.c.before.is_(None), inside))
        return set(rows.scalars())

    def move(self, old: bytes, new: bytes) -> None:
        """Move the paths below the folder *old* to *new*; both absolute."""
        below, instead = (path.rstrip(b"/") + b"/" for path in (old, new))
        inside = lies_below(_write.c.path, old.rstrip(b"/"))
        for row in self._connection.execute(select(_write.c.id, _write.c.path).where(inside)).all():
            path = instead + row.path[len(below) :]
            self._connection.execute(update(_write).where(_write.c.id == row.id).values(path=path))

    def _set(self, run_id: int, **values: object) -> None:
        self._connection.execute(update(_run).where(_run.c.id == run_id).values(**values))


def _record(row: Row[tuple[object, ...]]) -> SidecarWrite:
    before = None if row.before is None else zlib.decompress(row.before)
    return SidecarWrite(row.id, row.sidecar_run_id, row.photo_id, row.path, before, row.after_hash)
