"""Decoding: a file's bytes become pixels and facts, or a reason why they cannot. No file is opened here."""

from .colours import is_srgb, srgb
from .errors import Damaged, DecodeError, TooLarge, Unsupported
from .facts import FACTS_READER
from .formats import HEAD, identify
from .header import KeywordLists, read_keywords, read_metadata
from .notes import (
    DESCRIPTION,
    DESCRIPTION_BY,
    FORMER_RATING,
    HIERARCHICAL,
    OWN_DESCRIPTION,
    OWN_RATING,
    RATING,
    SUBJECT,
    TAGS,
    WINDOWS,
    KeywordList,
    LanguageAlternative,
    Property,
    caption_of,
    foreign,
    foreign_caption,
    foreign_rating,
    notes_of,
    rating_of,
)
from .picture import DecodedPhoto, MemoryLock, decoders, read_photo
from .thumbnail import METHOD, SIDE, Fit, jpeg_file, shown_colours, webp
from .xmp_facts import read_sidecar

__all__ = [
    "DESCRIPTION",
    "DESCRIPTION_BY",
    "FACTS_READER",
    "FORMER_RATING",
    "HEAD",
    "HIERARCHICAL",
    "METHOD",
    "OWN_DESCRIPTION",
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
    "LanguageAlternative",
    "MemoryLock",
    "Property",
    "TooLarge",
    "Unsupported",
    "caption_of",
    "decoders",
    "foreign",
    "foreign_caption",
    "foreign_rating",
    "identify",
    "is_srgb",
    "jpeg_file",
    "notes_of",
    "rating_of",
    "read_keywords",
    "read_metadata",
    "read_photo",
    "read_sidecar",
    "shown_colours",
    "srgb",
    "webp",
]
