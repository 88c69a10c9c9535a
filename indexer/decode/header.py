"""A picture's header, without decoding its pixels: its facts, and its keywords as their lists have them."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import BinaryIO, Final

from PIL import Image

from indexer.metadata import adopt_exif, packets_in, read_packets
from indexer.metadata.texts import one_line
from store import Metadata

from .errors import Damaged
from .exif import FileExif, exif_of_tiff
from .exif_facts import directories
from .facts import metadata_of
from .formats import HEAD, identify
from .notes import HIERARCHICAL, SUBJECT, TAGS, WINDOWS, KeywordList, foreign, words_in
from .orientation import HasExif

#: Bytes of a file of which everything is read.
_MOST_WHOLE: Final = 1 << 30
#: Pixels of a PNG picture that is decoded for the texts after them.
_MOST_PIXELS: Final = 155_000_000
_LISTS: Final = (SUBJECT, HIERARCHICAL, TAGS, WINDOWS)
_MOST_KEYWORDS: Final = 5000

#: Keywords of a file by the lists that hold them, as written, without those that this program wrote.
KeywordLists = Mapping[KeywordList, tuple[str, ...]]


def read_metadata(opened: BinaryIO) -> Metadata:
    """The facts of the picture in the file *opened*, of which only the needed parts are read. Raises `DecodeError`."""
    with _header(opened) as (image, data):
        return metadata_of(image, data)


def read_keywords(opened: BinaryIO) -> KeywordLists:
    """Keywords of the picture in the file *opened*; empty if it has none. Raises `DecodeError`.

    Those in IPTC and EXIF count as single words, and only if XMP has none.
    """
    with _header(opened) as (image, data):
        xmp = read_packets(*packets_in(image, data, directories(image).main))
        found = {
            each: _clean(foreign(words_in(xmp, each), xmp.texts(each.ours.tag), xmp.texts(each.copies.tag)))
            for each in _LISTS
        }
        if not any(found.values()):
            found = {SUBJECT: metadata_of(image, data).keywords}
        return {each: words for each, words in found.items() if words}


@contextmanager
def _header(opened: BinaryIO) -> Iterator[tuple[HasExif, bytes]]:
    """The picture in the file *opened*, and the content of the file if that is needed."""
    picture_format = identify(opened.read(HEAD))
    opened.seek(0)
    data = opened.read(_MOST_WHOLE) if picture_format in {"RAW", "TIFF", "GIF"} else b""
    if picture_format == "RAW":
        # Loads a library that most folders never need.
        from .raw import read_exif  # noqa: PLC0415

        yield read_exif(data), data
        return
    try:
        image = Image.open(io.BytesIO(data) if data else opened, formats=[picture_format])
    except MemoryError:
        raise
    except Exception as error:
        if picture_format != "TIFF":
            raise Damaged("its header cannot be read") from error
        # A kind that Pillow does not know: its tags are there all the same.
        yield FileExif(exif_of_tiff(data)), data
        return
    with image:
        if picture_format == "PNG" and image.width * image.height <= _MOST_PIXELS:
            # Pillow reads the texts after the pixels only then; without their end, there are those before.
            with suppress(OSError, SyntaxError, ValueError):
                image.load()
            adopt_exif(image)
        yield image, data


def _clean(words: list[str]) -> tuple[str, ...]:
    return tuple(word for each in words[:_MOST_KEYWORDS] if (word := one_line(each)) is not None)
