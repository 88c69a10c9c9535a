"""The catalog: opening it, and transactions on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection

from store.embeddings.cache import EmbeddingCache
from store.embeddings.embeddings import Embeddings, Spaces, Texts
from store.filters.selection import Selection
from store.sql.database import Database
from store.sql.sqlite import SQLiteDatabase
from store.sql.upgrade import upgrade
from store.tagging.calibrations import Calibrations
from store.tagging.label_vectors import Labels
from store.tagging.manual_tags import Tags
from store.tagging.revision_labels import LabelCache
from store.tagging.scopes import Scopes
from store.tagging.scores import Scores
from store.tagging.slots import Slots
from store.tagging.vocabularies import Vocabularies

from .copies import Copies
from .files import AttemptLog, Files
from .folders import Folders
from .library import Library
from .perceptual_hashes import PerceptualHashes
from .photos import Photos
from .sidecar_journal import Sidecars


class Transaction:
    """One transaction on the catalog: a repository for each subject, made on first use.

    Embeddings are read from *cache*, if there is one, as far as it equals the catalog.
    """

    def __init__(
        self, connection: Connection, cache: EmbeddingCache | None = None, labels: LabelCache | None = None
    ) -> None:
        #: For the store's own modules.
        self.connection = connection
        self._cache = cache
        self._labels = labels

    folders = cached_property(lambda self: Folders(self.connection))
    files = cached_property(lambda self: Files(self.connection))
    attempts = cached_property(lambda self: AttemptLog(self.connection))
    photos = cached_property(lambda self: Photos(self.connection))
    copies = cached_property(lambda self: Copies(self.connection))
    perceptual_hashes = cached_property(lambda self: PerceptualHashes(self.connection))
    selection = cached_property(lambda self: Selection(self.connection, self.folders.all))
    spaces = cached_property(lambda self: Spaces(self.connection))
    embeddings = cached_property(lambda self: Embeddings(self.connection, self._cache))
    texts = cached_property(lambda self: Texts(self.connection))
    labels = cached_property(lambda self: Labels(self.connection))
    vocabularies = cached_property(lambda self: Vocabularies(self.connection, self._labels))
    slots = cached_property(lambda self: Slots(self.connection))
    tags = cached_property(lambda self: Tags(self.connection))
    scores = cached_property(lambda self: Scores(self.connection))
    scopes = cached_property(lambda self: Scopes(self.connection))
    calibrations = cached_property(lambda self: Calibrations(self.connection))
    sidecars = cached_property(lambda self: Sidecars(self.connection))
    library = cached_property(lambda self: Library(self.connection))


class Catalog:
    """The catalog of one library. Threads may share it: every transaction has a connection of its own."""

    def __init__(self, database: Database, cache: EmbeddingCache | None = None) -> None:
        self._database = database
        self._cache = cache
        self._labels = LabelCache()

    @classmethod
    def open(cls, path: Path, cache: EmbeddingCache | None = None) -> Catalog:
        """Open the SQLite catalog at *path*, made if there is none and upgraded if it is older.

        Embeddings are read from *cache*, if there is one, as far as it equals the catalog.

        Raises `NotACatalog`, `CatalogTooNew`, `CatalogReadOnly`, `CatalogBusy`, `CatalogDamaged` or `DiskFull`.
        """
        return cls(SQLiteDatabase.open(path, upgrade), cache)

    @property
    def path(self) -> Path:
        """The path of the catalog."""
        return self._database.path

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Begin a transaction on what is committed now; later commits are not seen. Writing in it raises."""
        with self._database.begin(writes=False) as connection:
            yield Transaction(connection, self._cache, self._labels)

    @contextmanager
    def write(self, patience: float | None = None) -> Iterator[Transaction]:
        """Begin a transaction that may write: committed at the end, rolled back on an exception.

        It waits for one of another process: half a minute, or about *patience* seconds, and half a second at least.
        Then it raises `CatalogBusy`. Raises `CatalogMoved` if the catalog was deleted or replaced since it was opened.
        """
        with self._database.begin(writes=True, patience=patience) as connection:
            yield Transaction(connection, self._cache, self._labels)

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
