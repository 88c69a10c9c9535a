"""From files on disk to embeddings in the catalog."""

from .batch import Embedder, Tagger
from .decode import DecodeError, decoders
from .errors import IndexerError
from .hints import Hints
from .ignoring import BadRule, anchored, is_pattern
from .pipeline import HeldBack, IndexReport, index_folders, look
from .progress import Event, FileDone, FolderOffline, FolderScanned, Progress, ReadingBegins
from .scan import WHOLE, Subtree

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
    "IndexReport",
    "IndexerError",
    "Progress",
    "ReadingBegins",
    "Subtree",
    "Tagger",
    "anchored",
    "decoders",
    "index_folders",
    "is_pattern",
    "look",
]
