"""Files: paths on disk, the photos that they hold, and failed attempts to decode contents."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, delete, func, or_, select

from store.embeddings.embeddings import note_files_lost, note_photo_back
from store.records import Attempts, File, Outcome, Problem, Stamp
from store.sql import schema
from store.sql.dialect import chunks, ends_with, lies_below, lies_directly, plain_cursor, replacing, unsigned, utc_now

from .edits import note_former_photos, note_photo_beside
from .photo_facts import drop_sidecars, has_sidecars, mark_unread, merge_facts

_file, _attempt = schema.file, schema.attempt
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}
_PROBLEMS = [outcome.value for outcome in Outcome if outcome.is_problem]
#: Outcomes without a photo.
_WITHOUT = [*_PROBLEMS, Outcome.NOT_A_PICTURE.value]
#: Rows that are fetched at once.
_PART = 4096
# Built once: making a statement costs more than running it.
_ROW_AT = select(_file.c.id, _file.c.photo_id, _file.c.companion_of).where(
    _file.c.folder_id == bindparam("folder"), _file.c.path == bindparam("below")
)
_A_FILE_OF = select(_file.c.id).where(_file.c.photo_id == bindparam("photo")).limit(1)
_PUT = replacing(
    _file,
    ["folder_id", "path"],
    ["size", "mtime_ns", "ctime_ns", "inode", "outcome", "reason", "photo_id", "companion_of"],
)
_ATTEMPTS_AT = select(_attempt.c.tries, _attempt.c.last_at, _attempt.c.reason).where(
    _attempt.c.content_hash == bindparam("content")
)
_PUT_ATTEMPTS = replacing(_attempt, ["content_hash"], ["tries", "last_at", "reason"])


class _FormerRow(NamedTuple):
    """The row of a path before a change; nothing but None if there was none."""

    id: int | None
    photo_id: int | None
    companion_of: bytes | None


class Files:
    """The paths on disk. A path's photo is its content; many paths can hold one photo."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def known(self, folder_id: int, below: bytes = b"", *, is_deep: bool = True) -> Iterator[File]:
        """Yield the folder's files in the directory *below*, relative to it; also those deeper down if *is_deep*."""
        rows = select(_file).where(_file.c.folder_id == folder_id)
        if below:
            rows = rows.where(lies_below(_file.c.path, below))
        if not is_deep:
            rows = rows.where(lies_directly(_file.c.path, len(below) + 1 if below else 0))
        cursor = plain_cursor(self._connection, rows)
        while part := cursor.fetchmany(_PART):
            yield from map(_raw_record, part)

    def count(self, folder_id: int) -> int:
        """Count the files of the folder."""
        rows = select(func.count()).select_from(_file).where(_file.c.folder_id == folder_id)
        return self._connection.execute(rows).scalar_one()

    def held(self, folder_id: int) -> int:
        """Count the files of the folder that hold photos."""
        held = select(func.count()).select_from(_file)
        return self._connection.execute(
            held.where(_file.c.folder_id == folder_id, _file.c.photo_id.is_not(None))
        ).scalar_one()

    def indexed(self, folder_id: int, path: bytes, stamp: Stamp, photo_id: int, note: str | None = None) -> None:
        """Record that the path, relative to its folder, holds that photo, with a *note* on the file for people."""
        row = self._row_at(folder_id, path)
        is_back = row.photo_id != photo_id and not self.hold(photo_id)
        new_id = photo_id if is_back and not self._was_gone(photo_id) else None
        if row.photo_id is not None and row.photo_id != photo_id:
            self._note_former_photo(folder_id, path, new_id)
        elif row.companion_of is not None:
            main = os.path.join(os.path.dirname(path), row.companion_of)
            note_photo_beside(self._connection, folder_id, path, main, new_id)
        self._put(folder_id, path, stamp, Outcome.INDEXED, note, photo_id)
        if is_back:
            note_photo_back(self._connection, photo_id)
        self._note_change(row, photo_id)
        if has_sidecars(self._connection, photo_id):
            merge_facts(self._connection, [photo_id])

    def failed(self, folder_id: int, path: bytes, stamp: Stamp, outcome: Outcome, reason: str) -> None:
        """Note that the path holds no photo, and why. A photo that it held before is no longer found there."""
        row = self._row_at(folder_id, path)
        self._note_former_photo(folder_id, path)
        self._put(folder_id, path, stamp, outcome, _as_text(reason), None)
        self._note_change(row, None)

    def companion(self, folder_id: int, path: bytes, stamp: Stamp, of: bytes, *, keeps_facts: bool = False) -> None:
        """Note that the path belongs to the file *of* next to it. A photo that it held is no longer found there.

        Facts that a sidecar had there before count until the new ones are read; if it *keeps_facts*, that is not
        needed.
        """
        row = self._row_at(folder_id, path)
        self._note_former_photo(folder_id, path)
        self._put(folder_id, path, stamp, Outcome.COMPANION, None, None, of)
        if row.id is not None and row.companion_of == of:
            if not keeps_facts:
                mark_unread(self._connection, row.id)
        else:
            self._note_change(row, None)

    def at(self, folder_id: int, path: bytes) -> File | None:
        """Return the file at the path, relative to its folder."""
        row = self._connection.execute(select(_file).where(_file.c.folder_id == folder_id, _file.c.path == path))
        found = row.one_or_none()
        return None if found is None else _record(found)

    def all_at(self, folder_id: int, paths: Sequence[bytes]) -> dict[bytes, File]:
        """Return the files at these paths, relative to their folder, that are known, by path."""
        found: dict[bytes, File] = {}
        for some in chunks(paths):
            found |= {file.path: file for file in self._records(_file.c.folder_id == folder_id, _file.c.path.in_(some))}
        return found

    def forget(self, file_ids: Sequence[int]) -> None:
        """Delete these files. Their photos and embeddings stay."""
        for some in chunks(file_ids):
            held = select(_file.c.photo_id).where(_file.c.id.in_(some), _file.c.photo_id.is_not(None)).distinct()
            photos = list(self._connection.execute(held).scalars())
            note_former_photos(self._connection, _file.c.id.in_(some))
            drop_sidecars(self._connection, some)
            self._connection.execute(delete(_file).where(_file.c.id.in_(some)))
            note_files_lost(self._connection, photos)

    def stamps(self, file_ids: Sequence[int]) -> dict[int, Stamp]:
        """Return the stamps of those files that are still known."""
        found: dict[int, Stamp] = {}
        for some in chunks(file_ids):
            rows = self._connection.execute(
                select(_file.c.id, _file.c.size, _file.c.mtime_ns, _file.c.ctime_ns, _file.c.inode).where(
                    _file.c.id.in_(some)
                )
            )
            found.update({row.id: Stamp(row.size, row.mtime_ns, row.ctime_ns, row.inode) for row in rows})
        return found

    def of_ids(self, file_ids: Sequence[int]) -> list[File]:
        """Return those of these files that are still known, by id."""
        return [file for some in chunks(sorted(file_ids)) for file in self._records(_file.c.id.in_(some))]

    def lost(self, file_ids: Sequence[int]) -> list[int]:
        """Return those of *file_ids* that are the last files of their photos."""
        going = set(file_ids)
        photo_of: dict[int, int] = {}
        for some in chunks(file_ids):
            rows = self._connection.execute(
                select(_file.c.id, _file.c.photo_id).where(_file.c.id.in_(some), _file.c.photo_id.is_not(None))
            )
            photo_of.update({row.id: row.photo_id for row in rows})
        staying: set[int] = set()
        for some in chunks(sorted(set(photo_of.values()))):
            rows = self._connection.execute(select(_file.c.id, _file.c.photo_id).where(_file.c.photo_id.in_(some)))
            staying.update(row.photo_id for row in rows if row.id not in going)
        return [file_id for file_id, photo_id in photo_of.items() if photo_id not in staying]

    def only(self, folder_id: int, path: bytes) -> int | None:
        """Return the photo that the path holds, if no other path holds it too."""
        photo_id = self._row_at(folder_id, path).photo_id
        if photo_id is None:
            return None
        files = self._connection.execute(select(_file.c.id).where(_file.c.photo_id == photo_id).limit(2)).all()
        return photo_id if len(files) == 1 else None

    def forget_problems(self) -> int:
        """Delete every file without a photo, no pictures included, so that it is read again. Returns their number."""
        AttemptLog(self._connection).forget()
        without = select(_file.c.id).where(_file.c.outcome.in_(_WITHOUT))
        sidecar = schema.sidecar_facts
        self._connection.execute(delete(sidecar).where(sidecar.c.picture_id.in_(without)))
        return self._connection.execute(delete(_file).where(_file.c.outcome.in_(_WITHOUT))).rowcount

    def problems(self, outcomes: Collection[Outcome] = ()) -> list[Problem]:
        """Return every file that could not be indexed, or every file of these *outcomes* if any, by absolute path."""
        values = [outcome.value for outcome in outcomes] or _PROBLEMS
        rows = self._connection.execute(
            select(schema.folder.c.path.label("folder"), _file.c.path, _file.c.outcome, _file.c.reason)
            .join(schema.folder)
            .where(_file.c.outcome.in_(values))
            .order_by(schema.folder.c.path, _file.c.path)
        )
        return [Problem(os.path.join(row.folder, row.path), Outcome(row.outcome), row.reason or "") for row in rows]

    def counts(self) -> dict[Outcome, int]:
        """Count files by outcome; outcomes without a file are left out."""
        rows = self._connection.execute(select(_file.c.outcome, func.count()).group_by(_file.c.outcome))
        return {Outcome(outcome): count for outcome, count in rows}

    def lacking_embedding(self, space_id: int) -> list[File]:
        """Return one file for each photo that has a file and no embedding in the space."""
        has_one = and_(schema.embedding.c.photo_id == _file.c.photo_id, schema.embedding.c.space_id == space_id)
        first = (
            select(func.min(_file.c.id))
            .outerjoin(schema.embedding, has_one)
            .where(_file.c.photo_id.is_not(None), schema.embedding.c.id.is_(None))
            .group_by(_file.c.photo_id)
        )
        return self._records(_file.c.id.in_(first))

    def stale_facts(self, reader: int) -> list[File]:
        """Return one file for each photo that has a file, and whose facts were read by a version before *reader*."""
        stale = select(schema.photo.c.id).where(schema.photo.c.reader < reader)
        first = select(func.min(_file.c.id)).where(_file.c.photo_id.in_(stale)).group_by(_file.c.photo_id)
        return self._records(_file.c.id.in_(first))

    def unread_sidecars(self, endings: Sequence[bytes], reader: int) -> list[File]:
        """Return the companions with one of *endings* whose facts were not read since they changed.

        Those that were read by a version before *reader* are among them.
        """
        read = select(schema.sidecar_facts.c.file_id).where(schema.sidecar_facts.c.reader >= reader)
        named = or_(*(ends_with(_file.c.path, ending) for ending in endings))
        return self._records(_file.c.companion_of.is_not(None), named, _file.c.id.not_in(read))

    def hold(self, photo_id: int) -> bool:
        """Return whether any file holds the photo."""
        return self._connection.execute(_A_FILE_OF, {"photo": photo_id}).first() is not None

    def _records(self, *conditions: ColumnElement[bool]) -> list[File]:
        rows = self._connection.execute(select(_file).where(*conditions).order_by(_file.c.id))
        return [_record(row) for row in rows]

    def _row_at(self, folder_id: int, path: bytes) -> _FormerRow:
        found = self._connection.execute(_ROW_AT, {"folder": folder_id, "below": path}).one_or_none()
        return _FormerRow(None, None, None) if found is None else _FormerRow(*found)

    def _note_change(self, row: _FormerRow, photo_id: int | None) -> None:
        """Note that the path of the former *row* now holds that photo, or none."""
        if row.id is not None and row.companion_of is not None:
            # It was a sidecar, perhaps, and is none now, or another picture's.
            drop_sidecars(self._connection, [row.id])
        if row.photo_id is not None and row.photo_id != photo_id:
            note_files_lost(self._connection, [row.photo_id])
            merge_facts(self._connection, [row.photo_id])

    def _was_gone(self, photo_id: int) -> bool:
        gone = select(schema.photo.c.gone_at).where(schema.photo.c.id == photo_id)
        return self._connection.execute(gone).scalar() is not None

    def _note_former_photo(self, folder_id: int, path: bytes, new_id: int | None = None) -> None:
        note_former_photos(self._connection, and_(_file.c.folder_id == folder_id, _file.c.path == path), new_id)

    def _put(
        self,
        folder_id: int,
        path: bytes,
        stamp: Stamp,
        outcome: Outcome,
        reason: str | None,
        photo_id: int | None,
        of: bytes | None = None,
    ) -> None:
        ended = {"outcome": outcome.value, "reason": reason, "photo_id": photo_id, "companion_of": of}
        now = {**_stamp_values(stamp), **ended}
        self._connection.execute(_PUT, {"folder_id": folder_id, "path": path, **now})


