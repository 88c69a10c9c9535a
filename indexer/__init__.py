"""From files on disk to embeddings in the catalog."""

from .batch import Embedder, Tagger
from .decode import DecodeError
from .errors import IndexerError
from .ignoring import BadRule, anchored, is_pattern
from .pipeline import HeldBack, IndexReport, index_folders
from .progress import Event, FileDone, FolderOffline, FolderScanned, Progress, ReadingBegins

__all__ = [
    "BadRule",
    "DecodeError",
    "Embedder",
    "Event",
    "FileDone",
    "FolderOffline",
    "FolderScanned",
    "HeldBack",
    "IndexReport",
    "IndexerError",
    "Progress",
    "ReadingBegins",
    "Tagger",
    "anchored",
    "index_folders",
    "is_pattern",
]
