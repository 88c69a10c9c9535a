"""Decoding: a file's bytes become pixels and facts, or a reason why not."""

from .errors import Damaged, DecodeError, TooLarge, Unsupported
from .formats import HEAD, identify
from .keyword_lists import HIERARCHICAL, SUBJECT, TAGS, WINDOWS, KeywordList, foreign
from .notes import Notes, read_xmp
from .picture import DecodedPhoto, Squarer, Turn, read_photo
from .versions import decoders

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
    "Notes",
    "Squarer",
    "TooLarge",
    "Turn",
    "Unsupported",
    "decoders",
    "foreign",
    "identify",
    "read_photo",
    "read_xmp",
]
