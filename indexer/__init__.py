"""From files on disk to embeddings in the catalog."""

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
