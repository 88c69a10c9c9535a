"""A copy of a whole catalog: every row with its id, compared when all are there.

The source is read in one transaction, so the copy is of one moment. A copy that was interrupted goes on: what an
earlier run copied is compared with the source first, as that may have changed, and what differs is copied anew. What
follows from rows is not copied: triggers and the server keep the indexes, that of words, too.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Table, func, select

from store.catalog.catalog import Catalog
from store.embeddings.embeddings import note_dropped
from store.errors import CopyDiffers, RowRefused, UnfinishedCopy
from store.sql import schema
from store.sql.plain_rows import (
    add_plain_rows,
    delete_rows,
    fitting,
    given_ids,
    kinds_of,
    numbered,
    read_plain_rows,
    set_given_ids,
)
from store.sql.plain_values import Kind, Row, ValueRefused
from store.sql.unfinished_copy import copied_keys, note_copied, note_deleted, unmark
from store.sql.upgrade import HEAD

from .checksums import RowSum
from .targets import CopyTarget

#: Bytes and rows of a page, which one transaction writes.
_PAGE_BYTES: Final = 8 << 20
_PAGE_ROWS: Final = 20_000
_OF_ANY_SIZE: Final = {Kind.TEXT, Kind.JSON, Kind.BYTES, Kind.HALFVEC}
#: Rows between two reports of progress.
_REPORT_ROWS: Final = 2_000

#: Called with the rows that are done, and with all.
Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class CopyProgress:
    """The functions that are told of the rows that were copied, and of those that were compared."""

    copied: Report
    compared: Report


@dataclass(frozen=True, slots=True)
class Copied:
    """The rows that are in the copy, its photos, and the rows that an earlier run had copied.

    `damaged` are the photos whose embeddings had a wrong checksum, with their spaces; these embeddings were left out.
    """

    rows: int
    photos: int
    rows_before: int
    damaged: tuple[tuple[int, int], ...]


def count_rows(catalog: Catalog) -> dict[str, int]:
    """Return the number of rows of each table of *catalog*."""
    with catalog.read() as t:
        return _counts(t.connection)


def copy_catalog(
    catalog: Catalog, target: CopyTarget, names: tuple[str, str], progress: CopyProgress, *, restart: bool = False
) -> Copied:
    """Copy *catalog* to *target*, and compare both. The catalog is not changed; people call the two by these *names*.

    A copy that was interrupted goes on; with *restart* it begins anew.

    Raises `CatalogNotEmpty`, `UnfinishedCopy` for one of another source, `CopyRunning`, `RowRefused`, `CopyDiffers`,
    and whatever databases raise. Then the copy is unfinished: nobody can open it, and the next run goes on.
    """
    target.found()
    with target.held():
        check_source(target, names, restart=restart)
        target.prepare(names[0], restart=restart)
        with catalog.read() as t:
            copied = _Copy(t.connection, target, catalog.path, progress).run()
        target.publish()
    return copied


def check_source(target: CopyTarget, names: tuple[str, str], *, restart: bool) -> None:
    """Raise `UnfinishedCopy` if a copy of another source was begun at *target*, unless it is to *restart*.

    Raises `CatalogNotEmpty` if there is a library.
    """
    found = target.found()
    if found is not None and found.source != names[0] and not restart:
        raise UnfinishedCopy(target.path, source=found.source, target=names[1])


class _Copy:
    """One run of a copy, within a transaction of the source."""

    def __init__(self, source: Connection, target: CopyTarget, name: Path | str, progress: CopyProgress) -> None:
        self._source = source
        self._target = target
        self._name = name
        self._progress = progress
        self._tables = schema.metadata.sorted_tables
        self._sums = {table.name: RowSum() for table in self._tables}
        self._damaged: list[tuple[int, int]] = []
        with target.begin() as connection:
            self._keys = copied_keys(connection)
            self._fitting = {table.name: fitting(table, source.dialect, connection.dialect) for table in self._tables}

    def run(self) -> Copied:
        """Copy what lacks, compare everything, and take the mark of an unfinished copy away."""
        total = sum(_counts(self._source).values())
        self._check_earlier_run(total)
        rows_before = done = self._rows()
        for table in self._tables:
            with self._named(table):
                for page in _pages(table, read_plain_rows(self._source, table, after=self._keys.get(table.name))):
                    self._write(table, page)
                    done += len(page)
                    self._progress.copied(done, total)
        self._compare()
        with self._target.begin() as connection:
            self._finish(connection)
        return Copied(self._rows(), self._sums[schema.photo.name].rows, rows_before, tuple(self._damaged))

    def _rows(self) -> int:
        return sum(each.rows for each in self._sums.values())

    def _check_earlier_run(self, total: int) -> None:
        """Compare what an earlier run copied with the source, and delete the tables that differ by now."""
        done = 0
        for table in self._tables:
            key = self._keys.get(table.name)
            if key is None:
                continue
            with self._named(table):
                kept = self._kept(table, read_plain_rows(self._source, table, until=key))
                for _ in self._reported(kept, done, total):
                    # They are added up on the way.
                    pass
            done += self._sums[table.name].rows
            with self._target.begin() as connection:
                is_same = _sum_of(read_plain_rows(connection, table)) == self._sums[table.name]
            if not is_same:
                self._empty(table)

    def _empty(self, changed: Table) -> None:
        """Delete the rows of that table, and of those that refer to it, so that they are copied anew."""
        tables = _with_referring(changed, self._tables)
        with self._target.begin(checks=False) as connection:
            delete_rows(connection, tables)
            for table in tables:
                note_deleted(connection, table.name)
        for table in tables:
            self._keys.pop(table.name, None)
            self._sums[table.name] = RowSum()
            if table is schema.embedding:
                self._damaged.clear()

    def _write(self, table: Table, page: Sequence[Row]) -> None:
        """Add a page of the source's rows, and how far the copy is, in one transaction."""
        rows = list(self._kept(table, page))
        last = dict(zip(table.columns, page[-1], strict=True))
        with self._target.begin() as connection:
            add_plain_rows(connection, table, rows)
            note_copied(connection, table.name, tuple(last[column] for column in table.primary_key))

    @contextmanager
    def _named(self, table: Table) -> Iterator[None]:
        """Name the table of a row that the target cannot hold."""
        try:
            yield
        except ValueRefused as error:
            raise RowRefused(self._target.path, str(error), source=self._name, table=table.name) from error

    def _kept(self, table: Table, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the rows of the source as the target is to have them, and count them."""
        if table is schema.embedding:
            rows = self._undamaged(rows)
        return self._sums[table.name].following(self._fitting[table.name](iter(rows)))

    def _undamaged(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the embeddings whose checksums are right. Others are never used, and pgvector refuses some."""
        names = schema.embedding.columns.keys()
        vector, checksum, photo, space = map(names.index, ("vector", "checksum", "photo_id", "space_id"))
        for row in rows:
            data, photo_id, space_id = row[vector], row[photo], row[space]
            if isinstance(data, bytes) and zlib.crc32(data) == row[checksum]:
                yield row
            elif isinstance(photo_id, int) and isinstance(space_id, int):
                self._damaged.append((photo_id, space_id))

    def _compare(self) -> None:
        """Read the copy back. Raises `CopyDiffers` if a table is not as it was copied."""
        done, total = 0, self._rows()
        for table in self._tables:
            with self._target.begin() as connection:
                found = _sum_of(self._reported(read_plain_rows(connection, table), done, total))
            done += found.rows
            if found != self._sums[table.name]:
                raise CopyDiffers(self._target.path, table=table.name)
        self._progress.compared(total, total)

    def _reported(self, rows: Iterable[Row], done: int, total: int) -> Iterator[Row]:
        """Yield *rows*, and report now and then how many are compared; *done* were before."""
        for number, row in enumerate(rows, done + 1):
            yield row
            if number % _REPORT_ROWS == 0:
                self._progress.compared(number, total)

    def _finish(self, connection: Connection) -> None:
        tables = numbered(self._tables)
        set_given_ids(connection, tables, given_ids(self._source, tables))
        # An index that was made of the source has these embeddings, and follows the log.
        for space_id in {space_id for _, space_id in self._damaged}:
            note_dropped(connection, space_id, [photo for photo, space in self._damaged if space == space_id])
        unmark(connection, HEAD)


def _counts(connection: Connection) -> dict[str, int]:
    tables = schema.metadata.sorted_tables
    return {table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables}


def _pages(table: Table, rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield *rows* in pages of bounded size."""
    kinds = kinds_of(table)
    sized = [place for place, kind in enumerate(kinds) if kind in _OF_ANY_SIZE]
    page: list[Row] = []
    size = 0
    for row in rows:
        page.append(row)
        for place in sized:
            value = row[place]
            if isinstance(value, str | bytes):
                size += len(value)
        if size >= _PAGE_BYTES or len(page) >= _PAGE_ROWS:
            yield page
            page, size = [], 0
    if page:
        yield page


def _sum_of(rows: Iterable[Row]) -> RowSum:
    found = RowSum()
    for row in rows:
        found.add(row)
    return found


def _with_referring(first: Table, tables: Sequence[Table]) -> list[Table]:
    """Return *first* and those of *tables*, which are in the order of their references, that refer to it by others."""
    found = {first}
    for table in tables:
        if any(key.column.table in found for key in table.foreign_keys):
            found.add(table)
    return [table for table in tables if table in found]
