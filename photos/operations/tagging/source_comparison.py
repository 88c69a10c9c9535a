"""Comparison of sources of tags: the program's own, the user's, and those of other programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from photos.library import OpenLibrary
from photos.operations.searching.chosen_photos import ChosenPhotos, find_chosen
from query import tagging
from query.tagging import Comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareSourcesRequest:
    """Two or more sources of tags: "auto" or "siglip", "auto:SLOT", "user", or the source of an import.

    With `query` only the photos count that it finds, as in `ChosenPhotos`. At most `disputed` photos are listed on
    which the sources differ.
    """

    sources: Sequence[str]
    query: str | tuple[str, ...] | None = None
    directory: str = "/"
    top: int | None = None
    disputed: int = 0


def compare_sources(library: OpenLibrary, request: CompareSourcesRequest) -> Comparison:
    """Compare sources over the photos and labels that all of them have.

    Raises `UnknownSource`, `RepeatedSource`, `BadQuery`, or `NothingFound` for a query without photos.
    """
    within: list[int] | None = None
    if request.query is not None:
        chosen = ChosenPhotos(query=request.query, directory=request.directory, top=request.top)
        within = [photo.id for photo in find_chosen(library, chosen)]
    return tagging.compare_sources(
        library.catalog, library.space, request.sources, within=within, disputed=request.disputed
    )
