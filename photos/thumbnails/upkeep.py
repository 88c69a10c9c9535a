"""Upkeep of the caches of small pictures: the room they take, and pictures of photos that are gone."""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import dataclass

from indexer.decode.thumbnail import METHOD, SIDE
from photos.library import OpenLibrary
from photos.thumbnails.thumbnails import preview_cache, thumbnail_cache
from store import CacheUnwritable


@dataclass(frozen=True, slots=True)
class PicturesKept:
    """Photos with a thumbnail, previews, and the bytes that each take."""

    thumbnails: int = 0
    thumbnail_bytes: int = 0
    previews: int = 0
    preview_bytes: int = 0


def pictures_kept(library: OpenLibrary) -> PicturesKept:
    """Count the small pictures that are kept, thumbnails of photos without a file left out."""
    with library.catalog.read() as t:
        contents = t.photos.contents()
    with closing(thumbnail_cache(library.settings)) as thumbnails, closing(preview_cache(library.settings)) as previews:
        lacking = len(thumbnails.lacking(contents, SIDE, METHOD))
        small, large = thumbnails.use(), previews.use()
    return PicturesKept(len(contents) - lacking, small.bytes, large.pictures, large.bytes)


def drop_gone(library: OpenLibrary) -> None:
    """Drop the small pictures of photos that have no file.

    A cache that cannot be written now keeps them until the next time.
    """
    with library.catalog.read() as t:
        contents = set(t.photos.contents())
    for cache in (thumbnail_cache(library.settings), preview_cache(library.settings)):
        with closing(cache), suppress(CacheUnwritable):
            cache.keep_only(contents)
