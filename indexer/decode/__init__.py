"""Decoding: a file's bytes become pixels and facts, or a reason why not."""

from .errors import Damaged, DecodeError, TooLarge, Unsupported
from .formats import HEAD, identify
from .notes import Notes, read_xmp
from .picture import DecodedPhoto, Squarer, read_photo
from .versions import decoders

__all__ = [
    "HEAD",
    "Damaged",
    "DecodeError",
    "DecodedPhoto",
    "Notes",
    "Squarer",
    "TooLarge",
    "Unsupported",
    "decoders",
    "identify",
    "read_photo",
    "read_xmp",
]
