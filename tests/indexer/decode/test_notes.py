"""Ratings, captions and keywords: from XMP, IPTC and EXIF, in this order."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from indexer.decode import SUBJECT, read_photo
from indexer.decode.notes import Notes, notes_of
from indexer.metadata import read_packets
from tests.indexer.decode.test_decode import SQUARE
from tests.indexer.metadata.packets import bag
from tests.pictures import encoded, exif_with, scene

NAMESPACES = (
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:lr="http://ns.adobe.com/lightroom/1.0/" '
    'xmlns:digiKam="http://www.digikam.org/ns/1.0/" xmlns:MicrosoftPhoto="http://ns.microsoft.com/photo/1.0/"'
)


def packet(inside="", attributes=""):
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF {NAMESPACES}><rdf:Description rdf:about="" {attributes}>{inside}</rdf:Description></rdf:RDF>'
        "</x:xmpmeta><?xpacket end='w'?>"
    ).encode()


def read_xmp(written):
    """The notes in an XMP packet or a sidecar."""
    return notes_of(read_packets(written))


def iptc(*records):
    """An IPTC block for JPEG files: records 2:number."""
    data = b"".join(b"\x1c\x02" + bytes([number]) + len(text).to_bytes(2, "big") + text for number, text in records)
    resource = b"8BIM\x04\x04\0\0" + len(data).to_bytes(4, "big") + data + b"\0" * (len(data) % 2)
    return b"Photoshop 3.0\0" + resource


def segment(mark, body):
    return b"\xff" + bytes([mark]) + (len(body) + 2).to_bytes(2, "big") + body


def jpeg(*, segments=(), **options):
    data = encoded(scene(), **options)
    return data[:2] + b"".join(segment(mark, body) for mark, body in segments) + data[2:]


def facts(data):
    return read_photo(data, SQUARE).facts


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif", "avif", "heic"])
def test_xmp_is_read_from_every_format_that_has_it(ending):
    written = packet(bag("dc:subject", "cat", "garden"), 'xmp:Rating="4"')
    if ending == "tif":
        data = encoded(scene(), "tif", tiffinfo={700: written})
    elif ending == "png":
        data = _png_with(written)
    elif ending == "heic":
        picture = scene()
        picture.info["xmp"] = written
        data = encoded(picture, "heic")
    else:
        data = encoded(scene(), ending, xmp=written)
    found = facts(data)
    assert (found.rating, found.keywords) == (4, ("cat", "garden"))


def _png_with(written):
    from PIL import PngImagePlugin

    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", written.decode())
    out = io.BytesIO()
    scene().save(out, "PNG", pnginfo=info)
    return out.getvalue()


def test_joiners_stay_in_words_and_unseen_characters_do_not():
    words = ("\u0645\u06cc\u200c\u062e", "\U0001f468\u200d\U0001f469", "foto\xadalbum", "\ufeffdog")
    assert read_xmp(packet(bag("dc:subject", *words))).keywords == (*words[:2], "fotoalbum", "dog")


def test_a_rating_can_be_an_element_and_a_caption_has_languages():
    caption = (
        '<dc:description><rdf:Alt><rdf:li xml:lang="de">Hund</rdf:li>'
        '<rdf:li xml:lang="x-default"> A dog,\n asleep </rdf:li></rdf:Alt></dc:description>'
    )
    assert read_xmp(packet("<xmp:Rating>-1</xmp:Rating>" + caption)) == Notes(-1, "A dog, asleep")


def test_keyword_lists_are_merged_and_paths_give_their_last_word():
    written = packet(
        bag("dc:subject", "Cat", "garden")
        + bag("lr:hierarchicalSubject", "animals|pets|cat", "places|Rome")
        + bag("digiKam:TagsList", "people/Ann", kind="Seq")
        + bag("MicrosoftPhoto:LastKeywordXMP", "people/Ann", "")
    )
    assert read_xmp(written).keywords == ("Cat", "garden", "Rome", "Ann")


def test_a_single_keyword_may_be_an_attribute():
    assert read_xmp(packet(attributes='dc:subject="cat"')).keywords == ("cat",)


def test_keywords_written_by_this_program_are_not_read():
    ours = bag("o:subject", "dog", "sea") + bag("o:TagsList", "animal/dog")
    held = bag("dc:subject", "dog", "Ann") + bag("digiKam:TagsList", "animal/dog", "people/Bob", kind="Seq")
    written = packet(held + ours).replace(b"xmlns:rdf", b'xmlns:o="%s" xmlns:rdf' % SUBJECT.ours.namespace.encode())
    assert read_xmp(written).keywords == ("Ann", "Bob")
    # In another list the same word is the user's own.
    apart = written.replace(b"o:subject", b"o:elsewhere")
    assert read_xmp(apart).keywords == ("dog", "Ann", "Bob")


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"not xml",
        packet()[:200],
        b"\xff\xfe" + packet(),
        packet("<xmp:Rating>high</xmp:Rating><dc:subject/>"),
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + packet(bag("dc:subject", "&a;")),
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + packet(bag("dc:subject", "&a;")),
    ],
    ids=["empty", "text", "cut", "marked", "odd", "entity", "file"],
)
def test_broken_xmp_gives_empty_notes(broken):
    assert read_xmp(broken).keywords == ()
    assert facts(encoded(scene(), "jpg", xmp=broken or b" ")).width == scene().width


def test_padding_and_wrappers_of_a_packet_do_not_matter():
    assert read_xmp(packet(attributes='xmp:Rating="2"') + b"\0" * 3000).rating == 2
    assert read_xmp(b"junk" + packet(attributes='xmp:Rating="2"') + b"<junk").rating == 2


def test_long_notes_are_limited():
    assert len(read_xmp(packet(bag("dc:subject", *(f"word {number}" for number in range(5000))))).keywords) == 500
    assert read_xmp(packet(bag("dc:subject", "x" * 201, "y"))).keywords == ("y",)
    assert read_xmp(packet("<dc:description>" + "z" * 90_000 + "</dc:description>")).caption == "z" * 5000


def test_iptc_is_read_in_its_own_encoding():
    old = iptc((120, "Café".encode("cp1252")), (25, "Ile de Ré".encode("cp1252")), (25, b"sea"))
    found = facts(jpeg(segments=[(0xED, old)]))
    assert (found.caption, found.keywords) == ("Café", ("Ile de Ré", "sea"))
    new = iptc((25, "Ré".encode()))
    assert facts(jpeg(segments=[(0xED, new)])).keywords == ("Ré",)


def test_exif_is_used_if_xmp_and_iptc_are_empty():
    exif = exif_with(ImageDescription="The old house")
    exif[0x9C9E] = "house;tree".encode("utf-16-le") + b"\0\0"
    exif[0x4746] = 3
    found = facts(encoded(scene(), "jpg", exif=exif))
    assert (found.rating, found.caption, found.keywords) == (3, "The old house", ("house", "tree"))
    over = packet(bag("dc:subject", "xmp wins"))
    found = facts(encoded(scene(), "jpg", exif=exif, xmp=over))
    assert (found.rating, found.caption, found.keywords) == (3, "The old house", ("xmp wins",))


@pytest.mark.parametrize("caption_of_camera", ["OLYMPUS DIGITAL CAMERA", "SONY DSC", "DCIM\\100GOPRO\\G1.JPG", "   "])
def test_default_captions_of_cameras_are_ignored(caption_of_camera):
    assert facts(encoded(scene(), "jpg", exif=exif_with(ImageDescription=caption_of_camera))).caption is None


def test_exposure_facts_are_kept_if_they_are_plausible():
    camera = {
        "LensModel": "RF 50mm\0\0",
        "FocalLength": 50.0,
        "FNumber": 1.8,
        "ExposureTime": 0.004,
        "ISOSpeedRatings": 200,
    }
    found = facts(encoded(scene(), "jpg", exif=exif_with(camera=camera)))
    how = (found.lens, found.focal_length, found.aperture, found.exposure, found.iso)
    assert how == ("RF 50mm", 50, 1.8, 0.004, 200)
    nonsense = {"LensModel": "", "FocalLength": 0.0, "FNumber": 0.0, "ExposureTime": 0.0, "ISOSpeedRatings": 65535}
    found = facts(encoded(scene(), "jpg", exif=exif_with(camera=nonsense)))
    assert (found.lens, found.focal_length, found.aperture, found.exposure, found.iso) == (None,) * 5


def test_pictures_of_every_format_may_have_no_notes():
    found = facts(encoded(Image.new("L", (40, 30)), "png"))
    assert (found.rating, found.caption, found.keywords, found.iso) == (None, None, (), None)
