"""Completion: the names in a library that a word on a command line may become."""

from __future__ import annotations

import os
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from photos.config import ENDPOINT
from photos.known_models import DEMO, RECOMMENDED
from photos.library import OpenLibrary
from photos.models import downloaded
from query.tagging import MARK
from query.vocabulary import SHIPPED
from store.filters.facets import Facet


class Naming(StrEnum):
    """Names that can be listed."""

    #: Labels of the vocabularies in force, and tags by hand and by other programs.
    LABEL = "label"
    VOCABULARY = "vocabulary"
    #: Slots in which vocabularies are in force.
    SLOT = "slot"
    MODEL = "model"
    CAMERA = "camera"
    LENS = "lens"
    KEYWORD = "keyword"
    YEAR = "year"
    #: Names of directories with photos.
    FOLDER = "folder"
    #: Sources of tags.
    SOURCE = "source"
    #: Models that the library has embeddings of.
    SPACE = "space"
    #: Saved searches.
    SEARCH = "search"
    #: Countries and states.
    REGION = "region"
    #: Describers that can be asked, and those that have described photos.
    DESCRIBER = "describer"
    ORIGIN = "origin"


def names(library: OpenLibrary, naming: Naming) -> list[str]:
    """Return the names, most used first or else by name. Nothing is created for a library that does not exist."""
    match naming:
        case Naming.MODEL:
            return [DEMO, *(each.reference for each in RECOMMENDED), *sorted(downloaded(library.settings.models))]
        case Naming.REGION:
            return _regions()
        case Naming.DESCRIBER:
            return _describers()
        case Naming.VOCABULARY if library.is_new:
            return list(SHIPPED)
        case _ if library.is_new:
            return []
        case _:
            return _READERS[naming](library)


def _regions() -> list[str]:
    from query.places import region_names  # noqa: PLC0415 - loads numpy

    return region_names()


def _describers() -> list[str]:
    from indexer.describers.florence_checkpoint import PUBLISHED  # noqa: PLC0415 - loads safetensors

    return [ENDPOINT, *PUBLISHED]


def _labels(library: OpenLibrary) -> list[str]:
    from query.tagging.effective.tag_filter import TagNames  # noqa: PLC0415 - loads numpy

    with library.catalog.read() as t:
        return sorted(TagNames(t).all())


def _vocabularies(library: OpenLibrary) -> list[str]:
    with library.catalog.read() as t:
        known = [each.name for each in t.vocabularies.all()]
        spaces = [f"{name}{MARK}" for name in t.slots.names() if name]
    return [*known, *(name for name in SHIPPED if name not in known), *spaces]


def _slots(library: OpenLibrary) -> list[str]:
    with library.catalog.read() as t:
        return [name for name in t.slots.names() if name]


def _sources(library: OpenLibrary) -> list[str]:
    with library.catalog.read() as t:
        return ["auto", "user", *t.tags.origins()]


def _values(facet: Facet) -> Callable[[OpenLibrary], list[str]]:
    def read(library: OpenLibrary) -> list[str]:
        with library.catalog.read() as t:
            return [str(value) for value, _ in t.facets.count(facet)]

    return read


def _folder_names(library: OpenLibrary) -> list[str]:
    with library.catalog.read() as t:
        paths = [value for value, _ in t.facets.count(Facet.FOLDER) if isinstance(value, bytes)]
    return list(dict.fromkeys(os.fsdecode(path).rpartition("/")[2] for path in paths if path != b"/"))


def _saved_searches(library: OpenLibrary) -> list[str]:
    with library.catalog.read() as t:
        return [each.name for each in t.saved_searches.all()]


def _spaces(library: OpenLibrary) -> list[str]:
    from photos.spaces import space_names  # noqa: PLC0415 - few commands name one

    with library.catalog.read() as t:
        return list(space_names(t.spaces.all()).values())


def _origins(library: OpenLibrary) -> list[str]:
    with library.catalog.read() as t:
        return list(t.descriptions.origins())


_READERS: Final[dict[Naming, Callable[[OpenLibrary], list[str]]]] = {
    Naming.LABEL: _labels,
    Naming.VOCABULARY: _vocabularies,
    Naming.SLOT: _slots,
    Naming.SPACE: _spaces,
    Naming.SEARCH: _saved_searches,
    Naming.ORIGIN: _origins,
    Naming.SOURCE: _sources,
    Naming.CAMERA: _values(Facet.CAMERA),
    Naming.LENS: _values(Facet.LENS),
    Naming.KEYWORD: _values(Facet.KEYWORD),
    Naming.YEAR: _values(Facet.YEAR),
    Naming.FOLDER: _folder_names,
}
