"""Places of catalogs that are copied, and the places of copies: folders of libraries, and addresses of databases."""

from __future__ import annotations

from pathlib import Path

from store.catalog.catalog import Catalog
from store.errors import NoCatalog, PostgresNotInstalled
from store.private_files import CATALOG_FILE

from .file_target import FileTarget
from .targets import CopyTarget


def open_target(place: Path | str) -> CopyTarget:
    """Return the target at *place*: the folder of a library, or the address of a PostgreSQL database.

    Raises `BadCatalogAddress` and `PostgresNotInstalled`.
    """
    if isinstance(place, Path):
        return FileTarget(place)
    try:
        from .database_target import DatabaseTarget  # noqa: PLC0415 - its packages are an extra
    except ModuleNotFoundError as error:
        raise PostgresNotInstalled("postgresql") from error
    return DatabaseTarget(place)


def open_source(place: Path | str) -> Catalog:
    """Open the catalog at *place*: the folder of a library, or the address of a PostgreSQL database.

    One of an earlier version is upgraded, as whenever it is opened.

    Raises `NoCatalog`, and whatever `Catalog.open` raises.
    """
    if isinstance(place, Path):
        path = place / CATALOG_FILE
        if not path.is_file() or not path.stat().st_size:
            raise NoCatalog(place)
        return Catalog.open(path)
    _check_there(place)
    return Catalog.open(place)


def _check_there(address: str) -> None:
    try:
        from store.sql import postgres  # noqa: PLC0415 - as above
    except ModuleNotFoundError as error:
        raise PostgresNotInstalled("postgresql") from error
    name, engine = postgres.name_of(address), postgres.connect(address)
    try:
        with postgres.transaction(engine, name, writes=False) as connection:
            if not postgres.has_tables(connection):
                raise NoCatalog(name)
    finally:
        engine.dispose()
