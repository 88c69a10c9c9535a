"""From files on disk to embeddings in the catalog.

What is named here is loaded when it is first asked for: a search needs the text tower, and none of the decoders.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .batch import Embedder, Tagger
    from .decode import DecodeError, Squarer, decoders
    from .errors import IndexerError, NoReaders
    from .hints import Hints
    from .ignoring import BadRule, anchored, is_pattern
    from .looking import look
    from .pipeline import index_folders
    from .progress import Event, FileDone, FolderOffline, FolderScanned, Progress, ReadingBegins
    from .readers import InThreads, Readers
    from .report import HeldBack, IndexReport
    from .scan import WHOLE, Subtree
    from .workers import InProcesses

__all__ = [
    "WHOLE",
    "BadRule",
    "DecodeError",
    "Embedder",
    "Event",
    "FileDone",
    "FolderOffline",
    "FolderScanned",
    "HeldBack",
    "Hints",
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
    "batch": ("Embedder", "Tagger"),
    "decode": ("DecodeError", "Squarer", "decoders"),
    "errors": ("IndexerError", "NoReaders"),
    "hints": ("Hints",),
    "ignoring": ("BadRule", "anchored", "is_pattern"),
    "looking": ("look",),
    "pipeline": ("index_folders",),
    "progress": ("Event", "FileDone", "FolderOffline", "FolderScanned", "Progress", "ReadingBegins"),
    "readers": ("InThreads", "Readers"),
    "report": ("HeldBack", "IndexReport"),
    "scan": ("WHOLE", "Subtree"),
    "workers": ("InProcesses",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}
assert set(_MODULE_OF) == set(__all__)


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)
