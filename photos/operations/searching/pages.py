"""Pages of a search: the photos that come after a place, so that going on repeats and skips none."""

from __future__ import annotations

from dataclasses import dataclass

from photos.errors import WrongCursor
from photos.library import OpenLibrary
from query.search import Match, Place, ResultPage, Sort
from store.embeddings.cache import Position

from .pictures import LibraryPictures
from .rankings import Rankings, RememberedIndex
from .search import SearchResult, find, parsed_line

#: Relative paths in a query begin here: a client elsewhere has no directory on this machine.
ROOT = "/"


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last photo of a page, and the moment of the library at which it was found: an entry of its change log."""

    place: Place
    seq: int
    token: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """A page of a search. `query` is one line; an empty one stands for all photos, newest first.

    Pictures in it are photos of the library: `photo:NUMBER`, or an absolute path. The page begins after `after`.
    A `group` is counted as one photo, and has no next page.
    """

    query: str = ""
    count: int | None = 10
    after: Cursor | None = None
    sort: str = "relevance"
    min_score: float | None = None
    stands_out: bool = False
    group: bool = False
    #: As in `SearchRequest`.
    model: str | None = None
    with_captions: bool = False


@dataclass(frozen=True, slots=True)
class PageResult:
    """Photos found, and the cursor of the next page; None if there is none."""

    found: SearchResult
    next: Cursor | None


def page(library: OpenLibrary, request: PageRequest, rankings: Rankings | None = None) -> PageResult:
    """Return a page of the photos that a query finds, exactly: best first, or newest first for filters alone.

    From the second page on, the ranking is one of *rankings*, if it is kept there.

    Raises `BadQuery`, `EmptyLibrary`, `NotInLibrary` for a picture, `UnknownSpace`, and `WrongCursor` for one of
    another library, another model or another order.
    """
    query = parsed_line(request.query)
    library = library.in_space(request.model)
    with library.read() as t:
        moment = t.embeddings.position(library.space.id)
        if request.after is not None and not t.embeddings.holds(
            library.space.id, Position(request.after.seq, request.after.token)
        ):
            raise WrongCursor
    is_fused = request.after is not None and request.after.place.fused is not None
    # Places of the two orders have nothing in common.
    if request.after is not None and query.terms and is_fused != request.with_captions:
        raise WrongCursor
    wanted = ResultPage(
        request.count,
        sort=Sort(request.sort),
        min_score=request.min_score,
        above_chance=request.stands_out,
        group=request.group,
        exact=True,
        after=None if request.after is None else request.after.place,
        with_captions=request.with_captions,
    )
    index = None if rankings is None else RememberedIndex(library.index, library.space, rankings)
    found = find(library, query, wanted, ROOT, LibraryPictures(library), index)
    is_full = request.count is not None and len(found.matches) == request.count and not request.group
    last = max(found.matches, key=_rank) if is_full and query.terms else found.matches[-1] if is_full else None
    return PageResult(found, None if last is None else Cursor(_place(last), moment.seq, moment.token))


def _rank(match: Match) -> tuple[float, int]:
    """The place in a ranking: a page that is sorted by date does not end with the worst."""
    return -(match.cosine or 0.0 if match.fused is None else match.fused), match.photo_id


def _place(match: Match) -> Place:
    return Place(match.photo_id, match.cosine, match.photo.facts.taken_at, match.fused)
