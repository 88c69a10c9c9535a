"""New photos described in the background: which ones, with which pauses, and what is logged."""

from __future__ import annotations

import logging

import pytest
from PIL import Image

from photos.daemon.describing import NewPhotos
from photos.lock import describe_lock
from tests.photos.describers import ColourDescriber
from tests.photos.encoders import COLOURS
from tests.photos.operations.test_describing import caption_all, captions, opened, vectored


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def library(filled):
    with opened(filled) as made:
        yield made


def add(filled, pictures, name):
    Image.new("RGB", (40, 33), COLOURS[name]).save(pictures / f"new {name}.png")
    assert filled("index").status == 0


def worked(new):
    new.refresh(is_whole=False)
    return new.work(lambda: False)


def test_photos_that_were_there_before_are_left_alone(library):
    describer = ColourDescriber()
    new = NewPhotos(library, describer)
    assert not new.work(lambda: False)
    assert (describer.opened, captions(library), new.is_due) == (0, {}, False)


def test_new_photos_are_described_also_after_a_restart(library, filled, pictures):
    describer = ColourDescriber()
    worked(NewPhotos(library, describer))
    add(filled, pictures, "red")
    new = NewPhotos(library, describer)
    assert worked(new)
    assert captions(library) == {"new red.png": "A red area"}
    assert not worked(new)
    assert (describer.opened, describer.closed) == (1, 1)
    add(filled, pictures, "blue")
    assert worked(new)
    assert sorted(captions(library)) == ["new blue.png", "new red.png"]


def test_new_captions_get_vectors_when_all_are_described(library, filled, pictures):
    caption_all(library)
    describer = ColourDescriber()
    new = NewPhotos(library, describer)
    worked(new)
    add(filled, pictures, "red")
    assert worked(new)
    assert new.work(lambda: True)
    assert (vectored(library), describer.closed) == (0, 1)
    assert not worked(new)
    assert (vectored(library), describer.opened) == (1, 1)


def test_a_damaged_mark_is_made_again(library, filled, pictures):
    (filled.library / "describe.json").write_text("{")
    describer = ColourDescriber()
    worked(NewPhotos(library, describer))
    add(filled, pictures, "red")
    worked(NewPhotos(library, describer))
    assert list(captions(library)) == ["new red.png"]


def test_other_work_goes_first(library, filled, pictures):
    describer = ColourDescriber()
    new = NewPhotos(library, describer)
    worked(new)
    add(filled, pictures, "red")
    new.refresh(is_whole=False)
    assert new.work(lambda: True)
    assert describer.calls == 0


def test_a_describer_that_is_away_gets_longer_and_longer_pauses(library, filled, pictures, clock, caplog):
    describer = ColourDescriber(away_at=1)
    new = NewPhotos(library, describer, clock)
    worked(new)
    add(filled, pictures, "red")
    caplog.set_level(logging.INFO)
    pauses = []
    for _ in range(8):
        assert not worked(new)
        describer.away_at = describer.calls + 1
        begun = clock.now
        while not new.is_due:
            clock.now += 30
        pauses.append(clock.now - begun)
    assert pauses == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "colours@here does not answer (it went out)" in caplog.text
    describer.away_at = 0
    assert worked(new)
    assert caplog.messages[1:] == ["New photos are described again."]
    assert not worked(new)
    assert caplog.messages[2:] == ["Described 1 photo by colours@here."]


def test_a_picture_without_words_is_asked_about_once(library, filled, pictures, caplog):
    describer = ColourDescriber(silent={"red"})
    new = NewPhotos(library, describer)
    worked(new)
    add(filled, pictures, "red")
    caplog.set_level(logging.INFO)
    worked(new)
    assert not worked(new)
    assert describer.calls == 1
    assert "new red.png got no description: No words for red." in caplog.text


def test_photos_that_had_no_turn_are_described_after_the_pause(library, filled, pictures, clock, caplog):
    describer = ColourDescriber(failing={"red", "blue"})
    new = NewPhotos(library, describer, clock)
    worked(new)
    add(filled, pictures, "red")
    add(filled, pictures, "blue")
    caplog.set_level(logging.INFO)
    assert not worked(new)
    for _ in range(5):
        assert not worked(new)
        clock.now += 3600
        assert not worked(new)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "got no description: It broke at" in caplog.text
    describer.failing.clear()
    clock.now += 3600
    assert worked(new)
    assert sorted(captions(library)) == ["new blue.png", "new red.png"]


def test_a_picture_at_which_a_describer_fails_is_behind_others(library, filled, pictures, clock, caplog):
    describer = ColourDescriber(failing={"red"})
    new = NewPhotos(library, describer, clock)
    worked(new)
    add(filled, pictures, "red")
    assert not worked(new)
    add(filled, pictures, "blue")
    assert not worked(new)
    clock.now += 60
    assert worked(new)
    assert list(captions(library)) == ["new blue.png"]
    calls = describer.calls
    assert not worked(new)
    assert describer.calls == calls
    new.refresh(is_whole=True)
    assert not new.work(lambda: False)
    assert describer.calls == calls + 1


def test_a_photo_whose_file_is_away_waits_for_the_next_whole_scan(library, filled, pictures):
    describer = ColourDescriber()
    new = NewPhotos(library, describer)
    worked(new)
    add(filled, pictures, "red")
    path, aside = pictures / "new red.png", pictures.parent / "aside.png"
    path.rename(aside)
    worked(new)
    aside.rename(path)
    assert not worked(new)
    new.refresh(is_whole=True)
    assert new.work(lambda: False)
    assert list(captions(library)) == ["new red.png"]


def test_a_person_who_describes_goes_first(library, filled, pictures):
    describer = ColourDescriber()
    new = NewPhotos(library, describer)
    worked(new)
    add(filled, pictures, "red")
    with describe_lock(filled.library):
        assert not worked(new)
    assert describer.calls == 0
    assert worked(new)


def test_a_describer_that_is_not_set_up_is_told_once(filled, pictures, caplog):
    with opened(filled, PHOTOS_DESCRIBE_ENDPOINT="") as library:
        new = NewPhotos(library, ColourDescriber())
        worked(new)
        add(filled, pictures, "red")
        assert not worked(new)
        assert not worked(new)
    assert caplog.text.count("No describer is set up") == 1
