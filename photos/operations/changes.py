"""Changes of a library: whether there were any since a moment before, and whether any can be made."""

from __future__ import annotations

from photos.library import OpenLibrary
from store import DatabaseReadOnly


def library_stamp(library: OpenLibrary) -> str | None:
    """Return a text that differs after each change by any process; None while there may have been one just now.

    A result may be kept for as long as the stamp that was taken before it stays the same. A library that does not exist
    yet has an empty one.
    """
    catalog = library.catalog_if_any
    return "" if catalog is None else catalog.stamp()


def check_writable(library: OpenLibrary) -> None:
    """Raise `DatabaseReadOnly` if the catalog is on a server, and this role or that server may only read it."""
    with library.catalog.read() as t:
        server = t.server
    if server is not None and not server.may_write:
        reason = "the server is a standby" if server.is_standby else "this role may only read"
        raise DatabaseReadOnly(library.settings.catalog_place.name, reason)
