"""Keywords in picture files, as their lists have them, with whole paths. Nothing is decoded."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import BinaryIO

from PIL import Image

from indexer.metadata import packets_in, read_packets

from .errors import DecodeError
from .formats import HEAD, identify
from .notes import HIERARCHICAL, SUBJECT, TAGS, WINDOWS, KeywordList, foreign, notes_in, text_of
from .picture import PLUGINS

#: Lists that are read, in XMP.
_LISTS = (SUBJECT, HIERARCHICAL, TAGS, WINDOWS)
#: Bytes of a file that is read whole.
_MOST_WHOLE = 1 << 30
#: Pixels of a PNG picture, whose texts may come after the pixels.
_MOST_PIXELS = 155_000_000
_MOST_KEYWORDS = 5000

#: Keywords of a file by the lists that hold them, as written, without those that this program wrote.
KeywordLists = Mapping[KeywordList, tuple[str, ...]]


def read_keywords(opened: BinaryIO) -> KeywordLists:
    """Keywords in *opened*, a picture file; empty if it has none, or is no picture.

    Those in IPTC and EXIF count as single words, and only if XMP has none. Raises `OSError`.
    """
    head = opened.read(HEAD)
    try:
        picture_format = identify(head)
    except DecodeError:
        return {}
    opened.seek(0)
    if picture_format in {"GIF", "RAW"}:
        data = opened.read(_MOST_WHOLE)
        return _of_raw(data) if picture_format == "RAW" else _of_picture(io.BytesIO(data), picture_format, data)
    return _of_picture(opened, picture_format)


def _of_picture(opened: BinaryIO, picture_format: str, data: bytes = b"") -> KeywordLists:
    try:
        with Image.open(opened, formats=PLUGINS[picture_format]) as image:
            if picture_format == "PNG" and image.width * image.height <= _MOST_PIXELS:
                image.load()
            return _keywords(image, dict(image.getexif()), data)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - decoders raise anything, and broken metadata costs that alone
        return {}


def _of_raw(data: bytes) -> KeywordLists:
    # Loads a library that most folders never need.
    from .raw import Exif  # noqa: PLC0415

    exif = Exif(data, None)
    return _keywords(exif, dict(exif.getexif()), data)


def _keywords(image: object, tags: Mapping[int, object], data: bytes) -> KeywordLists:
    xmp = read_packets(*packets_in(image, data, tags))
    found = {
        each: tuple(_clean(foreign(xmp.texts(each.tag), xmp.texts(each.ours.tag), xmp.texts(each.copies.tag))))
        for each in _LISTS
    }
    if any(found.values()):
        return {each: words for each, words in found.items() if words}
    single = notes_in(image, tags, data).keywords
    return {SUBJECT: single} if single else {}


def _clean(words: list[str]) -> list[str]:
    return [word for each in words[:_MOST_KEYWORDS] if (word := text_of(each)) is not None]
