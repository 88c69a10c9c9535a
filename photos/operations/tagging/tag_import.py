"""Tags of other programs: import from files and keywords, and agreement between sources."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from photos.errors import UnreadableFile
from photos.library import OpenLibrary
from query import tagging
from query.tagging import Comparison, ImportedTags, read_tags
from store import Transaction
from store.open_file import read_input

#: The source of tags that were imported from keywords.
KEYWORDS = "keywords"
#: Bytes of a file of tags.
_LARGEST = 1 << 30


@dataclass(frozen=True, slots=True)
class ImportTagsRequest:
    """A file of tags, and the name of the program that they come from.

    The file is CSV with columns `path` and `tags`, or JSON objects with these, one a line. Relative paths in it begin
    in its own folder.
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


@dataclass(frozen=True, slots=True)
class CompareSourcesRequest:
    """Two sources of tags: "auto", "auto:SLOT", "user", or the source of an import."""

    one: str
    other: str


@dataclass(frozen=True, slots=True)
class SourceComparison:
    """The agreement of two sources, label by label and over all labels."""

    one: str
    other: str
    found: Comparison


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


def compare_sources(library: OpenLibrary, request: CompareSourcesRequest) -> SourceComparison:
    """Compare two sources over the photos and labels that both have. Raises `UnknownSource`."""
    found = tagging.compare_sources(library.catalog, library.space, request.one, request.other)
    return SourceComparison(request.one, request.other, found)


def _read(file: str) -> list[ImportedTags]:
    try:
        text = read_input(file, _LARGEST).decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise UnreadableFile(file, getattr(error, "strerror", None) or str(error)) from error
    return read_tags(text, file, is_table=Path(file).suffix.lower() in {".csv", ".tsv"})


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
