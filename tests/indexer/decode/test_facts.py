"""Facts of a picture's own tags: their order, and the places where cameras and programs write them."""

from __future__ import annotations

import io
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ExifTags
from PIL.TiffImagePlugin import IFDRational

from indexer.decode import read_metadata, read_photo
from indexer.decode.facts import metadata_of
from store import DateSource
from store.errors import is_shown
from tests.indexer.decode.test_decode import SQUARE
from tests.indexer.decode.test_notes import iptc, jpeg, packet
from tests.indexer.metadata.packets import bag
from tests.pictures import encoded, exif_with, scene
from tests.raw_photos import dng

NAMESPACES = (
    b'xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:exifEX="http://cipa.jp/exif/1.0/" '
    b'xmlns:aux="http://ns.adobe.com/exif/1.0/aux/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
    b'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:rdf'
)


def xmp(inside="", attributes=""):
    return packet(inside, attributes).replace(b"xmlns:rdf", NAMESPACES, 1)


def facts(data):
    return read_photo(data, SQUARE).facts


def dated(found):
    return found.taken_at.isoformat(" "), found.taken_offset, found.date_source


def picture(records=(), **options):
    """A JPEG with EXIF, XMP and IPTC."""
    return jpeg(segments=[(0xED, iptc(*records))] if records else (), **options)


def test_dates_count_in_their_order():
    camera = {"DateTimeOriginal": "2001:01:01 01:01:01", "DateTimeDigitized": "2005:05:05 05:05:05"}
    original = 'exif:DateTimeOriginal="2002-02-02T02:02:02+02:00"'
    created = 'photoshop:DateCreated="2003-03-03T03:03:03"'
    file = 'xmp:CreateDate="2006-06-06T06:06:06Z"'
    press = [(55, b"20040404"), (60, b"040404+0400")]
    steps = [
        (camera, (original, created, file), press, ("2001-01-01 01:01:01", None, DateSource.ORIGINAL)),
        ({}, (original, created, file), press, ("2002-02-02 02:02:02", 120, DateSource.XMP_ORIGINAL)),
        ({}, (created, file), press, ("2003-03-03 03:03:03", None, DateSource.XMP_CREATED)),
        ({}, (file,), press, ("2004-04-04 04:04:04", 240, DateSource.IPTC_CREATED)),
        (
            {"DateTimeDigitized": "2005:05:05 05:05:05"},
            (file,),
            [],
            ("2005-05-05 05:05:05", None, DateSource.DIGITIZED),
        ),
        ({}, (file,), [], ("2006-06-06 06:06:06", 0, DateSource.XMP_FILE)),
        ({}, (), [], ("2007-07-07 07:07:07", None, DateSource.CHANGED)),
    ]
    for tags, attributes, records, expected in steps:
        exif = exif_with(DateTime="2007:07:07 07:07:07", camera=tags)
        data = picture(records, exif=exif, xmp=xmp(attributes=" ".join(attributes)))
        assert dated(facts(data)) == expected


def test_a_broken_date_gives_way_to_the_next_with_its_own_offset():
    exif = exif_with(
        DateTime="2019:07:04 12:34:56",
        camera={"DateTimeOriginal": "broken", "OffsetTimeOriginal": "+09:00", "OffsetTime": "+02:00"},
    )
    assert dated(facts(encoded(scene(), exif=exif))) == ("2019-07-04 12:34:56", 120, DateSource.CHANGED)


def test_a_date_with_a_nul_before_its_time_is_whole():
    exif = exif_with(camera={"DateTimeOriginal": b"2019:07:04\0 12:34:56"})
    assert dated(facts(encoded(scene(), exif=exif))) == ("2019-07-04 12:34:56", None, DateSource.ORIGINAL)


def test_an_equal_date_lends_its_offset_and_another_one_does_not():
    camera = {"DateTimeOriginal": "2019:07:04 12:34:56", "OffsetTime": "+02:00"}
    exif = exif_with(DateTime="2019:07:04 12:34:56", camera=camera)
    assert dated(facts(encoded(scene(), exif=exif))) == ("2019-07-04 12:34:56", 120, DateSource.ORIGINAL)
    exif = exif_with(DateTime="2020:07:04 12:34:56", camera=camera)
    assert facts(encoded(scene(), exif=exif)).taken_offset is None


def test_tags_of_the_camera_in_the_main_directory_are_read():
    exif = exif_with(Model="Cam", DateTimeOriginal="2006:05:27 12:37:03", ISOSpeedRatings=250, LensModel="50mm")
    found = facts(encoded(scene(), exif=exif))
    assert (found.taken_at, found.iso, found.lens) == (datetime.fromisoformat("2006-05-27T12:37:03"), 250, "50mm")


