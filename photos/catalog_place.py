"""The place of a library's catalog: a file in the library's folder, or a database on a server."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from store import Catalog
    from store.server_address import ServerAddress

#: The file's name in the library's folder. `store.private_files` has it too: a search that the daemon answers loads no
#: more of the store than its errors.
CATALOG_FILE: Final = "catalog.sqlite3"


@dataclass(frozen=True)
class CatalogPlace:
    """The place of the catalog of the library in that folder: an *address*, or the folder if that is None."""

    library: Path
    address: str | None = None

    @property
    def file(self) -> Path | None:
        """The catalog's file; None on a server."""
        return self.library / CATALOG_FILE if self.address is None else None

    @property
    def name(self) -> Path | str:
        """The file's path, or the address without its password, for people."""
        return self.library / CATALOG_FILE if self.address is None else self._server.name

    @property
    def address_without_password(self) -> str | None:
        """The address for a command line, which all users may read; None for a file."""
        return None if self.address is None else self._server.without_password

    def identity(self) -> str | None:
        """Return a text that identifies the catalog that is here now; None if there is no file.

        Another file at the same path is another catalog. Nobody asks a server: the text stands for its address.
        """
        if self.address is not None:
            import hashlib  # noqa: PLC0415 - as below

            # The key, too: one database may hold several catalogs, in schemas that parameters choose.
            return hashlib.sha256(f"{self._server.name}\n{self._server.key}".encode()).hexdigest()[:16]
        try:
            status = os.stat(self.library / CATALOG_FILE)
        except OSError:
            return None
        return f"{status.st_dev:x}-{status.st_ino:x}"

    def open(self, patience: float | None = None) -> Catalog:
        """Open the catalog, made if there is none; see `Catalog.open`.

        Embeddings are read from the index files in the library's folder, as far as these equal the catalog. A server
        keeps its index itself.
        """
        from store import Catalog, MappedRows  # noqa: PLC0415 - clients of the daemon need the name alone

        if self.address is not None:
            return Catalog.open(self.address, patience=patience)
        return Catalog.open(self.library / CATALOG_FILE, MappedRows(index_folder(self.library)), patience)

    def open_if_any(self, patience: float | None = None) -> Catalog | None:
        """Open the catalog if there is one; None, and nothing is made, if not. Raises as `Catalog.open` does."""
        if self.address is None:
            return self.open(patience) if (self.library / CATALOG_FILE).exists() else None
        from store import Catalog  # noqa: PLC0415 - as above

        return Catalog.open_if_any(self.address, patience=patience)

    @cached_property
    def _server(self) -> ServerAddress:
        from store.server_address import ServerAddress  # noqa: PLC0415 - most catalogs are files

        assert self.address is not None
        return ServerAddress.read(self.address)


def index_folder(library: Path) -> Path:
    """The folder of the index files of the library in that folder."""
    return library / "index"
