"""The catalog: opening it, and transactions on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine

from store.embeddings.embeddings import Embeddings
from store.embeddings.spaces import Spaces
from store.embeddings.text_vectors import Texts
from store.errors import CatalogMoved, CatalogReadOnly
from store.filters.selection import Selection
from store.sql.sqlite import connect, transaction, translated
from store.sql.upgrade import upgrade
from store.tagging.calibrations import Calibrations
from store.tagging.label_vectors import Labels
from store.tagging.manual_tags import Tags
from store.tagging.revision_labels import LabelCache
from store.tagging.scopes import Scopes
from store.tagging.scores import Scores
from store.tagging.slots import Slots
from store.tagging.vocabularies import Vocabularies
from store.vectors.faiss.mapped_rows import MappedRows

from .attempts import AttemptLog
from .copies import Copies
from .files import Files
from .folders import Folders
from .library import Library
from .perceptual_hashes import PerceptualHashes
from .photos import Photos
from .sidecar_journal import Sidecars


class Transaction:
    """Everything that can be asked of the catalog and told to it, within one transaction."""

    def __init__(
        self, connection: Connection, mapped: MappedRows | None = None, labels: LabelCache | None = None
    ) -> None:
        #: For the store's own modules.
        self.connection = connection
        self.folders = Folders(connection)
        self.files = Files(connection)
        self.attempts = AttemptLog(connection)
        self.photos = Photos(connection)
        self.copies = Copies(connection)
        self.perceptual_hashes = PerceptualHashes(connection)
        self.selection = Selection(connection)
        self.spaces = Spaces(connection)
        self.embeddings = Embeddings(connection, mapped)
        self.texts = Texts(connection)
        self.labels = Labels(connection)
        self.vocabularies = Vocabularies(connection, labels)
        self.slots = Slots(connection)
        self.tags = Tags(connection)
        self.scores = Scores(connection)
        self.scopes = Scopes(connection)
        self.calibrations = Calibrations(connection)
        self.sidecars = Sidecars(connection)
        self.library = Library(connection)


class Catalog:
    """The database of one library. Threads may share it: every transaction has a connection of its own."""

    def __init__(self, path: Path, engine: Engine, mapped: MappedRows | None = None) -> None:
        self.path = path
        self._mapped = mapped
        self._labels = LabelCache()
        self._engine = engine
        self._identity = _identity(path)

    @classmethod
    def open(cls, path: Path, mapped: MappedRows | None = None) -> Catalog:
        """The catalog at *path*, made if there is none and upgraded if it is older.

        Embeddings are read from *mapped* rows, if they are given, as far as these are the same.

        Raises `NotACatalog`, `CatalogTooNew`, `CatalogReadOnly`, `CatalogBusy`, `CatalogDamaged` or `DiskFull`.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CatalogReadOnly(path, str(error)) from error
        engine = connect(path)
        try:
            with translated(path):
                upgrade(engine, path)
            return cls(path, engine, mapped)
        except BaseException:
            engine.dispose()
            raise

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A consistent view of what was committed when it began. Writing in it raises."""
        with transaction(self._engine, self.path, writes=False) as connection:
            yield Transaction(connection, self._mapped, self._labels)

    @contextmanager
    def write(self, patience: float | None = None) -> Iterator[Transaction]:
        """A transaction that may write: all of it is kept, or on an exception none.

        Another process's is waited for: half a minute, or about *patience* seconds, and half a second at least. Then
        it raises `CatalogBusy`.
        """
        # SQLite would go on writing, without complaint, into a file that has been deleted.
        if _identity(self.path) != self._identity:
            raise CatalogMoved(self.path)
        with transaction(self._engine, self.path, writes=True, patience=patience) as connection:
            yield Transaction(connection, self._mapped, self._labels)

    def close(self) -> None:
        """Give back what is held open."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
