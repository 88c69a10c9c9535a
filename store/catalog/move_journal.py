"""The journal of moved files: where each one was, so that it can be put back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from store.sql import schema
from store.sql.dialect import chunks, utc_now

_run, _move = schema.move_run, schema.file_move


@dataclass(frozen=True, slots=True)
class MoveRun:
    """Files that were moved to `folder` at once: their number, without sidecars and those put back; times are UTC."""

    id: int
    folder: bytes
    started_at: datetime
    files: int
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class FileMove:
    """A file that is moved: its absolute paths, the SHA-256 of its content, its size in bytes and its mtime."""

    photo_id: int
    old_path: bytes
    new_path: bytes
    content_hash: bytes
    size: int
    mtime_ns: int
    #: Whether it is a sidecar, which goes with its picture.
    is_sidecar: bool = False
    #: Its number in the journal; 0 before it has one.
    id: int = 0


class MoveJournal:
    """Runs, and the files that each moved. An entry is committed before its file is touched.

    So there may be entries of files that were not moved after all; what lies on disk says which.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self, folder: bytes) -> int:
        """Begin a run that moves files to the absolute *folder*, and return its number."""
        values = {"folder": folder, "started_at": utc_now()}
        key = self._connection.execute(insert(_run).values(values)).inserted_primary_key
        assert key is not None
        return int(key[0])

    def note(self, run_id: int, moves: Sequence[FileMove]) -> None:
        """Add entries of files that are about to be moved."""
        rows = [
            {
                "move_run_id": run_id,
                "photo_id": each.photo_id,
                "old_path": each.old_path,
                "new_path": each.new_path,
                "content_hash": each.content_hash,
                "size": each.size,
                "mtime_ns": each.mtime_ns,
                "is_sidecar": each.is_sidecar,
            }
            for each in moves
        ]
        if rows:
            self._connection.execute(insert(_move), rows)

    def drop(self, move_ids: Sequence[int]) -> None:
        """Delete entries of files that were not moved."""
        for some in chunks(move_ids):
            self._connection.execute(delete(_move).where(_move.c.id.in_(some)))

    def end(self, run_id: int) -> None:
        """End a run. One that moved nothing is deleted."""
        self._connection.execute(update(_run).where(_run.c.id == run_id).values(ended_at=utc_now()))
        nothing = select(_move.c.id).where(_move.c.move_run_id == run_id).limit(1)
        if self._connection.execute(nothing).first() is None:
            self._connection.execute(delete(_run).where(_run.c.id == run_id))

    def cut_short(self) -> list[int]:
        """Return the runs that never ended."""
        return list(self._connection.execute(select(_run.c.id).where(_run.c.ended_at.is_(None))).scalars())

    def runs(self) -> list[MoveRun]:
        """Return every run, newest first."""
        moved = (
            select(_move.c.move_run_id.label("run"), func.count().label("files"))
            .where(_move.c.undone.is_(False), _move.c.is_sidecar.is_(False))
            .group_by(_move.c.move_run_id)
            .subquery()
        )
        rows = self._connection.execute(
            select(_run, moved.c.files).outerjoin(moved, moved.c.run == _run.c.id).order_by(_run.c.id.desc())
        )
        return [MoveRun(row.id, row.folder, row.started_at, row.files or 0, row.undone_at) for row in rows]

    def moves(self, run_id: int, after: int = 0) -> list[FileMove]:
        """Return the entries of a run that were not undone, those with numbers above *after*."""
        mine = (_move.c.move_run_id == run_id, _move.c.undone.is_(False), _move.c.id > after)
        rows = self._connection.execute(select(_move).where(*mine).order_by(_move.c.id))
        return [
            FileMove(
                row.photo_id,
                row.old_path,
                row.new_path,
                row.content_hash,
                row.size,
                row.mtime_ns,
                row.is_sidecar,
                row.id,
            )
            for row in rows
        ]

    def undone(self, move_ids: Sequence[int]) -> None:
        """Note that these files were put back."""
        for some in chunks(move_ids):
            self._connection.execute(update(_move).where(_move.c.id.in_(some)).values(undone=True))

    def undone_run(self, run_id: int) -> None:
        """Note that the run was undone, as far as possible."""
        self._connection.execute(update(_run).where(_run.c.id == run_id).values(undone_at=utc_now()))
