"""From files on disk to embeddings in the catalog.

What is named here is loaded when it is first asked for: a search needs the text tower, and none of the decoders.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.files.ignore import BadRule, anchored, is_pattern
    from indexer.files.scan import WHOLE, Subtree
    from indexer.pipeline.batch import ImageEncoder, Tagger
    from indexer.pipeline.pipeline import index_folders
    from indexer.pipeline.progress import Event, FileDone, FolderOffline, FolderScanned, Progress, ReadingBegins
    from indexer.pipeline.report import HeldBack, IndexReport
    from indexer.pipeline.survey import look
    from indexer.watch.dirty_paths import Hints
    from indexer.workers.pool import InProcesses
    from indexer.workers.readers import InThreads, Readers

    from .decode import DecodeError, Squarer, decoders
    from .errors import IndexerError, NoReaders

__all__ = [
    "WHOLE",
    "BadRule",
    "DecodeError",
    "Event",
    "FileDone",
    "FolderOffline",
    "FolderScanned",
    "HeldBack",
    "Hints",
    "ImageEncoder",
    "InProcesses",
    "InThreads",
    "IndexReport",
    "IndexerError",
    "NoReaders",
    "Progress",
    "Readers",
    "ReadingBegins",
    "Squarer",
    "Subtree",
    "Tagger",
    "anchored",
    "decoders",
    "index_folders",
    "is_pattern",
    "look",
]

_MODULES = {
    "pipeline.batch": ("ImageEncoder", "Tagger"),
    "decode": ("DecodeError", "Squarer", "decoders"),
    "errors": ("IndexerError", "NoReaders"),
    "watch.dirty_paths": ("Hints",),
    "files.ignore": ("BadRule", "anchored", "is_pattern"),
    "pipeline.survey": ("look",),
    "pipeline.pipeline": ("index_folders",),
    "pipeline.progress": ("Event", "FileDone", "FolderOffline", "FolderScanned", "Progress", "ReadingBegins"),
    "workers.readers": ("InThreads", "Readers"),
    "pipeline.report": ("HeldBack", "IndexReport"),
    "files.scan": ("WHOLE", "Subtree"),
    "workers.pool": ("InProcesses",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}
assert set(_MODULE_OF) == set(__all__)


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)
