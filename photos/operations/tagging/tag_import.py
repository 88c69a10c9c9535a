"""Import of the tags of other programs, from files and keywords."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from indexer.files.picture_names import is_picture_name
from photos.errors import UnreadableFile
from photos.library import OpenLibrary
from query import tagging
from query.tagging import ImportedTags, read_tags
from store import Transaction
from store.open_file import read_input

#: The source of tags that were imported from keywords.
KEYWORDS = "keywords"
#: Bytes of a file of tags.
_LARGEST = 1 << 30


@dataclass(frozen=True, slots=True)
class ImportTagsRequest:
    """A file of tags, and the name of the program that they come from.

    The file is CSV with columns `path` and `tags`, JSON, or text such as `a.jpg: dog | beach`; see `read_tags`.
    Relative paths in it begin in its own folder.
    """

    file: str
    source: str


@dataclass(frozen=True, slots=True)
class TagImport:
    """An import: photos that now have tags from `source`, tags that changed, and lines without a photo here."""

    source: str
    photos: int
    changed: int
    unknown: tuple[ImportedTags, ...]


def import_tags(library: OpenLibrary, request: ImportTagsRequest) -> TagImport:
    """Make the file's tags those of the source, in place of its earlier ones on these photos; all or nothing.

    Raises `UnreadableFile`, `BadTagFile`, `BadLabel` or `BadSource`.
    """
    taken = tagging.import_tags(library.catalog, _read(request.file), request.source, _finder(Path(request.file)))
    return TagImport(request.source, taken.photos, taken.changed, taken.unknown)


def import_keywords(library: OpenLibrary, source: str = KEYWORDS) -> TagImport:
    """Import the keywords in pictures and sidecars as tags of *source*. Raises `BadSource`."""
    taken = tagging.import_keywords(library.catalog, source)
    return TagImport(source, taken.photos, taken.changed, taken.unknown)


def _read(file: str) -> list[ImportedTags]:
    try:
        text = read_input(file, _LARGEST).decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise UnreadableFile(file, getattr(error, "strerror", None) or str(error)) from error
    return read_tags(text, file, _is_picture)


def _is_picture(name: str) -> bool:
    # JSON can hold characters that no file name has.
    return is_picture_name(name.encode("utf-8", "replace"))


def _finder(file: Path) -> Callable[[Transaction, str], int | None]:
    """Return a function that finds photos by paths that are absolute or begin in the folder of *file*."""
    folder = os.fsencode(file.resolve().parent)

    def photo_of(t: Transaction, path: str) -> int | None:
        try:
            named = os.path.normpath(os.path.join(folder, os.fsencode(path)))
            photo = t.photos.at(named) or t.photos.of_companion(named)
        except UnicodeEncodeError:
            # JSON can hold characters that no file name has.
            return None
        return None if photo is None else photo.id

    return photo_of
