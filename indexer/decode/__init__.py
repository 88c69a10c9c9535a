"""Decoding: a file's bytes become pixels and facts, or a reason why they cannot. No file is opened here."""

from .errors import Damaged, DecodeError, TooLarge, Unsupported
from .formats import HEAD, identify
from .notes import HIERARCHICAL, SUBJECT, TAGS, WINDOWS, KeywordList, Notes, foreign, read_xmp
from .picture import DecodedPhoto, MemoryLock, decoders, read_photo
from .picture_keywords import KeywordLists, read_keywords

__all__ = [
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
    "Notes",
    "TooLarge",
    "Unsupported",
    "decoders",
    "foreign",
    "identify",
    "read_keywords",
    "read_photo",
    "read_xmp",
]
