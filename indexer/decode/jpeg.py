"""JPEG files as their segments, to mend what Pillow refuses and find what is missing. Format: ITU-T T.81, annex B."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .colours import eight_bits
from .errors import Damaged, Incomplete, Unsupported
from .exif import exif_of_block
from .formats import zeros_before

if TYPE_CHECKING:
    from indexer.models.protocols import Preprocessor

_START, _END = b"\xff\xd8", b"\xff\xd9"
_APP0, _APP1, _APP14 = 0xE0, 0xE1, 0xEE
#: Times the pixels that an image encoder wants each way, at which a picture is decoded for it.
TIMES: Final = 2
#: Segments of programs, and comments.
_EXTRAS: Final = frozenset({*range(0xE0, 0xF0), 0xFE})
_TABLES: Final = frozenset({0xC4, 0xCC, 0xDB, 0xDD})
_EOI, _SOS, _DNL = 0xD9, 0xDA, 0xDC
#: Kinds of frames by their markers: progressive, lossless, hierarchical, and of JPEG-LS (ITU-T T.87).
_PROGRESSIVE: Final = frozenset({0xC2, 0xCA})
_LOSSLESS: Final = frozenset({0xC3, 0xCB})
_HIERARCHICAL: Final = frozenset({0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF})
_LS: Final = 0xF7
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {_LS}
#: A marker within or after compressed data: there 0xFF 0x00 is a byte 0xFF, and 0xD0 to 0xD7 only divide the data.
_MARKER: Final = re.compile(rb"\xff[\x02-\xcf\xd8-\xfe]")
_EXIF: Final = b"Exif\0\0"
#: Bytes of a segment's length; of the shortest JFIF and Adobe segments, which tell how colours are stored.
_LENGTH, _JFIF, _ADOBE = 2, 16, 14
_COEFFICIENTS: Final = 64
#: The value that libjpeg gives to blocks whose data are missing.
_GREY: Final = 128
_BLURRED: Final = "it is incomplete: its finer details are missing"
#: Two continuations of compressed data that end early. A whole picture does not depend on what follows it.
_CONTINUATIONS: Final = tuple(
    bytes(np.random.default_rng(seed).integers(1, 255, 256, np.uint8).tobytes()) for seed in (1, 2)
)


@dataclass(frozen=True, slots=True)
class _Segment:
    """A marker segment: its kind, and where it starts and ends. Compressed data follow the end of a scan's header."""

    kind: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame header: kind of compression, bits a sample, size (no height if it comes later), components' ids."""

    kind: int
    bits: int
    width: int
    height: int
    components: tuple[int, ...]

    @property
    def is_lossless(self) -> bool:
        """True if libjpeg can decode it only as it is stored: at full size, and in the stored colours."""
        return self.kind in _LOSSLESS

    @property
    def is_rare(self) -> bool:
        """True if Pillow does not read such frames, and imagecodecs may."""
        return self.bits != 8 or self.kind == _LS  # noqa: PLR2004 - bits


def least_size(preprocessing: Preprocessor, width: int, height: int, times: int = TIMES) -> tuple[int, int]:
    """Least size at which a JPEG picture of that size is decoded for *preprocessing*, both as the file has them.

    Twice the wanted pixels each way, so that the last step still averages over enough of them; once is enough for the
    eye.
    """
    wanted_width, wanted_height = preprocessing.wanted(width, height)
    return times * wanted_width, times * wanted_height


