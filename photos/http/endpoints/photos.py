"""Photos: searches, one photo, and what is known of it."""

from __future__ import annotations

import math
import os
from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from photos.http.answers.cursors import decode_cursor, encode_cursor
from photos.http.answers.problems import Problem, not_found
from photos.http.answers.public_records import public
from photos.operations.describing.captions import photo_captions
from photos.operations.duplicates import DuplicatesRequest, find_duplicates
from photos.operations.searching.chosen_photos import ChosenPhotos
from photos.operations.searching.explain import ExplainRequest, explain
from photos.operations.searching.facets import FACETS, FacetsRequest, count_facets
from photos.operations.searching.pages import ROOT, PageRequest, page
from photos.operations.searching.photos import photos_by_id
from photos.operations.searching.requests import SimilarRequest
from photos.operations.searching.search import SearchResult
from photos.operations.searching.similar import similar_to_photo
from photos.operations.searching.suggestions import SuggestionsRequest, suggest_queries
from photos.operations.tagging.tags import TagsRequest, photo_tags, photos_with_tags, tag_history
from photos.records.descriptions import description_records
from photos.records.files import group_record
from photos.records.http import (
    DuplicatesRecord,
    PageRecord,
    PhotoDetailsRecord,
    page_record,
    photo_record,
    suggestion_record,
)
from photos.records.photos import (
    ExplanationRecord,
    PhotoTagsRecord,
    TagHistoryRecord,
    explanation_record,
    facet_record,
    photo_tags_record,
    tag_history_record,
)
from photos.strict_json import to_json
from store import Photo

from .calls import Answer, Call, Model, records

#: The type of JSON objects one a line, as `--json` prints them.
LINES = "application/x-ndjson"
#: Photos in one answer.
_MOST = 1000
#: At most 200 numbers of photos, with commas between them.
_NUMBERS = r"^[1-9][0-9]{0,17}(,[1-9][0-9]{0,17}){0,199}$"

Count = Annotated[int, Meta(ge=1, le=_MOST, description="The number of results.")]
Order = Literal["relevance", "date"]
Text = Annotated[str, Meta(description="One line of the query language.")]


class PhotosQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of a search."""

    query: Text = ""
    ids: (
        Annotated[
            str, Meta(pattern=_NUMBERS, max_length=4000, description="Photos by number, at most 200, and no search.")
        ]
        | None
    ) = None
    sort: Order = "relevance"
    limit: Count = 50
    after: Annotated[str, Meta(max_length=100, description="The cursor of the page.")] | None = None
    min_score: Annotated[float, Meta(ge=-2, le=2, description="The least cosine.")] | None = None
    stands_out: Annotated[bool, Meta(description="Only photos that score better than chance.")] = False
    group: Annotated[bool, Meta(description="Near-duplicates and bursts as one. There is no next page then.")] = False
    with_captions: Annotated[bool, Meta(description="Order by captions, too, as far as they have vectors.")] = False
    model: Model | None = None


class SimilarQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of a search for similar photos."""

    query: Annotated[str, Meta(description="Filters.")] = ""
    limit: Count = 50
    group: Annotated[bool, Meta(description="Near-duplicates and bursts as one.")] = False
    model: Model | None = None


class ExplanationQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of an explanation."""

    query: Text
    model: Model | None = None


class DuplicatesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of a search for duplicates."""

    exact: Annotated[bool, Meta(description="Compare contents only.")] = False
    bursts: Annotated[bool, Meta(description="Group photos that one camera took at different times, too.")] = False
    removable: Annotated[bool, Meta(description="Only files that could be removed.")] = False
    limit: Count = 100
    after: Annotated[int, Meta(ge=0, description="The number of the last group before.")] = 0


class FacetsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of facets."""

    query: Annotated[str, Meta(description="Filters.")] = ""
    facet: Annotated[list[Literal["camera", "lens", "year", "folder", "keyword"]], Meta(max_length=20)] = []
    limit: Annotated[int, Meta(ge=1, le=100_000, description="Values of each facet.")] = 1000


class SuggestionsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of suggestions."""

    text: Annotated[str, Meta(max_length=200, description="What was typed.")] = ""
    limit: Annotated[int, Meta(ge=1, le=50, description="Suggestions of each kind.")] = 5


