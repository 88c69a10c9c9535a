"""Parameters of the tools: types that are their JSON schemas, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

from photos.errors import BadArguments

T = TypeVar("T", bound=msgspec.Struct)

#: Results of one answer, and photos that are shown at once.
MOST_FOUND: Final = 20
MOST_SHOWN: Final = 8
_MOST_VALUES: Final = 200
#: A photo's number has 63 bits.
_MOST_NUMBER: Final = (1 << 63) - 1
#: Characters of a name that an error shows.
_SHOWN: Final = 40

Number = Annotated[int, Meta(ge=1, le=_MOST_NUMBER)]
Limit = Annotated[int, Meta(ge=1, le=MOST_FOUND, description="The number of photos.")]
Group = Annotated[bool, Meta(description="Count near-duplicates and bursts as one; the others are in `more`.")]


class SearchArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Arguments of `search_photos`."""

    query: Annotated[str, Meta(description="Terms and filters; empty for all photos.")] = ""
    limit: Limit = 10
    offset: Annotated[int, Meta(ge=0, le=_MOST_NUMBER, description="Skip so many: `next` of the page before.")] = 0
    sort: Annotated[
        Literal["relevance", "date"],
        Meta(description="`date` shows the photos of this page newest first; it does not search for newer ones."),
    ] = "relevance"
    stands_out: Annotated[bool, Meta(description="Leave out photos that match no better than chance.")] = False
    group: Group = False
    with_captions: Annotated[
        bool,
        Meta(description="Order by captions of the photos, too, where they are known. They may be wrong."),
    ] = False


class SimilarArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Arguments of `similar_photos`."""

    photo: Annotated[int, Meta(ge=1, le=_MOST_NUMBER, description="The number of the photo, its `photo`.")]
    query: Annotated[str, Meta(description="Filters alone, as in search_photos.")] = ""
    limit: Limit = 10
    group: Group = False


class FactsArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Arguments of `show_photos` where no pictures are given out."""

    photos: Annotated[
        list[Number], Meta(min_length=1, max_length=MOST_SHOWN, description="Numbers of photos, their `photo`.")
    ]


class ShowArguments(FactsArguments, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Arguments of `show_photos`."""

    picture: Annotated[
        Literal["small", "large", "none"],
        Meta(
            description="`small` has up to 320 pixels a side. `large` has up to 1440, for details and small text; "
            "ask for few of these. `none` gives facts alone."
        ),
    ] = "small"


class OverviewArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Arguments of `library_status`."""

    contains: Annotated[
        str, Meta(max_length=200, description="Only tags, cameras, folders and so on with this in their name.")
    ] = ""
    limit: Annotated[
        int, Meta(ge=1, le=_MOST_VALUES, description="The number of tags, of cameras, of folders, and so on.")
    ] = 20


def schema(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the JSON schema of *kind*, an object without references."""
    (_,), components = msgspec.json.schema_components([kind])
    found: dict[str, Any] = components[kind.__name__]
    return {name: value for name, value in found.items() if name not in {"title", "description"}}


def arguments(kind: type[T], given: Mapping[str, object]) -> T:
    """Return *given* as *kind*. A number may be a text: models write both. Raises `BadArguments`, naming the field."""
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        what, _, place = str(error).partition(" - at `$.")
        raise BadArguments(place.rstrip("`")[:_SHOWN], what) from None
