"""Answers from one library, with what that takes kept at hand: the catalog, the mapped index, the encoders."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from photos.config import Settings
from photos.encoders import Encoders
from photos.errors import UnreadablePicture
from photos.library import OpenLibrary
from photos.operations.requests import Request, SearchAnswer, SimilarRequest
from photos.operations.search import answer, answer_similar
from query import parse
from query.language import Picture
from store import Catalog, MappedRows, Space, VectorIndex


class Answers:
    """Answers requests, each as if the library were opened for it. Threads may share it."""

    def __init__(self, settings: Settings, towers: Encoders) -> None:
        self._settings = settings
        self._towers = towers
        self._lock = threading.Lock()
        self._catalog: Catalog | None = None
        self._file: tuple[int, int] | None = None
        self._indexes: dict[int, VectorIndex] = {}

    def __call__(self, request: Request) -> SearchAnswer:
        """The answer. Raises what those of `answering` raise; `UnreadablePicture` for what is no file, too."""
        if isinstance(request, SimilarRequest):
            _check_readable(os.path.join(request.directory, request.image), request.image)
            return answer_similar(self._moment(), request)
        for term in parse(request.words).terms:
            if isinstance(term, Picture):
                _check_readable(_located(term.path, request.directory), term.path)
        return answer(self._moment(), request)

    def prepare(self) -> None:
        """Open what the next answer needs, so that it need not wait. Trouble is left to that."""
        with suppress(Exception):
            index = self._moment().index
            index.refresh()
            index.warm()
            with self.catalog().read() as t:
                # What was read whole is at hand, and is not read again in parts.
                for vocabulary in t.slots.in_force():
                    t.vocabularies.revision(vocabulary.revision_id)

    def catalog(self) -> Catalog:
        """The catalog that is there now: another than a moment ago, if somebody put another in its place."""
        with self._lock:
            file = _identity(self._settings.catalog_path)
            if self._catalog is None or file != self._file:
                self._forget()
                mapped = MappedRows(self._settings.index_folder)
                self._catalog = Catalog.open(self._settings.catalog_path, mapped)
                self._file = _identity(self._settings.catalog_path)
            return self._catalog

    def index(self, catalog: Catalog, space: Space) -> VectorIndex:
        """The index of *space* in *catalog*."""
        with self._lock:
            if catalog is not self._catalog:
                return VectorIndex(self._settings.index_folder, catalog, space)
            return self._indexes.setdefault(space.id, VectorIndex(self._settings.index_folder, catalog, space))

    def close(self) -> None:
        """Give back what is held open."""
        with self._lock:
            self._forget()

    def _moment(self) -> OpenLibrary:
        return _Moment(self._settings, self._towers, self)

    def _forget(self) -> None:
        if self._catalog is not None:
            self._catalog.close()
        self._catalog = self._file = None
        self._indexes = {}


class _Moment(OpenLibrary):
    """The library's parts for one answer. What is dear to open is lent, and stays open afterwards."""

    def __init__(self, settings: Settings, towers: Encoders, kept: Answers) -> None:
        super().__init__(settings, towers)
        self._kept = kept

    @cached_property
    def catalog(self) -> Catalog:
        return self._kept.catalog()

    def index_of(self, space: Space) -> VectorIndex:
        return self._kept.index(self.catalog, space)


def _located(path: str, directory: str) -> str:
    from photos.operations.search_by_image import located  # noqa: PLC0415 - few queries have pictures

    return located(path, directory)


def _check_readable(path: str, named: str) -> None:
    """Raise `UnreadablePicture` for a picture that may be another one for whoever asks, or that never comes.

    *path* is absolute; whoever asks calls it *named*.
    """
    from photos.operations.search_by_image import is_of_one_process  # noqa: PLC0415 - as above

    if is_of_one_process(path) or (os.path.exists(path) and not os.path.isfile(path)):
        raise UnreadablePicture(named, "it is no file")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
