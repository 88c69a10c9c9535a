"""Decoding: a file's bytes become pixels and facts, or a reason why they cannot. No file is opened here."""

from .colours import is_srgb, srgb
from .errors import Damaged, DecodeError, TooLarge, Unsupported
from .facts import FACTS_READER
from .formats import HEAD, identify
from .header import KeywordLists, read_keywords, read_metadata
from .notes import (
    FORMER_RATING,
    HIERARCHICAL,
    OWN_RATING,
    RATING,
    SUBJECT,
    TAGS,
    WINDOWS,
    KeywordList,
    Property,
    foreign,
    foreign_rating,
    rating_of,
)
from .picture import DecodedPhoto, MemoryLock, decoders, read_photo
from .thumbnail import METHOD, SIDE, Fit, jpeg_file, shown_colours, webp
from .xmp_facts import read_sidecar

__all__ = [
    "FACTS_READER",
    "FORMER_RATING",
    "HEAD",
    "HIERARCHICAL",
    "METHOD",
    "OWN_RATING",
    "RATING",
    "SIDE",
    "SUBJECT",
    "TAGS",
    "WINDOWS",
    "Damaged",
    "DecodeError",
    "DecodedPhoto",
    "Fit",
    "KeywordList",
    "KeywordLists",
    "MemoryLock",
    "Property",
    "TooLarge",
    "Unsupported",
    "decoders",
    "foreign",
    "foreign_rating",
    "identify",
    "is_srgb",
    "jpeg_file",
    "rating_of",
    "read_keywords",
    "read_metadata",
    "read_photo",
    "read_sidecar",
    "shown_colours",
    "srgb",
    "webp",
]