def test_texts_in_exif_may_be_utf8_or_windows_1252():
    exif = exif_with(Model="Öland Kamera é".encode(), ImageDescription="Ёлка на площади".encode())
    found = facts(encoded(scene(), exif=exif))
    assert (found.camera, found.caption) == ("Öland Kamera é", "Ёлка на площади")
    found = facts(encoded(scene(), exif=exif_with(ImageDescription="Amonova Lúka".encode("cp1252"))))
    assert found.caption == "Amonova Lúka"


@pytest.mark.parametrize("lens", ["----", "Unknown", "0.0 mm f/0.0", "  ", "None", "n/a"])
def test_names_that_say_nothing_are_no_lens(lens):
    assert facts(encoded(scene(), exif=exif_with(camera={"LensModel": lens}))).lens is None


def test_exposure_comes_from_apex_units_too():
    found = facts(encoded(scene(), exif=exif_with(camera={"ShutterSpeedValue": 8.0, "ApertureValue": 4.0})))
    assert (found.exposure, found.aperture) == (pytest.approx(1 / 256), 4.0)
    exif = exif_with(camera={"ShutterSpeedValue": 8.0, "ExposureTime": 0.5, "ApertureValue": 4.0, "FNumber": 2.8})
    found = facts(encoded(scene(), exif=exif))
    assert (found.exposure, found.aperture) == (0.5, 2.8)
    found = facts(encoded(scene(), exif=exif_with(camera={"ShutterSpeedValue": -300.0, "ApertureValue": 900.0})))
    assert (found.exposure, found.aperture) == (None, None)


def test_a_speed_beyond_its_tag_comes_from_the_others():
    camera = {"ISOSpeedRatings": 65535, "RecommendedExposureIndex": 102400}
    assert facts(encoded(scene(), exif=exif_with(camera=camera))).iso == 102400
    assert facts(encoded(scene(), exif=exif_with(camera={"ISOSpeed": 400}))).iso == 400
    assert facts(encoded(scene(), exif=exif_with(camera={"ISOSpeedRatings": 65535}))).iso is None


def test_xmp_fills_what_exif_lacks():
    written = xmp(
        bag("exif:ISOSpeedRatings", "320", kind="Seq"),
        'tiff:Make="Canon" tiff:Model="Canon EOS 7D" aux:Lens="EF24-70mm f/2.8L USM" exif:FocalLength="50/1" '
        'exif:FNumber="28/10" exif:ExposureTime="1/125" exif:GPSLatitude="48,51.5N" exif:GPSLongitude="2,21.05E"',
    )
    found = facts(encoded(scene(), xmp=written))
    assert (found.camera, found.lens, found.iso) == ("Canon EOS 7D", "EF24-70mm f/2.8L USM", 320)
    assert (found.focal_length, found.aperture, found.exposure) == (50, 2.8, 0.008)
    assert (found.latitude, found.longitude) == pytest.approx((48.858333, 2.350833), abs=1e-5)
    place = {
        "GPSLatitudeRef": "S",
        "GPSLatitude": (1.0, 0.0, 0.0),
        "GPSLongitudeRef": "E",
        "GPSLongitude": (2.0, 0.0, 0.0),
    }
    found = facts(
        encoded(scene(), xmp=written, exif=exif_with(Model="Other", camera={"LensModel": "35mm"}, place=place))
    )
    assert (found.camera, found.lens, found.latitude, found.iso) == ("Other", "35mm", -1, 320)


def test_captions_count_in_the_order_of_the_working_group():
    description = '<dc:description><rdf:Alt><rdf:li xml:lang="x-default">by XMP</rdf:li></rdf:Alt></dc:description>'
    title = '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">a title</rdf:li></rdf:Alt></dc:title>'
    exif = exif_with(ImageDescription="by EXIF", camera={"UserComment": b"ASCII\0\0\0by hand"})
    lacking = exif_with(camera={"UserComment": b"ASCII\0\0\0by hand"})
    press = [(120, b"by IPTC"), (5, b"a name")]
    assert facts(picture(press, exif=exif, xmp=xmp(description + title))).caption == "by EXIF"
    assert facts(picture(press, exif=lacking, xmp=xmp(description + title))).caption == "by IPTC"
    assert facts(picture(exif=lacking, xmp=xmp(description + title))).caption == "by XMP"
    assert facts(picture([(5, b"a name")], exif=lacking, xmp=xmp(title))).caption == "by hand"
    assert facts(picture([(5, b"a name")], xmp=xmp(title))).caption == "a title"
    assert facts(picture([(5, b"a name")])).caption == "a name"


