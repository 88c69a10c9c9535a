"""Searches, which the daemon answers if it is running. Loads none of what a search needs."""

from __future__ import annotations

from photos.operations.searching.requests import SearchRequest, SimilarRequest
from photos.records.mcp import FoundRecord
from photos.records.photos import SearchRecord

from .answers import Answer, bounded, public_record
from .library import AskedLibrary
from .parameters import SearchArguments, SimilarArguments

#: Relative paths in a query begin here: an assistant has no working directory.
_ROOT = "/"


def search_photos(library: AskedLibrary, asked: SearchArguments) -> Answer:
    """Answer with a page of a search. Raises `BadQuery`, `EmptyLibrary`, and `NotInLibrary` for a picture."""
    found = library.search(
        SearchRequest(
            query=asked.query,
            directory=_ROOT,
            top=asked.limit,
            offset=asked.offset,
            sort=asked.sort,
            stands_out=asked.stands_out,
            group=asked.group,
            with_captions=asked.with_captions,
            only_library=True,
        )
    )
    end = asked.offset + len(found["matches"])
    # A page of groups says nothing of how many groups there are, so the last page may be empty.
    is_last = len(found["matches"]) < asked.limit or end >= found["total"]
    page: FoundRecord = {**found, "next": None if is_last else end}
    return _answer(page)


def similar_photos(library: AskedLibrary, asked: SimilarArguments) -> Answer:
    """Answer with photos that look like one of the library. Raises as `search_photos` does."""
    return _answer(
        library.search(
            SimilarRequest(
                image=f"photo:{asked.photo}",
                directory=_ROOT,
                top=asked.limit,
                query=asked.query if asked.query.strip() else (),
                group=asked.group,
                only_library=True,
            )
        )
    )


def _answer(found: SearchRecord) -> Answer:
    shown = public_record({name: value for name, value in found.items() if name != "matches"})
    return Answer({**shown, "matches": [bounded(match) for match in found["matches"]]})
