"""The captions of photos: the file's own, and the descriptions by describers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from photos.library import OpenLibrary
from photos.operations.searching.chosen_photos import ChosenPhotos, find_chosen
from photos.operations.searching.photos import NamedPhoto
from query.tagging import DescribedWord, described_words
from store import DescriberSummary, StoredDescription


@dataclass(frozen=True, slots=True)
class PhotoCaptions:
    """A photo, the caption that its files state, and its descriptions, newest first."""

    photo: NamedPhoto
    own: str | None
    descriptions: tuple[StoredDescription, ...]
    #: Each describer's words with their states; without any in a library without a model.
    words: Mapping[str, tuple[DescribedWord, ...]] = field(default_factory=dict)


def photo_captions(library: OpenLibrary, chosen: ChosenPhotos) -> list[PhotoCaptions]:
    """Return the captions of photos, in the order of `find_chosen`, whose errors this raises."""
    found = find_chosen(library, chosen)
    ids = [photo.id for photo in found]
    with library.catalog.read() as t:
        own = {photo.id: photo.facts.caption for photo in t.photos.get(ids)}
        descriptions = t.descriptions.of(ids)
        words = described_words(t, library.space, ids) if descriptions else {}
    return [
        PhotoCaptions(photo, own.get(photo.id), tuple(descriptions.get(photo.id, ())), words.get(photo.id, {}))
        for photo in found
    ]


def describer_summaries(library: OpenLibrary) -> list[DescriberSummary]:
    """Return the describers that photos of the library have descriptions by, the last one first."""
    if library.is_new:
        return []
    with library.catalog.read() as t:
        return t.descriptions.summaries()
