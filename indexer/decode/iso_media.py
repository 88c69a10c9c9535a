"""ISO media files (HEIC, AVIF, CR3) as their top-level boxes. Format: ISO/IEC 14496-12, section 4.2."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .errors import Damaged, Incomplete
from .formats import CUT, full_of_zeros, lacking_end, zeros_before

#: Types of top-level boxes: ISO/IEC 14496-12, 23008-12 and 19566-5, and those that telephones add.
_TYPES: Final = frozenset(
    (
        b"ftyp meta mdat moov free skip wide uuid udta mpvd moof mfra styp sidx ssix prft pdin pnot sefd jumb meco mini"
    ).split()
)
#: The kind of item that is a picture with its gain map applied.
_GAIN_MAP: Final = b"tmap"
#: Main brands that decoders know, and the ones that are put in place of others.
_KNOWN_BRANDS: Final = frozenset(
    (b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
)
_BRANDS: Final = {"AVIF": b"avif", "HEIF": b"heic"}
_SHORT: Final = b"mini"
#: Boxes that describe the pictures. Without one of them, the file ended too early.
_DESCRIBING: Final = frozenset({b"meta", b"moov", _SHORT})
_DATA: Final = b"mdat"
_LONG, _TO_THE_END = 1, 0


def with_known_brand(data: bytes, picture_format: str) -> bytes:
    """The file under a main brand by which decoders know *picture_format*: they do not look at the others."""
    return data if data[8:12] in _KNOWN_BRANDS else data[:8] + _BRANDS[picture_format] + data[12:]


def has_short_header(data: bytes) -> bool:
    """Return whether the pictures are described in a `mini` box (ISO/IEC 23008-12, third edition)."""
    return any(kind == _SHORT for kind, _, _ in _boxes(data))


def without_gain_map(data: bytes) -> bytes:
    """The file without the picture that adapts it to bright screens: a broken one costs no photo.

    Its kind of item is replaced by one that decoders skip. Format: ISO 21496-1, ISO/IEC 23008-12.
    """
    described = next((end for kind, _, end in _boxes(data) if kind in _DESCRIBING), 0)
    return data[:described].replace(_GAIN_MAP, b"skip") + data[described:]


def check_complete(data: bytes, subject: str = "it") -> None:
    """Raise `Damaged` if a box of *data*, an ISO media file, lacks bytes. Bytes after the last box do no harm.

    The sentence is about *subject*.

    Decoders fill the missing part of a half-copied file with grey, without an error. Telephones append texts and
    videos that are no boxes; read as boxes, they promise gigabytes.
    """
    described = False
    for kind, size, end in _boxes(data):
        missing = end - len(data)
        if missing > 0:
            if described and kind not in _TYPES:
                return
            raise lacking_end(missing, len(data) + missing, subject)
        if size is None:
            # No box at all: a trailer if the pictures are described, otherwise nonsense.
            if described:
                return
            raise Damaged(f"{subject} has a broken structure")
        zeros = zeros_before(data, end) if kind == _DATA else 0
        if zeros > CUT * size:
            raise full_of_zeros(zeros, len(data), subject)
        described = described or kind in _DESCRIBING
    if not described:
        raise Incomplete(f"{subject} is incomplete: it ends before its picture is described")


def _boxes(data: bytes) -> Iterator[tuple[bytes, int | None, int]]:
    """The type of each box, its bytes (None if that is no box), and its end, which may be beyond that of the file."""
    at = 0
    while at < len(data):
        size, kind, header = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if len(data) - at < header:
            yield kind, None, at
            return
        if size == _LONG:
            size, header = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        if size == _TO_THE_END:
            size = len(data) - at
        if size < header:
            yield kind, None, at
            return
        at += size
        yield kind, size, at
