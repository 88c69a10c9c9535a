"""From files on disk to embeddings in the catalog. Only what other packages use is exported here.

The exported names are imported at their first use: a search needs a text encoder, and none of the decoders.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.files.ignore import anchored, is_pattern
    from indexer.files.scan import WHOLE, Subtree
    from indexer.models.protocols import ImageEncoder, Preprocessor
    from indexer.pipeline.fill import fill_space
    from indexer.pipeline.pipeline import index_files, index_folders, run_pass
    from indexer.pipeline.records import (
        BeforeBatch,
        Event,
        FileDone,
        FileStage,
        FolderOffline,
        FolderScanned,
        IndexReport,
        PipelineProgress,
        PipelineRequest,
        ReadingBegins,
        ThumbnailKeeper,
    )
    from indexer.pipeline.space_embedder import Destination
    from indexer.pipeline.stated_facts import unread_facts
    from indexer.pipeline.survey import survey_folder
    from indexer.watch.dirty_paths import DirtyPaths
    from indexer.workers.pool import ProcessReaders, Readers, ThreadReaders

    from .decode import DecodeError, decoders
    from .errors import IndexerError, NoReaders

__all__ = [
    "WHOLE",
    "BeforeBatch",
    "DecodeError",
    "Destination",
    "DirtyPaths",
    "Event",
    "FileDone",
    "FileStage",
    "FolderOffline",
    "FolderScanned",
    "ImageEncoder",
    "IndexReport",
    "IndexerError",
    "NoReaders",
    "PipelineProgress",
    "PipelineRequest",
    "Preprocessor",
    "ProcessReaders",
    "Readers",
    "ReadingBegins",
    "Subtree",
    "ThreadReaders",
    "ThumbnailKeeper",
    "anchored",
    "decoders",
    "fill_space",
    "index_files",
    "index_folders",
    "is_pattern",
    "run_pass",
    "survey_folder",
    "unread_facts",
]

_MODULES = {
    "decode": ("DecodeError", "decoders"),
    "errors": ("IndexerError", "NoReaders"),
    "files.ignore": ("anchored", "is_pattern"),
    "files.scan": ("WHOLE", "Subtree"),
    "models.protocols": ("ImageEncoder", "Preprocessor"),
    "pipeline.fill": ("fill_space",),
    "pipeline.pipeline": ("index_files", "index_folders", "run_pass"),
    "pipeline.records": (
        "BeforeBatch",
        "Event",
        "FileDone",
        "FileStage",
        "FolderOffline",
        "FolderScanned",
        "IndexReport",
        "PipelineRequest",
        "PipelineProgress",
        "ReadingBegins",
        "ThumbnailKeeper",
    ),
    "pipeline.space_embedder": ("Destination",),
    "pipeline.stated_facts": ("unread_facts",),
    "pipeline.survey": ("survey_folder",),
    "watch.dirty_paths": ("DirtyPaths",),
    "workers.pool": ("ProcessReaders", "Readers", "ThreadReaders"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}
assert set(_MODULE_OF) == set(__all__)


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)
