"""Facts from a picture's header, without decoding its pixels: for a photo that is embedded already."""

from __future__ import annotations

from typing import BinaryIO

from PIL import Image

from store import Metadata

from .errors import Damaged, DecodeError
from .facts import metadata_of
from .formats import HEAD, identify, is_raw
from .picture import PLUGINS


def read_metadata(opened: BinaryIO) -> Metadata:
    """The facts of the picture in the file *opened*, of which only the needed parts are read. Raises `DecodeError`."""
    picture_format = identify(opened.read(HEAD))
    opened.seek(0)
    if picture_format in {"RAW", "TIFF"}:
        data = opened.read()
        if picture_format == "RAW" or is_raw(data):
            # Loads a library that most folders never need.
            from .raw import read_exif  # noqa: PLC0415

            return metadata_of(read_exif(data))
        opened.seek(0)
    try:
        with Image.open(opened, formats=PLUGINS[picture_format]) as image:
            return metadata_of(image)
    except DecodeError:
        raise
    except Exception as error:
        raise Damaged("its header cannot be read") from error
