"""Photos by their numbers, with pictures, and the library as a whole."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Final

from photos.operations.describing.captions import photo_captions
from photos.operations.searching.chosen_photos import ChosenPhotos
from photos.operations.searching.facets import FacetsRequest, count_facets
from photos.operations.searching.pages import ROOT
from photos.operations.status import status
from photos.operations.tagging.tags import photos_with_tags, tag_counts
from photos.public_records import text
from photos.records.descriptions import description_records
from photos.records.library import status_record
from photos.records.mcp import OverviewRecord
from photos.records.photos import facet_record, match_record, tag_count_record
from photos.thumbnails import PREVIEW_SIDES, PREVIEW_TYPE, THUMBNAIL_TYPE, NoPicture, Thumbnails
from query.errors import NotInLibrary

from .answers import Answer, Picture, bounded, public_record
from .library import AskedLibrary
from .parameters import FactsArguments, OverviewArguments, ShowArguments

#: Bytes of all pictures of an answer. In base64, and with the records twice, as text and as structured content, that
#: stays below a megabyte, a usual limit of clients.
MOST_BYTES: Final = 550_000


def show_photos(library: AskedLibrary, asked: FactsArguments) -> Answer:
    """Answer with photos and their pictures. Raises `NotInLibrary` if there is none of them."""
    found = {match.photo_id: match for match in photos_with_tags(library.library(), asked.photos)}
    numbers = list(dict.fromkeys(asked.photos))
    unknown = [number for number in numbers if number not in found]
    if not found:
        raise NotInLibrary(os.fsencode(f"photo {unknown[0]}"))
    known = [number for number in numbers if number in found]
    pictures: Sequence[Picture] = ()
    if isinstance(asked, ShowArguments) and asked.picture != "none":
        pictures = tuple(_pictures(library.thumbnails(), known, is_large=asked.picture == "large"))
    captions = photo_captions(library.library(), ChosenPhotos(photos=tuple(known)))
    descriptions = {each.photo.id: description_records(each) for each in captions}
    shown = [bounded({**match_record(found[number]), "descriptions": descriptions[number]}) for number in known]
    return Answer({"photos": shown, "unknown": unknown}, pictures)


def _pictures(thumbnails: Thumbnails, photos: Sequence[int], *, is_large: bool) -> Iterator[Picture]:
    """Yield a picture of each photo: a small one where a large one has no room, and none where that has none."""
    left = MOST_BYTES
    for photo in photos:
        made: bytes | NoPicture | None = None
        kind, note = PREVIEW_TYPE, ""
        if is_large:
            made = thumbnails.preview(photo, PREVIEW_SIDES[0])
            if isinstance(made, bytes) and len(made) > left:
                made, note = None, "small, because a large one has no room beside the others"
        if made is None:
            made, kind = thumbnails.thumbnail(photo), THUMBNAIL_TYPE
        if isinstance(made, NoPicture):
            yield Picture(photo, None, note=text(made.detail))
        elif len(made) > left:
            yield Picture(photo, None, note="it has no room beside the others")
        else:
            left -= len(made)
            yield Picture(photo, made, kind, note)


def show_library(library: AskedLibrary, asked: OverviewArguments) -> Answer:
    """Answer with the state of the library, and with names for filters. A library without photos has no names."""
    opened = library.library()
    found = status(opened)
    overview: OverviewRecord = {"status": status_record(found), "tags": [], "facets": [], "left_out": {}}
    if found.photos:
        tags = [tag_count_record(each) for each in tag_counts(opened) if _has(each.label, asked.contains)]
        overview["tags"] = tags[: asked.limit]
        _leave_out(overview, "tag", len(tags) - asked.limit)
        facets = [facet_record(each) for each in count_facets(opened, FacetsRequest(directory=ROOT))]
        for name in dict.fromkeys(each["facet"] for each in facets):
            values = [each for each in facets if each["facet"] == name and _has(str(each["value"]), asked.contains)]
            overview["facets"] += values[: asked.limit]
            _leave_out(overview, name, len(values) - asked.limit)
    return Answer({**public_record(overview), "status": bounded(overview["status"])})


def _has(name: str, part: str) -> bool:
    return part.casefold() in name.casefold()


def _leave_out(overview: OverviewRecord, name: str, count: int) -> None:
    if count > 0:
        overview["left_out"][name] = count
