"""Brings a catalog's tables to the newest revision when it is opened."""

from __future__ import annotations

import threading
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect

from store.errors import CatalogTooNew, CatalogTooOld, ForeignDatabase, NotACatalog, UnfinishedCopy

from .sqlite import copy, is_ours, mark_as_ours, restructuring, transaction, write_ahead, writes_ahead
from .unfinished_copy import is_mark, source_of

#: The newest revision. A catalog that has it is opened without importing Alembic.
HEAD = "0025"
#: The oldest revision that can be upgraded.
BASE = "0014"

# Alembic's context is one global of the process.
_one_at_a_time = threading.Lock()


def migrations_folder() -> Path:
    """Return the folder of the revisions: inside the package in a wheel, next to it in a checkout."""
    inside = Path(__file__).parents[1] / "migrations"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "migrations"


def upgrade(engine: Engine, path: Path, *, migrations: Path | None = None, head: str = HEAD) -> None:
    """Run the revisions that *path* lacks, all or nothing. Several processes may do this at once.

    Raises `CatalogTooNew`, `CatalogTooOld`, `UnfinishedCopy` or `NotACatalog` and leaves the file alone if it cannot be
    upgraded.
    """
    with transaction(engine, path, writes=False) as connection:
        revision = _revision(connection, path)
        is_prepared = revision is not None and writes_ahead(connection)
    if revision is not None and not is_prepared:
        write_ahead(engine, path)
    if revision == head:
        return
    folder = migrations or migrations_folder()
    with _one_at_a_time:
        if revision is None:
            write_ahead(engine, path)
        with restructuring(engine, path) as connection:
            # Another process may have done it while this one waited for the lock.
            revision = _revision(connection, path)
            if revision == head:
                return
            if revision is not None and _rewrites_data(folder, path, revision):
                # Nobody writes while this transaction is open, so the copy is what the steps will find.
                copy(engine, path, _unused(path, revision))
            _run(connection, folder)
            mark_as_ours(connection)


def upgrade_server(engine: Engine, name: str, *, migrations: Path | None = None, head: str = HEAD) -> None:
    """Run the revisions that the PostgreSQL database called *name* lacks, all or nothing.

    Several processes may do this at once. No copy is made before: a server has backups of its own.

    Raises `CatalogTooNew`, `CatalogTooOld`, `UnfinishedCopy`, `ForeignDatabase`, `DatabaseNotUnicode`,
    `PgvectorMissing` or `PgvectorTooOld` and leaves the database alone if it cannot be upgraded.
    """
    from . import postgres  # noqa: PLC0415 - it needs a driver that a catalog in SQLite does without

    with postgres.transaction(engine, name, writes=False) as connection:
        postgres.check_server(connection, name)
        if _server_revision(connection, name) == head:
            return
    folder = migrations or migrations_folder()
    with _one_at_a_time, postgres.transaction(engine, name, writes=True) as connection:
        # Another process may have done it while this one waited for the lock.
        revision = _server_revision(connection, name)
        if revision == head:
            return
        if revision is None:
            postgres.add_pgvector(connection, name)
        else:
            _pending(folder, name, revision)
            postgres.lock_tables(connection)
        _run(connection, folder)
        postgres.mark_as_ours(connection)


def _server_revision(connection: Connection, name: str) -> str | None:
    """The revision of the catalog in a PostgreSQL database; None if that is empty. Raises as `_revision` does."""
    from . import postgres  # noqa: PLC0415 - as above

    if not postgres.has_tables(connection):
        return None
    if not postgres.is_ours(connection):
        raise ForeignDatabase(name)
    return _number(connection, name)


def _revision(connection: Connection, path: Path) -> str | None:
    """The catalog's revision; None for an empty file. Raises `CatalogTooOld` or `NotACatalog`."""
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    if not is_ours(connection) or "alembic_version" not in tables:
        raise NotACatalog(path)
    return _number(connection, path)


def _number(connection: Connection, name: Path | str) -> str:
    """The revision of a catalog. Raises `CatalogTooOld` or `UnfinishedCopy`."""
    revision: str = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
    if is_mark(revision):
        raise UnfinishedCopy(name, source=source_of(connection), target=str(name))
    if revision < BASE:
        raise CatalogTooOld(name, revision)
    return revision


def _rewrites_data(folder: Path, path: Path, revision: str) -> bool:
    return any(getattr(module, "rewrites_data", False) for module in _pending(folder, path, revision))


def _pending(folder: Path, name: Path | str, revision: str) -> list[object]:
    """The modules of the revisions that a catalog lacks. Raises `CatalogTooNew` if its own is none of them."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - half a second that most starts do not need
    from alembic.script.revision import RevisionError  # noqa: PLC0415 - as above
    from alembic.util.exc import CommandError  # noqa: PLC0415 - as above

    scripts = ScriptDirectory(str(folder))
    try:
        return [step.module for step in scripts.iterate_revisions("head", revision) if step.revision != revision]
    except (CommandError, RevisionError) as error:
        raise CatalogTooNew(name, revision) from error


def _unused(path: Path, revision: str) -> Path:
    target = path.with_name(f"{path.name}.before-{revision}")
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.before-{revision}-{number}")
    return target


def _run(connection: Connection, folder: Path) -> None:
    from alembic import command  # noqa: PLC0415 - half a second that most starts do not need
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
