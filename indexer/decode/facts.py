"""Facts that a picture file states about itself. A broken fact costs that fact and nothing else."""

from __future__ import annotations

from typing import Final

from indexer.metadata import packets_in, read_packets
from store import Facts, Metadata

from .exif import HasExif
from .exif_facts import directories, exif_source
from .iptc_facts import iptc_source
from .source import Source, joined
from .xmp_facts import xmp_source

#: The version of this reader. Raise it when facts are read otherwise: those of every photo and sidecar are then read
#: again once, without embedding the photo again.
FACTS_READER: Final = 2


def read_facts(image: HasExif, size: tuple[int, int], picture_format: str, data: bytes = b"") -> Facts:
    """The facts of *image*, whose upright *size* is (width, height). *data* is the whole file; GIF needs it."""
    return Facts(size[0], size[1], picture_format).under(metadata_of(image, data))


def metadata_of(image: HasExif, data: bytes = b"") -> Metadata:
    """The facts that *image*, an open picture, states in its tags. *data* is the whole file; GIF needs it."""
    tags = directories(image)
    packets = packets_in(image, data, tags.main)
    xmp = xmp_source(read_packets(*packets)) if packets else Source()
    return joined(exif_source(tags), iptc_source(image), xmp)
