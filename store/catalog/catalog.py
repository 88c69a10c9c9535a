"""The catalog: opening it, transactions on it, and the settings of the library."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sqlalchemy import Connection, select, update

from store.embeddings.cache import EmbeddingCache
from store.embeddings.embeddings import Embeddings, Spaces
from store.embeddings.texts import Texts
from store.errors import PostgresNotInstalled
from store.filters.facets import Facets
from store.filters.selection import Selection
from store.records import Space, Trial, VocabularyDefinition
from store.sql import schema
from store.sql.database import Database
from store.sql.dialect import replacing, upsert
from store.sql.sqlite import SQLiteDatabase
from store.sql.upgrade import upgrade, upgrade_server
from store.tagging.labels import Calibrations, Labels, TunedThresholds
from store.tagging.manual_tags import Tags
from store.tagging.scopes import Scopes
from store.tagging.scores import Scores
from store.tagging.slots import Slots
from store.tagging.staging import staged
from store.tagging.vocabularies import LabelCache, Staged, Vocabularies

from .copies import Copies
from .descriptions import Descriptions
from .edits import Edits
from .files import AttemptLog, Files
from .folders import Folders
from .miniatures import Miniatures
from .move_journal import MoveJournal
from .perceptual_hashes import PerceptualHashes
from .photo_facts import PhotoFacts
from .photo_texts import PhotoTexts
from .photos import Photos
from .saved_searches import SavedSearches
from .server_state import server_state
from .sidecar_journal import SidecarJournal

if TYPE_CHECKING:
    from store.sql.postgres import PostgresDatabase

_library, _weights = schema.library, schema.weights


class LibraryState:
    """Settings of the library, one row: its checkpoint and its space, and how its files were read last."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def model(self) -> str | None:
        """Return the checkpoint's name or folder as the user gave it; None until one was chosen."""
        model = self._connection.execute(select(_library.c.model)).scalar()
        return None if model is None else os.fsdecode(model)

    def set_model(self, reference: str) -> None:
        """Use that checkpoint from now on."""
        # It may be a folder, whose name need not be text.
        self._set(model=os.fsencode(reference))

    def space_id(self) -> int | None:
        """The space that searches use; None until the checkpoint was first opened."""
        return self._connection.execute(select(_library.c.space_id)).scalar()

    def set_space(self, space_id: int | None) -> None:
        """Let searches use that space from the beginning on; in a library with photos it is `switch` that does."""
        if space_id is not None and space_id != self.space_id():
            # What is in force without photos is so in any space.
            Slots(self._connection).take_over(space_id)
        self._set(space_id=space_id)

    def previous_space_id(self) -> int | None:
        """The space that searches used before the last switch, if it can be gone back to."""
        return self._connection.execute(select(_library.c.previous_space_id)).scalar()

    def switch(self, space: Space, previous: int | None) -> None:
        """Let searches use *space*; *previous* can be gone back to. It is no longer tried."""
        tried = self.trial()
        self._set(space_id=space.id, previous_space_id=previous)
        self.set_model(space.model)
        if tried is not None and tried.space_id == space.id:
            self.set_trial(None)

    def forget_previous(self) -> None:
        """Note that no earlier space can be gone back to."""
        self._set(previous_space_id=None)

    def trial(self) -> Trial | None:
        """The space that is tried, if there is one."""
        row = self._connection.execute(
            select(_library.c.trying_space_id, _library.c.trying_folder, _library.c.trying_sample)
        ).one_or_none()
        return None if row is None or row.trying_space_id is None else Trial(*row)

    def set_trial(self, trial: Trial | None) -> None:
        """Let that space be tried, in place of another one, or none."""
        space_id, folder, sample = (None,) * 3 if trial is None else (trial.space_id, trial.folder, trial.sample)
        self._set(trying_space_id=space_id, trying_folder=folder, trying_sample=sample)

    def decoders(self) -> str | None:
        """The decoders that files were last read with; None before the first."""
        return self._connection.execute(select(_library.c.decoders)).scalar()

    def read_with(self, decoders: str) -> None:
        """Note that files are read with these decoders from now on."""
        self._set(decoders=decoders)

    def is_indexing(self) -> bool:
        """Return whether an indexing pass that had files to read has begun and not ended."""
        return bool(self._connection.execute(select(_library.c.indexing)).scalar())

    def set_indexing(self, begun: bool) -> None:
        """Note that such a pass begins, or has ended."""
        self._set(indexing=begun)

    def weights_hash(self, stamp: str) -> str | None:
        """The hash that was kept for weights of that stamp, if any."""
        return self._connection.execute(select(_weights.c.hash).where(_weights.c.stamp == stamp)).scalar()

    def remember_weights(self, stamp: str, weights_hash: str) -> None:
        """Keep the hash of weights of that stamp."""
        self._connection.execute(replacing(_weights, ["stamp"], ["hash"]), {"stamp": stamp, "hash": weights_hash})

    def _set(self, **values: object) -> None:
        self._connection.execute(upsert(_library).values(id=1).on_conflict_do_nothing())
        self._connection.execute(update(_library).values(**values))


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
    photo_facts = cached_property(lambda self: PhotoFacts(self.connection))
    photo_texts = cached_property(lambda self: PhotoTexts(self.connection))
    descriptions = cached_property(lambda self: Descriptions(self.connection))
    copies = cached_property(lambda self: Copies(self.connection))
    edits = cached_property(lambda self: Edits(self.connection))
    miniatures = cached_property(lambda self: Miniatures(self.connection))
    perceptual_hashes = cached_property(lambda self: PerceptualHashes(self.connection))
    selection = cached_property(lambda self: Selection(self.connection, self.folders.all))
    facets = cached_property(lambda self: Facets(self.connection))
    spaces = cached_property(lambda self: Spaces(self.connection))
    embeddings = cached_property(lambda self: Embeddings(self.connection, self._cache))
    texts = cached_property(lambda self: Texts(self.connection))
    labels = cached_property(lambda self: Labels(self.connection))
    vocabularies = cached_property(lambda self: Vocabularies(self.connection, self._labels))
    tuned_thresholds = cached_property(lambda self: TunedThresholds(self.connection))
    slots = cached_property(lambda self: Slots(self.connection))
    tags = cached_property(lambda self: Tags(self.connection))
    scores = cached_property(lambda self: Scores(self.connection))
    scopes = cached_property(lambda self: Scopes(self.connection))
    calibrations = cached_property(lambda self: Calibrations(self.connection))
    moves = cached_property(lambda self: MoveJournal(self.connection))
    saved_searches = cached_property(lambda self: SavedSearches(self.connection))
    sidecars = cached_property(lambda self: SidecarJournal(self.connection))
    library = cached_property(lambda self: LibraryState(self.connection))
    #: None in SQLite.
    server = cached_property(lambda self: server_state(self.connection))


