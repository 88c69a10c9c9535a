"""Decoding: a file's bytes become pixels and facts, or a reason why they cannot. No file is opened here."""

from .colours import srgb
from .errors import Damaged, DecodeError, TooLarge, Unsupported
from .facts import FACTS_READER
from .formats import HEAD, identify
from .header import KeywordLists, read_keywords, read_metadata
from .notes import HIERARCHICAL, SUBJECT, TAGS, WINDOWS, KeywordList, foreign
from .picture import DecodedPhoto, MemoryLock, decoders, read_photo
from .xmp_facts import read_sidecar

__all__ = [
    "FACTS_READER",
    "HEAD",
    "HIERARCHICAL",
    "SUBJECT",
    "TAGS",
    "WINDOWS",
    "Damaged",
    "DecodeError",
    "DecodedPhoto",
    "KeywordList",
    "KeywordLists",
    "MemoryLock",
    "TooLarge",
    "Unsupported",
    "decoders",
    "foreign",
    "identify",
    "read_keywords",
    "read_metadata",
    "read_photo",
    "read_sidecar",
    "srgb",
]