def scale_of(preprocessing: Preprocessor, width: int, height: int) -> int:
    """The part of each side, one in 1, 2, 4 or 8, at which Pillow decodes a JPEG picture of that size for it."""
    least_width, least_height = least_size(preprocessing, width, height)
    most = min(width // least_width, height // least_height)
    return next((scale for scale in (8, 4, 2) if most >= scale), 1)


def frame(data: bytes) -> Frame:
    """The frame header of the JPEG file *data*. Raises `Damaged`, or `Unsupported` if nothing reads its kind."""
    return _frame(data, list(_segments(data)))


def ended_early(image: Image.Image) -> bool:
    """Return whether the last pixel of *image*, as decoded from a JPEG file, has the grey of missing data."""
    return _is_grey(image.getpixel((image.width - 1, image.height - 1)))


def _is_grey(pixel: object) -> bool:
    channels = pixel if isinstance(pixel, tuple) else (pixel,)
    return all(_GREY - 1 <= channel <= _GREY for channel in channels)


def check_scans(data: bytes) -> None:
    """Raise `Incomplete` if the progressive JPEG file *data* lacks scans: it was cut, and is a blurred picture."""
    if not _has_all_scans(data, list(_segments(data))):
        raise Incomplete(_BLURRED)


def check_whole(data: bytes, least: tuple[int, int]) -> None:
    """Raise `Damaged` if the compressed data of the JPEG file *data* end before its picture does.

    libjpeg fills the rest with grey and only warns, and Pillow does not say so. The picture is decoded twice, at no
    less than the size *least*, with different bytes after its last data: those show in place of missing ones only.
    """
    segments = list(_segments(data))
    missing = _missing(data, segments, least)
    if missing:
        raise Incomplete(_lacking(missing))


def mended(data: bytes, least: Callable[[int, int], tuple[int, int]]) -> Iterator[bytes]:
    """Whole JPEG files with the picture in *data*, which Pillow refuses: the first that it reads is good.

    Each has a height and an end mark, and the later ones lack segments that decoding does not need: broken ones cost
    the facts in them. Raises `Incomplete` if some of the picture is missing, and `Unsupported` if nothing reads its
    kind.
    """
    segments = list(_segments(data))
    _frame(data, segments)
    if _SOS not in {segment.kind for segment in segments}:
        raise Incomplete("it is incomplete: it ends before its picture begins")
    plain = _rebuilt(data, segments)
    found = frame(plain)
    missing = _missing(plain, list(_segments(plain)), least(found.width, found.height))
    if missing:
        raise Incomplete(_lacking(missing))
    if segments[-1].kind != _EOI and not _has_all_scans(data, segments):
        raise Incomplete(_BLURRED)
    extras = [at for at, segment in enumerate(segments) if segment.kind in _EXTRAS]
    exif = [at for at in extras if data.startswith(_EXIF, segments[at].start + 4)]
    yield _rebuilt(data, segments, extras)
    yield _rebuilt(data, segments, exif)
    yield plain


def decode_rare(data: bytes) -> Image.Image:
    """The picture of a frame that is rare, grey or RGB. Raises `Damaged` or `Unsupported`."""
    # Few libraries have such pictures, and it takes time to import.
    import imagecodecs  # noqa: PLC0415

    found = frame(data)
    named = "a JPEG-LS picture" if found.kind == _LS else f"a JPEG picture of {found.bits} bits"
    if len(found.components) not in {1, 3}:
        raise Unsupported(f"it is {named} of {len(found.components)} channels, which is not read")
    decode = imagecodecs.jpegls_decode if found.kind == _LS else imagecodecs.jpeg_decode
    try:
        samples = np.asarray(decode(data))
    except Exception as error:
        # Each of its decoders has an error class of its own.
        raise Damaged(f"it is {named} whose compressed data are broken") from error
    return Image.fromarray(eight_bits(np.atleast_3d(samples), found.bits).squeeze())


def exif(data: bytes) -> Image.Exif:
    """The EXIF of the JPEG file *data*; empty if it is missing or broken."""
    for segment in _segments(data):
        if segment.kind == _APP1 and data.startswith(_EXIF, segment.start + 4):
            return exif_of_block(data[segment.start + 4 : segment.end])
    return Image.Exif()


def _lacking(missing: float) -> str:
    if missing == 1:
        return "it is incomplete: nothing of its picture is there"
    return f"it is incomplete: the lower part of its picture is missing ({min(max(missing, 0.01), 0.99):.0%})"


def _segments(data: bytes) -> Iterator[_Segment]:
    """The segments in order, up to the end mark or what is left of it."""
    at = len(_START)
    while (found := _MARKER.search(data, at)) is not None:
        at, kind = found.start(), data[found.start() + 1]
        if kind == _EOI:
            yield _Segment(kind, at, at + 2)
            return
        end = at + 2 + max(_LENGTH, int.from_bytes(data[at + 2 : at + 4], "big"))
        if end > len(data):
            return
        yield _Segment(kind, at, end)
        at = end


def _frame(data: bytes, segments: Sequence[_Segment]) -> Frame:
    header = next((segment for segment in segments if segment.kind in _FRAMES), None)
    body = b"" if header is None else data[header.start + 4 : header.end]
    if header is None or len(body) < 6 or len(body) < 6 + 3 * body[5]:  # noqa: PLR2004 - the fields of a frame header
        raise Damaged("it begins as a JPEG picture, but the description of its picture is missing or broken")
    if header.kind in _HIERARCHICAL:
        raise Unsupported("it is a JPEG picture of several resolutions (hierarchical)")
    components = tuple(body[6 + 3 * at] for at in range(body[5]))
    return Frame(header.kind, body[0], int.from_bytes(body[3:5], "big"), int.from_bytes(body[1:3], "big"), components)


def _rebuilt(data: bytes, segments: Sequence[_Segment], extras: Collection[int] = ()) -> bytes:
    """The file with its height in the frame header and an end mark, without what decoding does not need.

    *extras* are numbers of segments to keep nevertheless.
    """
    height = _late_height(data, segments)
    parts = [_START]
    for at, segment in enumerate(segments):
        body = data[segment.start : segment.end]
        if segment.kind in _FRAMES:
            stated = int.from_bytes(body[5:7], "big") or height
            if not stated:
                raise Damaged("it states no height")
            body = body[:5] + stated.to_bytes(2, "big") + body[7:]
        elif segment.kind == _SOS:
            after = segments[at + 1].start if at + 1 < len(segments) else len(data)
            body = data[segment.start : after]
            if at + 1 == len(segments):
                # Without zeros in place of what is missing, and without half an end mark.
                body = body[: len(body) - zeros_before(body, len(body))].rstrip(b"\xff")
        elif segment.kind not in _TABLES and at not in extras and not _tells_colours(data, segment):
            continue
        parts.append(body)
    return b"".join((*parts, _END))


def _tells_colours(data: bytes, segment: _Segment) -> bool:
    size, name = segment.end - segment.start - 2, data[segment.start + 4 : segment.start + 9]
    is_jfif = segment.kind == _APP0 and size >= _JFIF and name == b"JFIF\0"
    return is_jfif or (segment.kind == _APP14 and size >= _ADOBE and name == b"Adobe")


def _late_height(data: bytes, segments: Sequence[_Segment]) -> int:
    """The number of lines that a segment after the first scan states; 0 without one."""
    late = next((segment for segment in segments if segment.kind == _DNL), None)
    return 0 if late is None else int.from_bytes(data[late.start + 4 : late.start + 6], "big")


def _has_all_scans(data: bytes, segments: Sequence[_Segment]) -> bool:
    """Return whether the scans hold every bit of every coefficient of every component."""
    found = _frame(data, segments)
    lacking = {component: [1] * _COEFFICIENTS for component in found.components}
    for segment in segments:
        if segment.kind != _SOS:
            continue
        body = data[segment.start + 4 : segment.end]
        first, last, bits = body[-3], body[-2], body[-1] & 0x0F
        if found.kind not in _PROGRESSIVE:
            first, last, bits = 0, _COEFFICIENTS - 1, 0
        for component in body[1 : 1 + 2 * body[0] : 2]:
            for coefficient in range(first, min(last, _COEFFICIENTS - 1) + 1):
                lacking.get(component, [0] * _COEFFICIENTS)[coefficient] = bits
    return not any(map(any, lacking.values()))


def _missing(data: bytes, segments: Sequence[_Segment], least: tuple[int, int]) -> float:
    """Share of the picture's rows, from the lowest, that depend on bytes after the last compressed data."""
    scan = max((at for at, segment in enumerate(segments) if segment.kind == _SOS), default=None)
    if scan is None:
        return 1.0
    end = segments[scan + 1].start if scan + 1 < len(segments) else len(data) - zeros_before(data, len(data))
    one, other = (_decoded(data[:end] + added + _END, least) for added in _CONTINUATIONS)
    rows = np.flatnonzero((one != other).reshape(len(one), -1).any(1))
    return 1 - float(rows[0]) / len(one) if rows.size else 0.0


def _decoded(data: bytes, least: tuple[int, int]) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
        if not frame(data).is_lossless:
            image.draft(None, least)
        return np.asarray(image)
