"""Answers of the tools of `photos mcp`.

Every record with a `path` also has `path_uri` there, and bytes of paths that are no text become U+FFFD. A list that is
too long is cut, and the record says in `left_out` how many of its elements are missing.
"""

from __future__ import annotations

from typing import Annotated, TypedDict

from photos.records.descriptions import DescriptionRecord
from photos.records.library import StatusRecord
from photos.records.photos import FacetRecord, MatchRecord, SearchRecord, TagCountRecord


class FoundRecord(SearchRecord):
    """Photos that `search_photos` found."""

    next: Annotated[int | None, "The `offset` of the next page; null at the end."]


class ShownPhotoRecord(MatchRecord):
    """A photo of `show_photos`."""

    descriptions: Annotated[
        list[DescriptionRecord], "Those of other models, newest first; `caption` is that of the photo's own files."
    ]


class ShownRecord(TypedDict):
    """Photos of `show_photos`."""

    photos: Annotated[list[ShownPhotoRecord], "The photos, in the order in which they were asked for."]
    unknown: Annotated[list[int], "Numbers of no photo, or of one that has no file now."]


class OverviewRecord(TypedDict):
    """The library, of `library_status`."""

    status: Annotated[StatusRecord, "State of the library."]
    tags: Annotated[list[TagCountRecord], "Its tags, most frequent first."]
    facets: Annotated[list[FacetRecord], "Cameras, lenses, years, folders and keywords, most frequent first."]
    left_out: Annotated[dict[str, int], "How many more there are: of `tag`, and of each facet by its name."]
