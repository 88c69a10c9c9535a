"""A picture's header, without decoding its pixels: its facts, and its keywords as their lists have them."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO, Final

from PIL import Image

from indexer.metadata import adopt_exif, packets_in, read_packets
from indexer.metadata.texts import one_line
from store import Metadata

from .errors import Damaged, DecodeError
from .exif import FileExif, HasExif, exif_of_tiff
from .exif_facts import directories, exif_source
from .facts import metadata_of
from .formats import HEAD, MOST_PIXELS, identify
from .iptc_facts import iptc_source
from .iso_media import with_known_brand, without_gain_map
from .notes import LISTS, SUBJECT, KeywordList, foreign_in

#: Bytes of a file of which everything is read.
_MOST_WHOLE: Final = 1 << 30
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
        tags = directories(image)
        xmp = read_packets(*packets_in(image, data, tags.main))
        found = {each: _clean(foreign_in(xmp, each)) for each in LISTS}
        if not any(found.values()):
            found = {SUBJECT: iptc_source(image).notes.keywords or exif_source(tags).notes.keywords}
        return {each: words for each, words in found.items() if words}


@contextmanager
def _header(opened: BinaryIO) -> Iterator[tuple[HasExif, bytes]]:
    """The picture in the file *opened*, and the content of the file if that is needed."""
    picture_format = identify(opened.read(HEAD))
    opened.seek(0)
    data = b"" if picture_format in {"JPEG", "PNG", "WEBP", "BMP"} else opened.read(_MOST_WHOLE)
    if (exif := _exif_without_picture(picture_format, data)) is not None:
        yield exif, data
        return
    if picture_format in {"HEIF", "AVIF"}:
        data = with_known_brand(data, picture_format)
    try:
        with _opened(io.BytesIO(data) if data else opened, picture_format, data) as image:
            if picture_format == "PNG" and image.width * image.height <= MOST_PIXELS:
                # Pillow reads the texts after the pixels only then.
                image.load()
                adopt_exif(image)
            yield image, data
    except (DecodeError, MemoryError):
        raise
    except Exception as error:
        raise Damaged("its header cannot be read") from error


def _opened(file: BinaryIO, picture_format: str, data: bytes) -> Image.Image:
    """Open the picture in *file*; one whose gain map cannot be read, without that."""
    try:
        return Image.open(file, formats=[picture_format])
    except Exception:
        plain = without_gain_map(data) if picture_format in {"HEIF", "AVIF"} else data
        if plain == data:
            raise
        return Image.open(io.BytesIO(plain), formats=[picture_format])


def _exif_without_picture(picture_format: str, data: bytes) -> HasExif | None:
    """EXIF of a file that Pillow does not open as a picture; None for others."""
    # These load libraries that most folders never need.
    if picture_format == "TIFF":
        from . import tiff  # noqa: PLC0415

        found = tiff.outline(data)
        if found is None or found.is_plain:
            return None
        if found.kind is tiff.Kind.PICTURE:
            return FileExif(exif_of_tiff(data))
    elif picture_format != "RAW":
        return None
    from .raw import read_exif  # noqa: PLC0415

    return read_exif(data)


def _clean(words: list[str]) -> tuple[str, ...]:
    return tuple(word for each in words[:_MOST_KEYWORDS] if (word := one_line(each)) is not None)