def test_xmp_may_copy_the_description_and_the_references_of_exif():
    written = 'tiff:ImageDescription="a copy" exif:GPSLatitude="33.8" exif:GPSLatitudeRef="S" exif:GPSLongitude="151.2"'
    found = facts(encoded(scene(), xmp=xmp(attributes=written)))
    assert (found.caption, found.latitude, found.longitude) == ("a copy", -33.8, 151.2)


def test_what_programs_write_for_no_caption_is_none():
    default = '<dc:description><rdf:Alt><rdf:li xml:lang="x-default">x-default</rdf:li></rdf:Alt></dc:description>'
    assert facts(encoded(scene(), xmp=xmp(default))).caption is None
    assert facts(encoded(scene(), exif=exif_with(ImageDescription="oznor"))).caption is None
    assert facts(encoded(scene(), exif=exif_with(camera={"UserComment": b"ASCII\0\0\0t"}))).caption is None


def test_windows_titles_and_percentages_are_read():
    exif = exif_with()
    exif[0x9C9B] = "Geburtstag".encode("utf-16-le")
    exif[0x4749] = 99
    found = facts(encoded(scene(), exif=exif))
    assert (found.caption, found.rating) == ("Geburtstag", 5)


@pytest.mark.parametrize(
    ("percent", "stars"), [(1, 1), (25, 2), (50, 3), (75, 4), (99, 5), (100, 5), (0, None), (400, None)]
)
def test_ratings_in_percent_are_stars(percent, stars):
    assert facts(encoded(scene(), xmp=xmp(attributes=f'MicrosoftPhoto:Rating="{percent}"'))).rating == stars
    both = xmp(attributes=f'MicrosoftPhoto:Rating="{percent}" xmp:Rating="1"')
    assert facts(encoded(scene(), xmp=both)).rating == 1


def test_keywords_come_in_other_shapes():
    assert facts(encoded(scene(), xmp=xmp("<dc:subject>a1, b1;c1</dc:subject>"))).keywords == ("a1", "b1", "c1")
    joined = "; ".join(f"Budapest, street {number}" for number in range(20))
    found = facts(encoded(scene(), xmp=xmp(bag("dc:subject", joined, "short")))).keywords
    assert found == (*(f"Budapest, street {number}" for number in range(20)), "short")
    sentence = "word " * 60
    (cut,) = facts(encoded(scene(), xmp=xmp(bag("dc:subject", sentence)))).keywords
    assert cut == ("word " * 40).strip()
    assert facts(encoded(scene(), xmp=xmp(bag("dc:subject", "Rome, Italy")))).keywords == ("Rome, Italy",)
    assert facts(
        encoded(scene(), xmp=xmp(bag("dc:subject", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645")))
    ).keywords == ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",)


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif", "avif", "heic"])
def test_facts_are_read_again_without_the_pixels(ending):
    exif = exif_with(Model="Cam", camera={"DateTimeOriginal": "2006:05:27 12:37:03"})
    if ending == "heic":
        image = scene()
        image.info["exif"] = exif.tobytes()
        data = encoded(image, ending)
    else:
        data = encoded(scene(), ending, exif=exif)
    whole = facts(data)
    again = read_metadata(io.BytesIO(data))
    assert (again.camera, again.taken_at) == (whole.camera, whole.taken_at)
    assert again.camera == "Cam"


def test_facts_of_a_raw_photo_are_read_again():
    data = dng(scene(seed=2))
    assert read_metadata(io.BytesIO(data)).camera == facts(data).camera is not None


class Tags(dict):
    """EXIF of any values: the main directory, with the same tags in the others."""

    def getexif(self):
        return self

    def get_ifd(self, directory):
        return dict(self)


ODD = st.one_of(
    st.none(),
    st.integers(),
    st.floats(),
    st.binary(max_size=40),
    st.text(max_size=40),
    st.builds(IFDRational, st.integers(0, 2**32 - 1), st.integers(0, 3)),
    st.tuples(st.floats(), st.integers(), st.none()),
    st.lists(st.floats(), max_size=4).map(tuple),
    st.sampled_from(["2019:07:04 12:34:56", b"UNICODE\0", "N", (52.5,), {}, ((),)]),
)


@given(st.dictionaries(st.sampled_from([*ExifTags.Base, *ExifTags.GPS, 0x4746, 0x4749]).map(int), ODD, max_size=20))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_value_of_a_tag_costs_the_photo(tags):
    found = metadata_of(Tags(tags))
    assert found.latitude is None or (abs(found.latitude) <= 90 and abs(found.longitude) <= 180)
    assert found.caption is None or is_shown(found.caption)
    assert found.rating is None or -1 <= found.rating <= 5
