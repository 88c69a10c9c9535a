"""From files on disk to embeddings in the catalog."""

from .batch import Embedder, Tagger
from .decode import DecodeError
from .errors import IndexerError
from .pipeline import IndexReport, index_folders
from .progress import Event, FileDone, FolderOffline, FolderScanned, Progress, ReadingBegins

__all__ = [
    "DecodeError",
    "Embedder",
    "Event",
    "FileDone",
    "FolderOffline",
    "FolderScanned",
    "IndexReport",
    "IndexerError",
    "Progress",
    "ReadingBegins",
    "Tagger",
    "index_folders",
]
