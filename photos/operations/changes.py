"""Changes of a library: whether anything in it is different from a moment before."""

from __future__ import annotations

from photos.library import OpenLibrary


def library_stamp(library: OpenLibrary) -> str | None:
    """Return a text that differs after each change by any process; None while there may have been one just now.

    A result may be kept for as long as the stamp that was taken before it stays the same. A library that does not exist
    yet has an empty one.
    """
    catalog = library.catalog_if_any
    return "" if catalog is None else catalog.stamp()
