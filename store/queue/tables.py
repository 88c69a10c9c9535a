"""The tables of the queue: those of procrastinate, and two beside them. They are made when the queue is first used.

They are no part of the catalog: a dump may leave them out, and no revision knows them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from procrastinate.schema import SchemaManager
from psycopg.sql import SQL, Literal

from store.errors import CatalogTooNew, QueueOfAnother

if TYPE_CHECKING:
    from psycopg import Connection

_MARK: Final = "photos queue "
# Rows of a unit or a worker go with procrastinate's own.
_BESIDE: Final = """
CREATE TABLE photos_unit (
    job_id bigint PRIMARY KEY REFERENCES procrastinate_jobs ON DELETE CASCADE,
    items bigint NOT NULL,
    setbacks bigint NOT NULL DEFAULT 0,
    failures bigint NOT NULL DEFAULT 0,
    reason text,
    failed_at timestamp with time zone
);
CREATE TABLE photos_worker (
    worker_id bigint PRIMARY KEY REFERENCES procrastinate_workers ON DELETE CASCADE,
    host text NOT NULL,
    process bigint NOT NULL,
    device text NOT NULL,
    tasks text[] NOT NULL,
    started_at timestamp with time zone NOT NULL DEFAULT now(),
    rates jsonb NOT NULL DEFAULT '{}'
);
"""


def has_queue(driver: Connection) -> bool:
    """Return whether the database has the tables of a queue, ours or another program's."""
    return _mark(driver) is not None


def ensure_queue(driver: Connection, name: str) -> None:
    """Make the tables, or bring them up to date, as part of a transaction that excludes others of the catalog.

    Raises `QueueOfAnother`, `CatalogTooNew`, and the errors of the driver, also of a role that may not do that.
    """
    newest = _migrations()[-1].name
    mark = _mark(driver)
    if mark == _MARK + newest:
        return
    if mark is None:
        driver.execute(SQL(SchemaManager.get_schema()), prepare=False)
        driver.execute(_BESIDE, prepare=False)
    elif not mark.startswith(_MARK):
        raise QueueOfAnother(name)
    else:
        before = mark.removeprefix(_MARK)
        if before > newest:
            raise CatalogTooNew(name, before)
        for step in _migrations():
            if step.name > before:
                driver.execute(step.read_bytes(), prepare=False)
    driver.execute(SQL("COMMENT ON TABLE procrastinate_jobs IS {}").format(Literal(_MARK + newest)), prepare=False)


def _mark(driver: Connection) -> str | None:
    """The comment on the table of jobs, empty if it has none; None if there is no such table."""
    both = "SELECT to_regclass('procrastinate_jobs') IS NOT NULL, obj_description(to_regclass('procrastinate_jobs'))"
    row = driver.execute(both).fetchone()
    assert row is not None
    return (row[1] or "") if row[0] else None


def _migrations() -> list[Path]:
    return sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
