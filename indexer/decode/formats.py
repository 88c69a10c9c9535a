"""File formats: recognised by their first bytes, never by the file name, and checked for completeness and size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .errors import Damaged, Incomplete, TooLarge, Unsupported

#: Bytes that `identify` looks at.
HEAD = 4096
#: Pixels of a picture that is decoded whole: telephones make 200 million, the largest cameras 151.
MOST_PIXELS: Final = 205_000_000

_PICTURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    # RAW photos that are not TIFF files; those that are show it in their tags.
    (b"FUJIFILMCCD-RAW", "RAW"),
    (b"IIRO", "RAW"),
    (b"IIRS", "RAW"),
    (b"MMOR", "RAW"),
    (b"IIU\0", "RAW"),
    (b"II\x1a\0\0\0HEAPCCDR", "RAW"),
    (b"\0MRM", "RAW"),
    (b"FOVb", "RAW"),
)
#: Brands of ISO media files: four letters after "ftyp".
_HEIF_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1", b"mif2"}
)
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
#: The brand of files with a short header. Its version is the brand that tells the codec.
_SHORT_BRAND = b"mif3"
#: Two letters do not tell a BMP from a text: these are the possible sizes of its second header.
_BMP_HEADERS = frozenset({12, *range(16, 65, 4), 108, 124})
#: PNG chunks of the picture itself and of the camera's EXIF. The rest is texts, profiles, and further frames.
_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"eXIf"})
_PNG_END: Final = b"\0\0\0\0IEND\xaeB`\x82"
#: Zeros that are no accident, and the share of a file or its picture's data that they take if a copy was cut off.
_ZEROS: Final = 64
CUT: Final = 0.25
_OTHERS = (
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (b"8BPS", "a Photoshop file"),
    (b"\0\0\1\0", "an icon"),
    (b"%PDF", "a PDF"),
    (b"%!PS", "a PostScript file"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript file"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x1aE\xdf\xa3", "a video (Matroska)"),
    (b"\0\0\1\xba", "a video (MPEG)"),
    (b"\0\0\1\xb3", "a video (MPEG)"),
    (b"0&\xb2u\x8ef\xcf\x11", "a video (Windows Media)"),
    (b"FLV\1", "a video (Flash)"),
    (b"OggS", "an Ogg file"),
    (b"ID3", "a sound file"),
    (b"fLaC", "a sound file"),
    (b"SQLite format 3\0", "a database"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"SIMPLE  =", "a FITS file"),
    (b"#?RADIANCE", "a Radiance picture"),
    (b"v/1\x01", "an OpenEXR picture"),
    (b"DDS ", "a DirectDraw texture"),
    (b"qoif", "a QOI picture"),
    *((b"P%d%c" % (kind, blank), "a PNM picture") for kind in range(1, 8) for blank in b"\n\r\t #"),
)


def identify(head: bytes) -> str:
    """The format of a picture, as Pillow calls it or "RAW", by its first `HEAD` bytes.

    Raises `Unsupported`, which names the kind of the file, or `Damaged` if it is empty.
    """
    if not head:
        raise Damaged("it is empty")
    if not head.strip(b"\0"):
        raise Damaged("it holds nothing but zeros")
    known = next((name for magic, name in _PICTURES if head.startswith(magic)), None) or _bmp(head) or _container(head)
    if known is not None:
        return known
    other = next((name for magic, name in _OTHERS if head.startswith(magic)), None)
    raise Unsupported(f"it is {other or _text_or_unknown(head)}")


def _bmp(head: bytes) -> str | None:
    is_one = head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS
    return "BMP" if is_one else None


def _container(head: bytes) -> str | None:
    """The picture format of a RIFF or ISO media file; raises for other kinds of those."""
    if head[:4] == b"RIFF":
        if head[8:12] == b"WEBP":
            return "WEBP"
        raise Unsupported("it is a video (AVI)" if head[8:12] == b"AVI " else "it is a sound file")
    if head[4:8] != b"ftyp":
        if head[4:8] in {b"moov", b"mdat", b"wide"}:
            raise Unsupported("it is a video (QuickTime)")
        return None
    major, version = head[8:12], head[12:16]
    brands = {
        version if major == _SHORT_BRAND else major,
        *(head[at : at + 4] for at in range(16, min(len(head), int.from_bytes(head[:4], "big")), 4)),
    }
    if brands & _AVIF_BRANDS:
        return "AVIF"
    if brands & _HEIF_BRANDS:
        return "HEIF"
    if head[8:12] == b"crx ":
        return "RAW"
    raise Unsupported("it is a video (MP4 or QuickTime)")


def _text_or_unknown(head: bytes) -> str:
    if b"\0" not in head:
        try:
            head[: len(head) - 4].decode("utf-8")
        except UnicodeDecodeError:
            return "of no known picture format"
        stripped = head.lstrip(b"\xef\xbb\xbf \t\r\n")
        if stripped[:4].lower() == b"<svg" or b"<svg" in head[:1024]:
            return "a vector drawing (SVG)"
        return "a text file"
    return "of no known picture format"


def zeros_before(data: bytes, end: int) -> int:
    """The number of zero bytes in *data* just before *end*; 0 if they are fewer than 64.

    A copy that was cut off may have its full size, with zeros in place of the rest. Compressed data hold no such run.
    """
    if end < _ZEROS or data[end - _ZEROS : end].strip(b"\0"):
        return 0
    return end - len(data[:end].rstrip(b"\0"))


def check_filled(data: bytes, picture_format: str) -> None:
    """Raise `Incomplete` if *data*, a PNG or WebP file, is one that ends in zeros in place of its picture."""
    end = len(data) if picture_format == "PNG" else 8 + int.from_bytes(data[4:8], "little")
    zeros = zeros_before(data, min(end, len(data)))
    # Zeros after the end of a PNG do no harm, and EXIF at the end of a WebP file may have some.
    is_whole = data.endswith(_PNG_END, 0, end - zeros) if picture_format == "PNG" else zeros < CUT * end
    if zeros and not is_whole:
        raise Incomplete(f"it is incomplete: its end holds nothing but zeros ({_share(zeros, end)} of the file)")


def lacking_end(missing: int, whole: int, subject: str = "it") -> Incomplete:
    """The error for a file that lacks its last *missing* of *whole* bytes. The sentence is about *subject*."""
    return Incomplete(f"{subject} is incomplete: its end is missing ({_share(missing, whole)} of the file)")


def full_of_zeros(zeros: int, whole: int, subject: str = "it") -> Incomplete:
    """The error for a file with *zeros* in place of its picture, *whole* bytes. The sentence is about *subject*."""
    return Incomplete(f"{subject} is incomplete: a part of it holds nothing but zeros ({_share(zeros, whole)})")


def _share(part: int, whole: int) -> str:
    return f"{min(max(part / whole, 0.01), 0.99):.0%}"


def check_pixels(pixels: int, picture_format: str, most: int) -> None:
    """Raise `TooLarge` for a picture of more than *most* pixels."""
    if pixels > most:
        raise TooLarge(
            f"it has too many pixels: {picture_format} is read up to {most / 1e6:.0f} megapixels ({pixels / 1e6:,.0f})"
        )


def png_without_extras(data: bytes) -> bytes:
    """The PNG file *data* reduced to its picture, and properly ended. Format: PNG (Third Edition), W3C, section 5.

    Nothing is repaired: a picture that is broken or incomplete stays so.
    """
    return b"".join((_PNG_SIGNATURE, *_png_picture_chunks(data), _PNG_END))


def _png_picture_chunks(data: bytes) -> Iterator[bytes]:
    at = len(_PNG_SIGNATURE)
    while at + 8 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            return
        if data[at + 4 : at + 8] in _PNG_KEPT:
            yield data[at:end]
        at = end
