"""Session: searches of one library that share an open catalog, a mapped index and encoders."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from functools import cached_property

from indexer.models.protocols import EncoderFactory
from photos.config import Settings
from photos.errors import EmptyLibrary, UnreadablePicture
from photos.library import OpenLibrary
from photos.operations.searching.requests import Request, SimilarRequest
from photos.operations.searching.search import parsed, search, warm
from photos.records.photos import SearchRecord, search_record
from query.language import Picture
from store import Catalog, Space, VectorIndex, vector_index


class Session:
    """Answers requests as if the library were opened for each. Threads may share it.

    A change waits half a minute for one of another process, or *patience* seconds.
    """

    def __init__(self, settings: Settings, encoders: EncoderFactory, patience: float | None = None) -> None:
        self._settings = settings
        self._patience = patience
        self._encoders = encoders
        self._lock = threading.Lock()
        self._catalog: Catalog | None = None
        self._identity: str | None = None
        self._indexes: dict[int, VectorIndex] = {}

    def search(self, request: Request) -> SearchRecord:
        """Answer *request*. Raises as `search` and `similar` do; `UnreadablePicture` also for special files."""
        if isinstance(request, SimilarRequest):
            from photos.operations.searching.similar import similar  # noqa: PLC0415 - this loads decoders

            if not request.only_library:
                _check_regular(os.path.join(request.directory, request.image), request.image)
            return search_record(similar(self.library(), request))
        if not request.only_library:
            for term in parsed(request.query, request.directory).terms:
                if isinstance(term, Picture):
                    _check_regular(_located(term.path, request.directory), term.path)
        return search_record(search(self.library(), request))

    def warm(self) -> None:
        """Warm catalog and index. Errors are ignored here; the next request reports them."""
        with suppress(Exception):
            warm(self.library())

    def catalog(self) -> Catalog:
        """Return the catalog. It is opened again if another file took its place.

        Raises `EmptyLibrary` if there is none, and makes none: the library may have been moved.
        """
        place = self._settings.catalog_place
        with self._lock:
            if self._catalog is None or place.identity() != self._identity:
                self._forget()
                catalog = place.open_if_any(self._patience)
                if catalog is None:
                    raise OpenLibrary(self._settings).empty_error()
                self._catalog, self._identity = catalog, place.identity()
            return self._catalog

    def index(self, catalog: Catalog, space: Space) -> VectorIndex:
        """Return the index of *space* in *catalog*."""
        with self._lock:
            if catalog is not self._catalog:
                return vector_index(catalog, self._settings.index_folder, space)
            if space.id not in self._indexes:
                self._indexes[space.id] = vector_index(catalog, self._settings.index_folder, space)
            return self._indexes[space.id]

    def close(self) -> None:
        """Close the catalog."""
        with self._lock:
            self._forget()

    def library(self) -> OpenLibrary:
        """Return the library for one request. It borrows the catalog and the indexes of the session."""
        return _RequestLibrary(self._settings, self._encoders, self)

    def _forget(self) -> None:
        if self._catalog is not None:
            self._catalog.close()
        self._catalog = self._identity = None
        self._indexes = {}


class _RequestLibrary(OpenLibrary):
    """The library for one request. It borrows the session's catalog and indexes and never closes them."""

    def __init__(self, settings: Settings, encoders: EncoderFactory, session: Session) -> None:
        super().__init__(settings, encoders)
        self._session = session

    @cached_property
    def catalog(self) -> Catalog:
        return self._session.catalog()

    @property
    def is_new(self) -> bool:
        if self.settings.catalog is None:
            return super().is_new
        try:
            self.catalog  # noqa: B018 - it is opened, or there is none
        except EmptyLibrary:
            return True
        return False

    def index_of(self, space: Space) -> VectorIndex:
        return self._session.index(self.catalog, space)


def _located(path: str, directory: str) -> str:
    from photos.operations.searching.pictures import located  # noqa: PLC0415 - few queries have pictures

    return located(path, directory)


def _check_regular(path: str, named: str) -> None:
    """Raise `UnreadablePicture` for a file that differs between processes or may block; see `is_of_one_process`.

    *path* is absolute; the client calls it *named*.
    """
    from photos.operations.searching.pictures import is_of_one_process  # noqa: PLC0415 - as above

    if is_of_one_process(path) or (os.path.exists(path) and not os.path.isfile(path)):
        raise UnreadablePicture(named, "it is no file")
