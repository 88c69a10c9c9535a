"""XMP packets and IPTC records in open pictures, where Pillow leaves them or does not look.

Sources: ISO 16684-3 (places of XMP in files), IPTC IIM 4.2, and ImageMagick's raw profiles in texts of PNG files.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from .xml_document import MAX_SIZE

_MAIN: Final = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED: Final = b"http://ns.adobe.com/xmp/extension/\0"
#: A part of extended XMP: a GUID of 32 characters, the size of the whole, and the part's offset, each of 4 bytes.
_GUID, _HEADER = 32, 40
#: The attribute or element of the main packet that names its extension.
_HAS_EXTENSION: Final = re.compile(rb"""HasExtendedXMP\s*(?:=\s*["']|>)\s*([0-9A-Fa-f]{32})""")
#: Extensions that no main packet names are read, too, but few.
_MAX_EXTENSIONS: Final = 4
_GIF_XMP: Final = b"\x0bXMP DataXMP"
#: Bytes of GIF's trailer of descending numbers, through which readers without XMP find the end of the packet.
_GIF_TRAILER: Final = b"\x01\xff\xfe\xfd"
_TIFF_XMP: Final = 700
_TIFF_IPTC: Final = 33723
_TIFF_PHOTOSHOP: Final = 34377
_EXIF: Final = b"Exif\0\0"
#: Photoshop's numbers of image resources.
_IPTC_RESOURCE, _XMP_RESOURCE = 0x0404, 0x0424
_RAW_PROFILE: Final = re.compile(r"\s*(?P<kind>[^\n]{0,80})\n\s*(?P<size>\d{1,10})\s*\n(?P<hex>[0-9A-Fa-f\s]*)\s*\Z")


def packets_in(image: object, data: bytes = b"", tags: Mapping[int, object] | None = None) -> list[bytes]:
    """XMP packets of *image*, an open picture, the main one first; empty if it has none. Raises nothing.

    *data* is the whole file, in which GIF needs a look; *tags* are the main EXIF tags.
    """
    info = _info(image)
    found: list[object] = [*_of_jpeg(image)] or [info.get("xmp")]
    found += [(tags or {}).get(_TIFF_XMP), _photoshop(image).get(_XMP_RESOURCE)]
    found.append(_raw_profile(info, "xmp"))
    if (segment := _raw_profile(info, "APP1")).startswith(_MAIN):
        found.append(segment[len(_MAIN) :])
    if data.startswith(b"GIF8"):
        found += _of_gif(data)
    # The same packet may be in several places.
    return list(dict.fromkeys(packet for each in found if (packet := _bytes(each)) and b"<" in packet))


def iptc_in(image: object) -> dict[tuple[int, int], list[bytes]]:
    """Records of IPTC IIM in *image*, by record and dataset; empty if it has none. Raises nothing."""
    info = _info(image)
    sources: list[object] = [_photoshop(image).get(_IPTC_RESOURCE), _tiff_tag(image, _TIFF_IPTC)]
    sources += [_resources(_raw_profile(info, name)).get(_IPTC_RESOURCE) for name in ("iptc", "8bim", "APP13")]
    sources.append(_raw_profile(info, "iptc"))
    return next((found for each in sources if (found := _records(_bytes(each)))), {})


def adopt_exif(image: object) -> None:
    """Let *image*, a PNG picture, know EXIF that ImageMagick or exiftool wrote into a profile named APP1."""
    info = _info(image)
    profile = _raw_profile(info, "APP1")
    if profile.startswith(_EXIF) and isinstance(info, dict) and "exif" not in info:
        info["exif"] = profile


def _raw_profile(info: Mapping[object, object], name: str) -> bytes:
    """The profile with that *name* that ImageMagick wrote as hexadecimal text into PNG; empty if there is none."""
    text = info.get(f"Raw profile type {name}")
    found = _RAW_PROFILE.match(text) if isinstance(text, str) else None
    if found is None:
        return b""
    written = "".join(found["hex"].split())
    return bytes.fromhex(written[: len(written) // 2 * 2])[: int(found["size"])]


def _info(image: object) -> Mapping[object, object]:
    info = getattr(image, "info", {})
    return info if isinstance(info, Mapping) else {}


def _of_jpeg(image: object) -> Iterator[bytes]:
    """Main packets of a JPEG picture, and their extensions."""
    segments = [body for mark, body in getattr(image, "applist", ()) if mark == "APP1"]
    main = [body[len(_MAIN) :] for body in segments if body.startswith(_MAIN)]
    yield from main
    named = [match[1].upper() for packet in main if (match := _HAS_EXTENSION.search(packet))]
    parts: dict[bytes, list[tuple[int, int, bytes]]] = defaultdict(list)
    for body in segments:
        if body.startswith(_EXTENDED) and len(body) > len(_EXTENDED) + _HEADER:
            part = body[len(_EXTENDED) :]
            size, offset = (int.from_bytes(part[at : at + 4], "big") for at in (_GUID, _GUID + 4))
            parts[part[:_GUID].upper()].append((offset, size, part[_HEADER:]))
    for guid in sorted(parts, key=lambda guid: guid not in named)[:_MAX_EXTENSIONS]:
        yield _joined(parts[guid])


def _joined(parts: list[tuple[int, int, bytes]]) -> bytes:
    """Extended XMP from its parts up to a gap, in any order."""
    whole = bytearray()
    for offset, size, part in sorted(parts):
        if offset > len(whole) or size > MAX_SIZE:
            break
        whole[offset : offset + len(part)] = part
    return bytes(whole[:MAX_SIZE])


def _of_gif(data: bytes) -> Iterator[bytes]:
    at = data.find(b"!\xff" + _GIF_XMP)
    if at < 0:
        return
    start = at + 2 + len(_GIF_XMP)
    end = data.find(_GIF_TRAILER, start)
    packet = data[start : end if end >= 0 else len(data)]
    # A writer that did not know of the trailer cut it into blocks.
    yield packet if packet.lstrip(b"\0 \r\n\t\xef\xbb\xbf\xff\xfe").startswith(b"<") else _blocks(data, start)


def _blocks(data: bytes, at: int) -> bytes:
    found = bytearray()
    while at < len(data) and data[at] and len(found) < MAX_SIZE:
        found += data[at + 1 : at + 1 + data[at]]
        at += 1 + data[at]
    return bytes(found)


def _photoshop(image: object) -> Mapping[object, object]:
    """Image resources of Photoshop by their numbers."""
    found = _info(image).get("photoshop")
    return found if isinstance(found, Mapping) else _resources(_bytes(_tiff_tag(image, _TIFF_PHOTOSHOP)))


def _tiff_tag(image: object, tag: int) -> object:
    """Value of a tag of a TIFF picture, as bytes if it was written so."""
    directory = getattr(image, "tag_v2", None)
    # Pillow splits it into numbers of the type that the file states, and files state wrong ones.
    raw = getattr(directory, "_tagdata", {})
    return raw.get(tag) if isinstance(raw, Mapping) else None


def _resources(data: bytes) -> dict[object, bytes]:
    found: dict[object, bytes] = {}
    at = max(data.find(b"8BIM"), 0)
    while data[at : at + 4] == b"8BIM" and at + 12 <= len(data):
        number = int.from_bytes(data[at + 4 : at + 6], "big")
        # The name has a byte for its length; names and contents are padded to even sizes.
        at += 6 + (data[at + 6] + 2) // 2 * 2
        size = int.from_bytes(data[at : at + 4], "big")
        found.setdefault(number, data[at + 4 : at + 4 + size])
        at += 4 + (size + 1) // 2 * 2
    return found


def _records(data: bytes) -> dict[tuple[int, int], list[bytes]]:
    found: dict[tuple[int, int], list[bytes]] = defaultdict(list)
    at = data.find(b"\x1c")
    while at >= 0 and at + 5 <= len(data) and data[at] == 0x1C:  # noqa: PLR2004 - the mark of a dataset
        size, start = int.from_bytes(data[at + 3 : at + 5], "big"), at + 5
        if size & 0x8000:
            # An extended dataset: the size follows in as many bytes.
            count = size & 0x7FFF
            size, start = int.from_bytes(data[start : start + min(count, 8)], "big"), start + count
        found[data[at + 1], data[at + 2]].append(data[start : start + size])
        at = start + size
    return dict(found)


def _bytes(value: object) -> bytes:
    if isinstance(value, tuple):
        if len(value) == 1 and isinstance(value[0], bytes):
            return value[0]
        try:
            return bytes(value)
        except (TypeError, ValueError):
            return b""
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    return value if isinstance(value, bytes) else b""
