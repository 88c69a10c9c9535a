"""XMP and IPTC in pictures, at all the places where programs write them."""

from __future__ import annotations

import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, PngImagePlugin

from indexer.decode import read_photo
from indexer.metadata import packets_in
from tests.indexer.decode.test_decode import SQUARE
from tests.indexer.decode.test_notes import iptc, jpeg
from tests.indexer.metadata.packets import bag, packet, rated
from tests.pictures import encoded, scene

MAIN = b"http://ns.adobe.com/xap/1.0/\0"
EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
TRAILER = bytes([1, *range(255, -1, -1), 0])


def facts(data):
    """Return rating and keywords."""
    found = read_photo(data, SQUARE).facts
    return found.rating, found.keywords


def parts(content, size=500, guid=None):
    """Return the segments of extended XMP."""
    name = guid or hashlib.md5(content, usedforsecurity=False).hexdigest().upper().encode()
    total = len(content).to_bytes(4, "big")
    return [
        (0xE1, EXTENSION + name + total + at.to_bytes(4, "big") + content[at : at + size])
        for at in range(0, len(content), size)
    ]


def main_packet(extension, properties=""):
    guid = hashlib.md5(extension, usedforsecurity=False).hexdigest().upper()
    note = 'xmlns:xmpNote="http://ns.adobe.com/xmp/note/"'
    text = packet(properties, attributes=f'{note} xmpNote:HasExtendedXMP="{guid}"')
    return 0xE1, MAIN + text.encode()


def test_extended_xmp_adds_to_the_main_packet():
    extension = packet(bag("dc:subject", *(f"word {number}" for number in range(300)))).encode()
    main = main_packet(extension, "<xmp:Rating>4</xmp:Rating>")
    segments = parts(extension)
    assert len(segments) > 10
    for order in (segments, segments[::-1]):
        rating, keywords = facts(jpeg(segments=[main, *order]))
        assert (rating, len(keywords)) == (4, 300)
    assert facts(jpeg(segments=[main, *segments[:3]]))[0] == 4
    assert facts(jpeg(segments=[main, *segments[3:]])) == (4, ())


def test_the_named_extension_counts_before_others():
    named, other = rated("named", 1).encode(), rated("other", 2).encode()
    data = jpeg(segments=[*parts(other), main_packet(named), *parts(named)])
    assert facts(data) == (1, ("named",))


def test_the_first_packet_of_several_counts():
    segments = [(0xE1, MAIN + rated("first", 1).encode()), (0xE1, MAIN + rated("second", 2).encode())]
    assert facts(jpeg(segments=segments)) == (1, ("first",))
    assert facts(jpeg(segments=[(0xE1, MAIN + b"broken"), *segments])) == (1, ("first",))


def gif(block):
    data = encoded(scene(), "gif")
    at = data.index(b"!\xff") if b"!\xff" in data else data.index(b",", 13 + 3 * (2 << (data[10] & 7)))
    return data[:at] + block + data[at:]


def test_xmp_in_gif_is_read():
    content = rated("gif", 4).encode()
    assert facts(gif(b"!\xff\x0bXMP DataXMP" + content + TRAILER)) == (4, ("gif",))
    in_blocks = b"".join(
        bytes([len(content[at : at + 200])]) + content[at : at + 200] for at in range(0, len(content), 200)
    )
    assert facts(gif(b"!\xff\x0bXMP DataXMP" + in_blocks + b"\0")) == (4, ("gif",))


def png(**texts):
    written = PngImagePlugin.PngInfo()
    for name, content in texts.items():
        digits = content.hex()
        lines = "\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
        written.add_text(f"Raw profile type {name}", f"\n{name}\n{len(content):8}\n{lines}\n", zip=True)
    return encoded(scene(), "png", pnginfo=written)


def test_raw_profiles_in_png_are_read():
    assert facts(png(xmp=rated("png", 4).encode())) == (4, ("png",))
    assert facts(png(APP1=MAIN + rated("png", 4).encode())) == (4, ("png",))
    assert facts(png(iptc=iptc((25, b"iptc")).removeprefix(b"Photoshop 3.0\0")))[1] == ("iptc",)
    assert facts(png(iptc=b"\x1c\x02\x19\x00\x04iptc"))[1] == ("iptc",)


@pytest.mark.parametrize("name", ["exif", "APP1"])
def test_exif_in_profiles_of_png_is_read(name):
    tags = Image.Exif()
    tags[ExifTags.Base.Model] = "Camera"
    tags[ExifTags.Base.Orientation] = 6
    found = read_photo(png(**{name: b"Exif\0\0" + tags.tobytes().removeprefix(b"Exif\0\0")}), SQUARE).facts
    assert found.camera == "Camera"
    assert (found.width, found.height) == scene().size[::-1]


def test_iptc_with_long_records_is_read():
    long = b"\x1c\x02\x78\x80\x04" + (40_000).to_bytes(4, "big") + b"a " * 20_000
    data = long + b"\x1c\x02\x19\x00\x03dog"
    block = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + len(data).to_bytes(4, "big") + data
    found = read_photo(jpeg(segments=[(0xED, block)]), SQUARE).facts
    assert found.keywords == ("dog",)
    assert found.caption is not None
    assert found.caption.startswith("a a a")


@given(st.binary(max_size=400))
def test_any_metadata_is_survived(junk):
    data = jpeg(segments=[(0xE1, MAIN + junk), (0xE1, EXTENSION + junk), (0xED, b"Photoshop 3.0\0" + junk)])
    with Image.open(io.BytesIO(data)) as image:
        packets_in(image, data)
    facts(gif(b"!\xff\x0bXMP DataXMP" + junk.replace(b"\0", b"a") + TRAILER))
    facts(png(xmp=junk, iptc=junk, APP1=b"Exif\0\0" + junk))
