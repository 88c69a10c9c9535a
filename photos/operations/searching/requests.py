"""Requests of searches. Imports only the standard library: a search that the daemon answers loads little else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Orders of results: best first, or newest first.
ORDERS: Final = ("relevance", "date")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """A search. Relative paths in the query begin in `directory`, which is absolute."""

    #: One line, quotes included, or the words that a shell made of it; see docs/searching.md.
    query: str | tuple[str, ...]
    directory: str
    #: The number of photos; None for all.
    top: int | None
    #: Count all photos, and return none.
    count_only: bool = False
    #: All photos, whatever `top` is, if the query has only filters.
    whole_listing: bool = False
    #: The number of better photos to skip.
    offset: int = 0
    #: One of `ORDERS`.
    sort: str = "relevance"
    #: The lowest cosine of a photo that is found.
    min_score: float | None = None
    #: Leave out photos that score no better than chance.
    stands_out: bool = False
    #: Count near-duplicates and bursts as one.
    group: bool = False
    #: Compare with every photo, also in libraries with an approximate index.
    exact: bool = False
    #: Name of the model to search with, of those that the library has; None for the one that answers.
    model: str | None = None
    #: Order photos also by their captions, as far as vectors of these are stored. Filters alone have no such order.
    with_captions: bool = False
    #: Pictures in the query are photos of the library, `photo:NUMBER` or an absolute path, and no file is opened. An
    #: empty line stands for all photos.
    only_library: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarRequest:
    """A search for photos that look like the picture file `image`. Relative paths begin in `directory`."""

    image: str
    directory: str
    #: The number of photos; None for all.
    top: int | None
    #: Filters: one line, or the words that a shell made of it. Photos that do not meet them are left out.
    query: str | tuple[str, ...] = ()
    #: Count near-duplicates and bursts as one.
    group: bool = False
    #: As in `SearchRequest`.
    model: str | None = None
    #: `image` is a photo of the library, as in `SearchRequest`.
    only_library: bool = False


#: Requests that the daemon answers.
Request = SearchRequest | SimilarRequest
