"""The catalog of a library, and the vector index that caches its embeddings.

Names listed here are loaded on first use: `store.errors` and `store.records` need neither SQLAlchemy nor FAISS.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .catalog.catalog import Catalog, Transaction
    from .catalog.move_journal import FileMove, MoveRun
    from .catalog.perceptual_hashes import StoredHashes
    from .catalog.saved_searches import SavedSearch
    from .errors import (
        BadCatalogAddress,
        BadVector,
        CacheUnwritable,
        CatalogBusy,
        CatalogDamaged,
        CatalogError,
        CatalogMoved,
        CatalogReadOnly,
        CatalogTooNew,
        CatalogTooOld,
        CatalogUnreachable,
        CatalogUpgraded,
        DatabaseNotUnicode,
        DatabaseReadOnly,
        DiskFailed,
        DiskFull,
        FolderCovered,
        ForeignDatabase,
        NotACatalog,
        PgvectorMissing,
        PgvectorTooOld,
        PostgresNotInstalled,
        QueueOfAnother,
        StoreError,
    )
    from .facts import DateSource, Facts, Metadata, SidecarRank
    from .records import (
        MAIN_SLOT,
        Attempts,
        Calibration,
        CosineSpread,
        DerivedTag,
        DescriberSummary,
        DescriptionWords,
        File,
        Folder,
        IndexedFile,
        Label,
        LabelDefinition,
        LabelFit,
        Neighbours,
        Outcome,
        Photo,
        PhotoScores,
        Problem,
        Replacement,
        Revision,
        Scoring,
        SidecarRun,
        SidecarWrite,
        Slot,
        SlotSummary,
        Space,
        SpaceIdentity,
        Stamp,
        StoredDescription,
        Tag,
        TagSource,
        Target,
        Trial,
        Vectors,
        VocabularyDefinition,
        VocabularySummary,
    )
    from .tagging.scores import LeastRanks
    from .thumbnails.picture_cache import CachedPicture, CacheUse, PictureCache
    from .vectors.base import IndexSnapshot, IndexStatus, VectorIndex
    from .vectors.faiss.index import FaissIndex
    from .vectors.faiss.index_files import MappedRows
    from .vectors.faiss.product_quantizer import Acceleration

__all__ = [
    "MAIN_SLOT",
    "Acceleration",
    "Attempts",
    "BadCatalogAddress",
    "BadVector",
    "CacheUnwritable",
    "CacheUse",
    "CachedPicture",
    "Calibration",
    "Catalog",
    "CatalogBusy",
    "CatalogDamaged",
    "CatalogError",
    "CatalogMoved",
    "CatalogReadOnly",
    "CatalogTooNew",
    "CatalogTooOld",
    "CatalogUnreachable",
    "CatalogUpgraded",
    "CosineSpread",
    "DatabaseNotUnicode",
    "DatabaseReadOnly",
    "DateSource",
    "DerivedTag",
    "DescriberSummary",
    "DescriptionWords",
    "DiskFailed",
    "DiskFull",
    "Facts",
    "FaissIndex",
    "File",
    "FileMove",
    "Folder",
    "FolderCovered",
    "ForeignDatabase",
    "IndexSnapshot",
    "IndexStatus",
    "IndexedFile",
    "Label",
    "LabelDefinition",
    "LabelFit",
    "LeastRanks",
    "MappedRows",
    "Metadata",
    "MoveRun",
    "Neighbours",
    "NotACatalog",
    "Outcome",
    "PgvectorMissing",
    "PgvectorTooOld",
    "Photo",
    "PhotoScores",
    "PictureCache",
    "PostgresNotInstalled",
    "Problem",
    "QueueOfAnother",
    "Replacement",
    "Revision",
    "SavedSearch",
    "Scoring",
    "SidecarRank",
    "SidecarRun",
    "SidecarWrite",
    "Slot",
    "SlotSummary",
    "Space",
    "SpaceIdentity",
    "Stamp",
    "StoreError",
    "StoredDescription",
    "StoredHashes",
    "Tag",
    "TagSource",
    "Target",
    "Transaction",
    "Trial",
    "VectorIndex",
    "Vectors",
    "VocabularyDefinition",
    "VocabularySummary",
]

_MODULES = {
    "catalog.catalog": ("Catalog", "Transaction"),
    "catalog.move_journal": ("FileMove", "MoveRun"),
    "catalog.perceptual_hashes": ("StoredHashes",),
    "catalog.saved_searches": ("SavedSearch",),
    "errors": (
        "BadCatalogAddress",
        "BadVector",
        "CacheUnwritable",
        "CatalogBusy",
        "CatalogDamaged",
        "CatalogError",
        "CatalogMoved",
        "CatalogReadOnly",
        "CatalogTooNew",
        "CatalogTooOld",
        "CatalogUnreachable",
        "CatalogUpgraded",
        "DatabaseNotUnicode",
        "DatabaseReadOnly",
        "DiskFailed",
        "DiskFull",
        "FolderCovered",
        "ForeignDatabase",
        "NotACatalog",
        "PgvectorMissing",
        "PgvectorTooOld",
        "PostgresNotInstalled",
        "QueueOfAnother",
        "StoreError",
    ),
    "facts": ("DateSource", "Facts", "Metadata", "SidecarRank"),
    "tagging.scores": ("LeastRanks",),
    "thumbnails.picture_cache": ("CachedPicture", "CacheUse", "PictureCache"),
    "vectors.base": ("IndexSnapshot", "IndexStatus", "VectorIndex"),
    "vectors.faiss.index": ("FaissIndex",),
    "vectors.faiss.index_files": ("MappedRows",),
    "vectors.faiss.product_quantizer": ("Acceleration",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}
assert set(_MODULE_OF) <= set(__all__)


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_MODULE_OF.get(name, 'records')}", __name__), name)
    globals()[name] = value
    return value
