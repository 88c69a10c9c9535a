"""Thumbnails of older photos, made when there is nothing else to do."""

from __future__ import annotations

import hashlib
import os
from contextlib import closing

import pytest

from photos.thumbnails import Backlog, Thumbnails
from photos.thumbnails.upkeep import drop_gone, pictures_kept
from tests.photos.thumbnails.test_thumbnails import CountingDecoders
from tests.pictures import encoded, exif_with, scene


def never():
    return False


@pytest.fixture
def decoders():
    with CountingDecoders(1) as made:
        yield made


@pytest.fixture
def backlog(pictures, decoders):
    thumbnails = Thumbnails(pictures.library.settings, lambda: pictures.library.catalog, decoders)
    with closing(Backlog(pictures.library, thumbnails)) as made:
        yield made


def jpegs(count):
    dates = (exif_with(DateTime=f"20{10 + n}:01:01 00:00:00") for n in range(count))
    return {f"p{n}__jpg": encoded(scene(800, 600, seed=n), exif=exif) for n, exif in enumerate(dates)}


def test_all_missing_thumbnails_are_made(pictures, backlog, decoders):
    pictures.index(**jpegs(3), a__png=encoded(scene(400, 300), "png"))
    assert pictures_kept(pictures.library).thumbnails == 1
    backlog.refresh()
    backlog.work(never)
    assert pictures_kept(pictures.library).thumbnails == 4
    assert decoders.calls == 3
    backlog.refresh()
    backlog.work(never)
    assert decoders.calls == 3


def test_the_newest_photo_is_first_and_other_work_ends_it(pictures, backlog, decoders):
    pictures.index(**jpegs(5))
    backlog.refresh()
    backlog.work(lambda: decoders.calls >= 1)
    backlog.close()
    thumbnails = Thumbnails(pictures.library.settings, lambda: pictures.library.catalog, decoders)
    before = decoders.calls
    assert before <= 2
    thumbnails.thumbnail(pictures.photo("p4.jpg").id)
    assert decoders.calls == before
    thumbnails.thumbnail(pictures.photo("p0.jpg").id)
    assert decoders.calls == before + 1


def test_nothing_is_made_while_there_is_other_work(pictures, backlog, decoders):
    pictures.index(**jpegs(2))
    backlog.refresh()
    backlog.work(lambda: True)
    assert decoders.calls == 0


def test_a_broken_picture_is_tried_once(pictures, backlog, decoders):
    pictures.index(a__png=encoded(scene(400, 300), "png"))
    (pictures.folder / "bad.png").write_bytes(b"broken")
    pictures.pretend("bad.png", hashlib.sha256(b"broken").digest())
    for _ in range(2):
        backlog.refresh()
        backlog.work(never)
    assert decoders.calls == 1


def test_a_disk_that_is_away_ends_it_until_the_next_time(pictures, backlog, decoders):
    pictures.index(**{f"p{n}__jpg": encoded(scene(100, 80, seed=n)) for n in range(40)})
    pictures.cache.unlink(missing_ok=True)
    os.rename(pictures.folder, pictures.folder.with_name("away"))
    backlog.refresh()
    backlog.work(never)
    assert decoders.calls == 20
    os.rename(pictures.folder.with_name("away"), pictures.folder)
    backlog.refresh()
    backlog.work(never)
    assert pictures_kept(pictures.library).thumbnails == 40


def test_pictures_of_photos_without_a_file_are_dropped(pictures):
    pictures.index(a__png=encoded(scene(400, 300), "png"), b__png=encoded(scene(400, 300, seed=2), "png"))
    assert pictures_kept(pictures.library).thumbnails == 2
    (pictures.folder / "a.png").unlink()
    pictures.index()
    drop_gone(pictures.library)
    kept = pictures_kept(pictures.library)
    assert kept.thumbnails == 1
    assert kept.thumbnail_bytes == pictures.cache.stat().st_size
