"""Places of catalogs that are copied, and the places of copies: folders of libraries, and addresses of databases."""

from __future__ import annotations

from pathlib import Path

from store.catalog.catalog import Catalog
from store.errors import NoCatalog, PostgresNotInstalled
from store.private_files import CATALOG_FILE
from store.server_address import ServerAddress

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
    opened = Catalog.open_if_any(place)
    if opened is None:
        raise NoCatalog(ServerAddress.read(place).name)
    return opened