class AttemptLog:
    """Failed attempts to decode a content that may yet succeed: after a crash, a timeout, or too little memory."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, content_hash: bytes) -> Attempts | None:
        """Return the attempts at the content with that SHA-256; None if none has failed."""
        row = self._connection.execute(_ATTEMPTS_AT, {"content": content_hash}).one_or_none()
        return None if row is None else Attempts(row.tries, row.last_at, row.reason)

    def note(self, content_hash: bytes, reason: str) -> None:
        """Count one more failed attempt, now."""
        before = self.of(content_hash)
        row = {
            "content_hash": content_hash,
            "tries": 1 if before is None else before.count + 1,
            "last_at": utc_now(),
            "reason": _as_text(reason),
        }
        self._connection.execute(_PUT_ATTEMPTS, row)

    def forget(self) -> None:
        """Forget all attempts, so that every content is tried again."""
        self._connection.execute(delete(_attempt))


def _stamp_values(stamp: Stamp) -> dict[str, int]:
    return {"size": stamp.size, "mtime_ns": stamp.mtime_ns, "ctime_ns": stamp.ctime_ns, "inode": stamp.inode}


def _raw_record(row: Sequence[Any]) -> File:
    """Make the record of a row that no column type has converted."""
    key, folder_id, path, size, mtime_ns, ctime_ns, inode, outcome, reason, photo_id, companion_of = row
    stamp = Stamp(size, mtime_ns, ctime_ns, inode if inode >= 0 else unsigned(inode))
    return File(key, folder_id, path, stamp, _OUTCOMES[outcome], reason, photo_id, companion_of)


def _record(row: Row[Any]) -> File:
    key, folder_id, path, size, mtime_ns, ctime_ns, inode, outcome, reason, photo_id, companion_of = tuple(row)
    stamp = Stamp(size, mtime_ns, ctime_ns, inode)
    return File(key, folder_id, path, stamp, _OUTCOMES[outcome], reason, photo_id, companion_of)


def _as_text(reason: str) -> str:
    # A reason may quote a file name that is not text.
    return reason.encode("utf-8", "backslashreplace").decode("utf-8")
