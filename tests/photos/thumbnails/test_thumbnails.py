"""Thumbnails and previews by photo: kept, made on demand, or a reason why there is none."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image

from photos.cli.views.index import warning_lines
from photos.thumbnails import Missing, NoPicture, Thumbnails
from photos.thumbnails.decoders import Decoders
from tests.pictures import bomb_png, bomb_webp, encoded, exif_with, p3_profile, scene, turned
from tests.raw_photos import dng

PLACE = {"GPSLatitudeRef": "N", "GPSLatitude": (47.0, 22.0, 11.0), "GPSLongitudeRef": "E", "GPSLongitude": (8.0, 1, 2)}


class CountingDecoders(Decoders):
    """Counts the calls."""

    calls = 0

    def call(self, function, argument, patience):
        self.calls += 1
        return super().call(function, argument, patience)


@pytest.fixture
def counted():
    with CountingDecoders(2) as made:
        yield made


def opened(made):
    assert isinstance(made, bytes), made
    return Image.open(io.BytesIO(made))


def of(pictures, decoders, **options):
    return Thumbnails(pictures.library.settings, lambda: pictures.library.catalog, decoders, **options)


def test_indexing_makes_thumbnails_that_no_process_makes_again(pictures, counted):
    pictures.index(a__png=encoded(scene(800, 600), "png"))
    photo = pictures.photo("a.png")
    thumbnails = of(pictures, counted)
    by_id = thumbnails.thumbnail(photo.id)
    assert opened(by_id).size == (320, 240)
    assert by_id == thumbnails.thumbnail(photo.content_hash) == thumbnails.thumbnail(photo.content_hash[:8])
    assert counted.calls == 0


def test_a_lacking_thumbnail_is_made_once_and_kept(pictures, counted):
    # The checkpoint takes so few pixels that a JPEG is decoded smaller than a thumbnail.
    pictures.index(a__jpg=encoded(scene(1600, 1200)))
    photo = pictures.photo("a.jpg")
    assert not pictures.cache.exists()
    made = of(pictures, counted).thumbnail(photo.content_hash)
    assert (opened(made).format, opened(made).size) == ("WEBP", (320, 240))
    assert of(pictures, counted).thumbnail(photo.id) == made
    assert counted.calls == 1


@pytest.mark.parametrize("side", [1440, 2048])
def test_a_preview_has_the_size_of_a_screen(pictures, counted, side):
    pictures.index(a__jpg=encoded(scene(3000, 2000)), b__png=encoded(scene(500, 400), "png"))
    thumbnails = of(pictures, counted)
    made = thumbnails.preview(pictures.photo("a.jpg").id, side)
    assert (opened(made).format, opened(made).size) == ("JPEG", (side, round(side * 2 / 3)))
    assert opened(thumbnails.preview(pictures.photo("b.png").id, side)).size == (500, 400)
    assert thumbnails.preview(pictures.photo("a.jpg").content_hash, side) == made
    assert counted.calls == 2


def test_there_are_previews_of_no_other_size(pictures, decoders):
    with pytest.raises(ValueError, match="99999"):
        of(pictures, decoders).preview(1, 99_999)


@pytest.mark.parametrize("ending", ["jpg", "png", "tif", "heic", "webp", "gif", "bmp", "avif"])
def test_every_format_is_seen(pictures, decoders, ending):
    pictures.index(**{f"a__{ending}": encoded(scene(400, 300), ending)})
    thumbnails = of(pictures, decoders)
    photo = pictures.photo(f"a.{ending}")
    assert opened(thumbnails.thumbnail(photo.id)).size == (320, 240)
    assert opened(thumbnails.preview(photo.id, 1440)).size == (400, 300)


def test_a_raw_photo_is_seen(pictures, decoders):
    pictures.index(a__dng=dng(scene(640, 480), scene(640, 480).resize((160, 120))))
    thumbnails = of(pictures, decoders)
    assert opened(thumbnails.thumbnail(pictures.photo("a.dng").id)).size == (320, 240)
    assert opened(thumbnails.preview(pictures.photo("a.dng").id, 1440)).width == 320  # half the sensor each way


@pytest.mark.parametrize("orientation", range(1, 9))
def test_previews_are_upright(pictures, decoders, orientation):
    pictures.index(a__jpg=turned(scene(480, 320), orientation))
    image = opened(of(pictures, decoders).preview(pictures.photo("a.jpg").id, 1440))
    assert image.size == (480, 320)
    assert not image.getexif()
    assert np.abs(np.array(image.getpixel((3, 3)), int) - (250, 20, 20)).max() < 30


def test_previews_keep_the_profile_and_nothing_else(pictures, decoders):
    exif = exif_with(Artist="Secret person", place=PLACE)
    red = Image.new("RGB", (600, 400), (200, 60, 60))
    pictures.index(a__jpg=encoded(red, icc_profile=p3_profile(), exif=exif, comment=b"Secret", xmp=b"<Secret/>"))
    thumbnails = of(pictures, decoders)
    photo = pictures.photo("a.jpg")
    assert photo.facts.latitude is not None
    for made in (thumbnails.thumbnail(photo.id), thumbnails.preview(photo.id, 1440)):
        assert opened(made).info["icc_profile"] == p3_profile()
        assert b"Secret" not in made
        assert b"Exif" not in made
        pixel = np.array(opened(made).convert("RGB").getpixel((90, 90)), int)
        assert np.abs(pixel - (200, 60, 60)).max() < 9


def test_an_unknown_photo_is_named_so(pictures, decoders):
    pictures.index(a__png=encoded(scene(), "png"))
    for key in (999, bytes(32), b"12345678"):
        assert of(pictures, decoders).thumbnail(key).reason is Missing.UNKNOWN


def test_a_file_that_is_gone_or_changed_gives_no_picture_but_its_copy_does(pictures, decoders):
    data = encoded(scene(700, 500))
    pictures.index(a__jpg=data, b__jpg=data)
    photo = pictures.photo("a.jpg")
    (pictures.folder / "a.jpg").write_bytes(encoded(scene(700, 500, seed=5)))
    assert opened(of(pictures, decoders).preview(photo.id, 1440)).size == (700, 500)
    (pictures.folder / "b.jpg").unlink()
    assert of(pictures, decoders).preview(photo.id, 2048).reason is Missing.GONE
    assert opened(of(pictures, decoders).preview(photo.id, 1440)).size == (700, 500)


def test_a_pipe_or_a_link_to_a_device_makes_nobody_wait(pictures, decoders):
    pictures.index(a__jpg=encoded(scene()), b__jpg=encoded(scene(seed=2)))
    for name, make in (("a.jpg", os.mkfifo), ("b.jpg", lambda path: path.symlink_to("/dev/zero"))):
        (pictures.folder / name).unlink()
        make(pictures.folder / name)
        assert of(pictures, decoders).preview(pictures.photo(name).id, 1440).reason is Missing.GONE


@pytest.mark.parametrize(
    "data",
    [bomb_png(60_000, 60_000), bomb_webp(16_000, 16_000), encoded(scene(900, 700))[:400], b"GIF89a", b""],
    ids=["png bomb", "webp bomb", "cut", "gif head", "empty"],
)
def test_a_hostile_picture_gives_a_reason_and_is_tried_once(pictures, counted, data):
    pictures.index(good__png=encoded(scene(), "png"))
    (pictures.folder / "bad.png").write_bytes(data)
    content_hash = hashlib.sha256(data).digest()
    pictures.pretend("bad.png", content_hash)
    thumbnails = of(pictures, counted)
    made = thumbnails.thumbnail(content_hash)
    assert made.reason is Missing.BROKEN
    assert made.detail
    assert thumbnails.thumbnail(content_hash) == made
    assert counted.calls == 1
    assert isinstance(thumbnails.thumbnail(pictures.photo("good.png").id), bytes)


def test_many_who_ask_at_once_have_it_made_once(pictures, counted):
    pictures.index(a__jpg=encoded(scene(2000, 1500)))
    thumbnails = of(pictures, counted)
    photo = pictures.photo("a.jpg")
    made = []
    threads = [threading.Thread(target=lambda: made.append(thumbnails.preview(photo.id, 1440))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({*made}) == 1
    assert opened(made[0]).width == 1440
    assert counted.calls == 1


def test_the_file_can_be_deleted_or_damaged_under_use(pictures, counted):
    pictures.index(a__png=encoded(scene(800, 600), "png"))
    photo = pictures.photo("a.png")
    thumbnails = of(pictures, counted)
    assert isinstance(thumbnails.thumbnail(photo.id), bytes)
    pictures.cache.unlink()
    made = thumbnails.thumbnail(photo.id)
    assert opened(made).size == (320, 240)
    pictures.cache.write_bytes(b"damage" * 1000)
    assert thumbnails.thumbnail(photo.id) == made
    assert counted.calls == 2
    assert thumbnails.thumbnail(photo.id) == made
    assert counted.calls == 2


def test_without_room_pictures_are_shown_all_the_same_and_told_once(pictures, decoders):
    pictures.index(a__jpg=encoded(scene(800, 600)), b__jpg=encoded(scene(800, 600, seed=3)))
    pictures.cache.mkdir()
    pictures.previews.mkdir()
    told = []
    thumbnails = of(pictures, decoders, on_problem=told.append)
    for name in ("a.jpg", "b.jpg"):
        assert isinstance(thumbnails.thumbnail(pictures.photo(name).id), bytes)
        assert isinstance(thumbnails.preview(pictures.photo(name).id, 1440), bytes)
    assert len(told) == 1
    assert "cannot be kept" in told[0]


def test_settings_turn_the_caches_off(tmp_path, decoders):
    from tests.photos.thumbnails.conftest import Pictures

    pictures = Pictures(tmp_path, thumbnails=False, preview_cache_gb=0)
    pictures.index(a__png=encoded(scene(800, 600), "png"))
    thumbnails = of(pictures, decoders)
    assert isinstance(thumbnails.thumbnail(pictures.photo("a.png").id), bytes)
    assert isinstance(thumbnails.preview(pictures.photo("a.png").id, 1440), bytes)
    assert not pictures.cache.exists()
    assert not pictures.previews.exists()
    pictures.library.close()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a device that is always full")
def test_a_full_disk_costs_indexing_no_photo_and_is_told_once(pictures):
    pictures.cache.symlink_to("/dev/full")
    report = pictures.index(**{f"p{n}__png": encoded(scene(300, 300, seed=n), "png") for n in range(12)})
    assert report.embedded == 12
    assert [line for line in warning_lines(report) if "is full" in line] == [report.without_thumbnails]
    assert os.path.exists("/dev/full")
    pictures.cache.unlink()
    assert pictures.index(new__png=encoded(scene(300, 300, seed=99), "png")).without_thumbnails is None


def test_two_processes_use_one_cache_at_once(pictures):
    pictures.index(**{f"p{n}__jpg": encoded(scene(700, 500, seed=n)) for n in range(8)})
    script = (
        "import sys; from pathlib import Path; from photos.config import load; from photos.library import OpenLibrary\n"
        "from photos.thumbnails import Thumbnails\n"
        "if __name__ == '__main__':\n"
        "    library = OpenLibrary(load({'library': Path(sys.argv[1])}, {}))\n"
        "    with library, Thumbnails.of(library) as thumbnails:\n"
        "        print([len(thumbnails.thumbnail(photo)) for photo in range(1, 9)])\n"
    )
    (pictures.folder.parent / "use.py").write_text(script)
    command = [sys.executable, pictures.folder.parent / "use.py", pictures.library.settings.library]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    others = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) for _ in range(2)]
    answers = [other.communicate()[0] for other in others]
    assert answers[0] == answers[1]
    assert [other.returncode for other in others] == [0, 0]


def test_a_closed_one_gives_a_reason_at_once(pictures):
    pictures.index(a__jpg=encoded(scene(800, 600)))
    thumbnails = Thumbnails.of(pictures.library)
    thumbnails.close()
    assert thumbnails.thumbnail(pictures.photo("a.jpg").id) == NoPicture(
        Missing.BUSY, "too many others are asked for at once"
    )