class Catalog:
    """The catalog of one library. Threads may share it: every transaction has a connection of its own."""

    def __init__(self, database: Database, cache: EmbeddingCache | None = None) -> None:
        self._database = database
        self._cache = cache
        self._labels = LabelCache()

    @classmethod
    def open(cls, path: Path | str, cache: EmbeddingCache | None = None, patience: float | None = None) -> Catalog:
        """Open the SQLite catalog at *path*, made if there is none and upgraded if it is older.

        A text is the address of a PostgreSQL database instead, `postgresql://user@host/database`; its tables are made
        and upgraded in the same way.

        Embeddings are read from *cache*, if there is one, as far as it equals the catalog. A transaction waits half a
        minute for one of another process, or *patience* seconds.

        Raises `NotACatalog`, `CatalogTooNew`, `CatalogReadOnly`, `CatalogBusy`, `CatalogDamaged` or `DiskFull`; for an
        address also `BadCatalogAddress`, `CatalogUnreachable`, `PostgresNotInstalled`, `PgvectorMissing`,
        `PgvectorTooOld` or `DatabaseNotUnicode`.
        """
        if isinstance(path, str):
            return cls(_databases_on_server().open(path, upgrade_server, patience), cache)
        return cls(SQLiteDatabase.open(path, upgrade, patience), cache)

    @classmethod
    def open_if_any(
        cls, address: str, cache: EmbeddingCache | None = None, patience: float | None = None
    ) -> Catalog | None:
        """Open the catalog at *address* as `open` does; None, and nothing is made, if that database has no tables."""
        database = _databases_on_server().open_if_any(address, upgrade_server, patience)
        return None if database is None else cls(database, cache)

    @property
    def path(self) -> Path | str:
        """The path of the catalog, or its address without the password."""
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

    @contextmanager
    def write_beside(self) -> Iterator[Transaction]:
        """Begin a transaction that may write, beside others of this kind; see `write`, which excludes these, too.

        It is for rows that belong to one part of a whole, where every writer says which part it has in hand:
        `Scores.put_part`. SQLite excludes all others.
        """
        with self._database.begin(writes=True, beside=True) as connection:
            yield Transaction(connection, self._cache, self._labels)

    def staged(self, definition: VocabularyDefinition) -> AbstractContextManager[Staged | None]:
        """Write the labels of a large vocabulary in short transactions, for `Vocabularies.put`.

        Nothing shows the revision before it is put; if it is not, it is removed at the end. A small vocabulary is put
        at once: the value is None.
        """
        return staged(lambda writes: self._database.begin(writes=writes), self._labels, definition)

    @property
    def is_on_server(self) -> bool:
        """True if the catalog is a database on a server, which compares vectors itself."""
        return isinstance(self._database.path, str)

    def maintenance(self) -> AbstractContextManager[Connection]:
        """Connect anew to the server of the catalog, for the store's statements that no transaction may hold."""
        from store.sql.postgres import PostgresDatabase  # noqa: PLC0415 - its packages are an extra

        assert isinstance(self._database, PostgresDatabase)
        return self._database.maintenance()

    def stamp(self) -> str | None:
        """Return a text that differs after each commit of any process; None while one may have happened just now."""
        return self._database.stamp()

    def erase_deleted(self) -> None:
        """Leave no copy of what was erased in files beside the catalog, as far as no other process reads them."""
        self._database.empty_log()

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _databases_on_server() -> type[PostgresDatabase]:
    try:
        from store.sql.postgres import PostgresDatabase  # noqa: PLC0415 - its packages are an extra
    except ModuleNotFoundError as error:
        raise PostgresNotInstalled("postgresql") from error
    return PostgresDatabase