def search_photos(call: Call) -> PageRecord | Answer:
    """Answer with a page of a search, or with photos by their numbers."""
    asked = call.query(PhotosQuery)
    if asked.ids is not None:
        return _photos_by_number(call, [int(each) for each in asked.ids.split(",")])
    if asked.min_score is not None and not math.isfinite(asked.min_score):
        raise Problem(HTTPStatus.BAD_REQUEST, "bad_request", "A cosine is a number.", {"field": "min_score"})
    result = page(
        call.library,
        PageRequest(
            query=asked.query,
            count=asked.limit,
            after=None if asked.after is None else decode_cursor(asked.after),
            sort=asked.sort,
            min_score=asked.min_score,
            stands_out=asked.stands_out,
            group=asked.group,
            model=asked.model,
            with_captions=asked.with_captions,
        ),
        call.service.rankings,
    )
    found = page_record(result.found, None if result.next is None else encode_cursor(result.next))
    if LINES not in call.headers.get("accept", ""):
        return found
    lines = [to_json(each, ensure_ascii=False) for each in _public_lines(found)]
    return Answer("".join(f"{line}\n" for line in lines).encode(), LINES)


def _photos_by_number(call: Call, numbers: list[int]) -> PageRecord:
    """Return photos with their tags in the order of *numbers*, without those that are gone."""
    matches = photos_with_tags(call.library, numbers)
    return page_record(SearchResult(title="", of_text=False, matches=matches, total=len(matches)), None)


def _public_lines(found: PageRecord) -> list[dict[str, object]]:
    shown = [public(match) for match in found["matches"]]
    return [each for each in shown if isinstance(each, dict)]


def show_photo(call: Call) -> PhotoDetailsRecord:
    """Answer with one photo and its descriptions."""
    photo = _photo(call)
    found = photos_with_tags(call.library, [photo.id])
    if not found:
        raise _without_file(photo)
    (captions,) = photo_captions(call.library, ChosenPhotos(photos=(photo.id,)))
    return {**photo_record(found[0]), "descriptions": description_records(captions)}


def similar_photos(call: Call) -> PageRecord:
    """Answer with photos that look like one of the library."""
    asked, photo = call.query(SimilarQuery), _photo(call)
    name = os.fsdecode(photo.paths[0]) if photo.paths else f"photo {photo.id}"
    request = SimilarRequest(
        image=name, directory=ROOT, top=asked.limit, query=asked.query, group=asked.group, model=asked.model
    )
    return page_record(similar_to_photo(call.library, photo.id, request), None)


def explain_photo(call: Call) -> ExplanationRecord:
    """Answer with the reasons for a photo's rank."""
    asked, photo = call.query(ExplanationQuery), _photo(call)
    request = ExplainRequest(image=_first_path(photo), query=asked.query, directory=ROOT, model=asked.model)
    return explanation_record(explain(call.library, request, only_library=True))


def tags_of_photo(call: Call) -> PhotoTagsRecord:
    """Answer with a photo's tags."""
    (found,) = photo_tags(call.library, TagsRequest(photos=(_photo(call).id,)))
    return photo_tags_record(found)


def history_of_photo(call: Call) -> TagHistoryRecord:
    """Answer with the changes of a photo's tags."""
    (found,) = tag_history(call.library, [_photo(call).id])
    return tag_history_record(found)


def list_duplicates(call: Call) -> DuplicatesRecord:
    """Answer with groups of files that show the same picture."""
    asked = call.query(DuplicatesQuery)
    request = DuplicatesRequest(exact=asked.exact, bursts=asked.bursts, removable_only=asked.removable)
    result = find_duplicates(call.library, request)
    some = result.groups[asked.after : asked.after + asked.limit]
    groups = [group_record(number, group) for number, group in enumerate(some, asked.after + 1)]
    end = asked.after + len(some)
    return {"items": groups, "found": result.found, "next": end if end < len(result.groups) else None}


def list_facets(call: Call) -> object:
    """Answer with the values of facts and their numbers of photos."""
    asked = call.query(FacetsQuery)
    names = tuple(dict.fromkeys(asked.facet)) or FACETS
    query = asked.query if asked.query.strip() else ()
    found = count_facets(call.library, FacetsRequest(facets=names, query=query, directory=ROOT))
    some = [each for name in names for each in [one for one in found if one.facet == name][: asked.limit]]
    return records([facet_record(each) for each in some])


def list_suggestions(call: Call) -> object:
    """Answer with queries that begin with a text."""
    asked = call.query(SuggestionsQuery)
    found = suggest_queries(call.library, SuggestionsRequest(asked.text, asked.limit))
    return records([suggestion_record(each) for each in found])


def _photo(call: Call) -> Photo:
    number = call.photo_id
    if call.library.is_new:
        raise not_found(f"There is no photo {number}.")
    found = photos_by_id(call.library, [number])
    if not found:
        raise not_found(f"There is no photo {number}.")
    return found[0]


def _first_path(photo: Photo) -> str:
    if not photo.paths:
        raise _without_file(photo)
    return os.fsdecode(photo.paths[0])


def _without_file(photo: Photo) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, "photo_gone", f"Photo {photo.id} has no file now.")
