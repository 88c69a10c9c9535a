"""Tags: those of photos, their counts in the library, their history, and manual changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from photos.library import OpenLibrary
from photos.operations.searching.chosen_photos import ChosenPhotos, find_chosen
from photos.operations.searching.photos import NamedPhoto, PhotoReference, named_photos
from query.search import Match
from query.tagging import ScoredTag, record_manual_tags
from query.tagging import photo_tags as scored_tags
from query.tagging import tag_counts as counted_tags
from store.records import TagEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsRequest:
    """Photos whose tags are wanted. `threshold` is a probability; None for the setting or the vocabulary's own."""

    photos: tuple[PhotoReference, ...]
    threshold: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRequest:
    """Manual tags: labels to add to the photos, to reject for them, and to leave to the vocabulary again."""

    chosen: ChosenPhotos
    add: tuple[str, ...] = ()
    reject: tuple[str, ...] = ()
    clear: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PhotoTags:
    """A photo and its tags: manual ones first, then imported ones, then automatic ones by falling score."""

    photo: NamedPhoto
    tags: tuple[ScoredTag, ...]


@dataclass(frozen=True, slots=True)
class PhotoHistory:
    """A photo and the manual and imported changes of its tags, oldest first."""

    photo: NamedPhoto
    events: tuple[TagEvent, ...]


@dataclass(frozen=True, slots=True)
class TagCount:
    """A tag and the number of photos that have it."""

    label: str
    photos: int


def photo_tags(library: OpenLibrary, request: TagsRequest) -> list[PhotoTags]:
    """Return the tags of photos, in the order of the request. Raises `EmptyLibrary` or `NotInLibrary`."""
    space, threshold = library.space, _threshold(library, request.threshold)
    with library.catalog.read() as t:
        named = named_photos(t, request.photos)
    tags = scored_tags(library.catalog, space, [photo.id for photo in named], threshold=threshold)
    return [PhotoTags(photo, tuple(tags[photo.id])) for photo in named]


def photos_with_tags(library: OpenLibrary, photo_ids: Sequence[int]) -> list[Match]:
    """Return photos with their facts and tags, each once, in that order, without scores of a search.

    Unknown ids are left out, and so are photos that have no file now.
    """
    if library.is_new:
        return []
    with library.catalog.read() as t:
        found = [photo for photo in t.photos.get(list(dict.fromkeys(photo_ids))) if photo.paths]
    if not found:
        return []
    ids = [photo.id for photo in found]
    tags = scored_tags(library.catalog, library.space, ids, threshold=_threshold(library, None))
    return [Match(photo.id, None, None, None, photo, tuple(tags[photo.id])) for photo in found]


def tag_counts(library: OpenLibrary, threshold: float | None = None) -> list[TagCount]:
    """Return the library's tags, most frequent first. *threshold* is as in `TagsRequest`. Raises `EmptyLibrary`."""
    # An empty library raises here, before a catalog is made.
    space = library.space
    counts = counted_tags(library.catalog, space, threshold=_threshold(library, threshold))
    return [TagCount(label, count) for label, count in counts]


def tag_history(library: OpenLibrary, photos: Sequence[PhotoReference]) -> list[PhotoHistory]:
    """Return the manual and imported changes of the photos' tags. Raises `NotInLibrary`."""
    with library.catalog.read() as t:
        return [PhotoHistory(photo, tuple(t.tags.history(photo.id))) for photo in named_photos(t, photos)]


def tag(library: OpenLibrary, request: TagRequest) -> list[PhotoTags]:
    """Change manual tags, all or none, and return the photos' tags afterwards.

    Raises `BadLabel`, and the errors of `find_chosen`.
    """
    named = find_chosen(library, request.chosen)
    ids = [photo.id for photo in named]
    record_manual_tags(library.catalog, ids, added=request.add, rejected=request.reject, cleared=request.clear)
    tags = scored_tags(library.catalog, library.space, ids, threshold=_threshold(library, None))
    return [PhotoTags(photo, tuple(tags[photo.id])) for photo in named]


def _threshold(library: OpenLibrary, wanted: float | None) -> float | None:
    return library.settings.threshold if wanted is None else wanted
