"""A photo's facts come from all its files: its content and the sidecars of every copy, at first and after changes."""

from __future__ import annotations

import json
import os
import shutil
from datetime import datetime

import pytest

from indexer.pipeline import stated_facts
from indexer.pipeline.stated_facts import unread_facts
from indexer.workers.file_reader import RefusedFile
from store import DateSource, Outcome
from tests.indexer.decode.test_facts import xmp
from tests.indexer.metadata.packets import bag
from tests.indexer.pipeline.test_pipeline import Library
from tests.pictures import encoded, exif_with, scene, write


@pytest.fixture
def library(tmp_path):
    made = Library(tmp_path)
    yield made
    with made.catalog.write() as t:
        assert (t.photo_facts.wrong(), t.photo_texts.wrong(), t.photo_texts.is_index_whole()) == ([], [], True)
    made.catalog.close()


def facts(library, name="a.jpg"):
    with library.catalog.read() as t:
        return t.photos.get([library.photos()[name]])[0].facts


def rated(library, name, stars, age=0, **more):
    path = library.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(xmp(more.pop("inside", ""), f'xmp:Rating="{stars}"'))
    os.utime(path, (1_000_000_000 - age, 1_000_000_000 - age))
    return path


def copied(library, to, of="a.jpg"):
    (library.folder / to).parent.mkdir(exist_ok=True)
    shutil.copy(library.folder / of, library.folder / to)


def test_a_sidecar_beside_the_second_copy_is_read(library):
    write(library.folder / "a.jpg")
    library.index()
    copied(library, "b/b.jpg")
    rated(library, "b/b.jpg.xmp", 4)
    assert library.index().embedded == 0
    assert facts(library).rating == 4


def test_the_newest_of_several_sidecars_counts_and_gaps_are_filled(library):
    write(library.folder / "a.jpg")
    copied(library, "b/b.jpg")
    rated(library, "a.jpg.xmp", 2, age=100, inside=bag("dc:subject", "old"))
    rated(library, "b/b.xmp", 4, age=50)
    library.index()
    assert (facts(library).rating, facts(library).keywords) == (4, ("old",))
    rated(library, "a.jpg.xmp", 3, age=10)
    library.index()
    assert (facts(library).rating, facts(library).keywords) == (3, ())


def test_facts_of_a_copy_that_is_gone_go(library):
    write(library.folder / "a.jpg")
    copied(library, "b/b.jpg")
    sidecar = rated(library, "b/b.jpg.xmp", 4)
    library.index()
    assert facts(library).rating == 4
    (library.folder / "b/b.jpg").unlink()
    sidecar.unlink()
    library.index()
    assert facts(library).rating is None


def test_facts_of_a_removed_folder_go(library, tmp_path):
    write(library.folder / "a.jpg")
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(library.folder / "a.jpg", other / "b.jpg")
    (other / "b.jpg.xmp").write_bytes(xmp(attributes='xmp:Rating="5"'))
    with library.catalog.write() as t:
        added = t.folders.add(os.fsencode(other))
    library.index()
    first, library.registered = library.registered, added
    library.index()
    library.registered = first
    assert facts(library).rating == 5
    with library.catalog.write() as t:
        t.folders.remove(added.id)
    assert facts(library).rating is None


def test_a_copy_whose_content_changes_takes_its_sidecar_with_it(library):
    write(library.folder / "a.jpg", seed=1)
    copied(library, "b.jpg")
    rated(library, "b.jpg.xmp", 4)
    library.index()
    assert facts(library).rating == 4
    write(library.folder / "b.jpg", seed=2)
    library.index()
    assert (facts(library).rating, facts(library, "b.jpg").rating) == (None, 4)
    (library.folder / "b.jpg").write_bytes(b"no picture")
    library.index()
    assert library.outcomes()["b.jpg"] == "unsupported"
    write(library.folder / "b.jpg", seed=1)
    library.index()
    assert facts(library).rating == 4


def test_a_new_companion_gives_its_sidecar_to_the_main_file(library):
    (library.folder / "x.jpg").write_bytes(encoded(scene(seed=1)))
    rated(library, "x.jpg.xmp", 4)
    library.index()
    assert facts(library, "x.jpg").rating == 4
    (library.folder / "x-edited.jpg").write_bytes(encoded(scene(seed=2)))
    library.index()
    assert facts(library, "x-edited.jpg").rating == 4
    assert "x.jpg" not in library.photos()


def test_a_changed_sidecar_costs_no_reading_of_the_picture(library):
    write(library.folder / "a.jpg")
    rated(library, "a.jpg.xmp", 2)
    library.index()
    rated(library, "a.jpg.xmp", 3, age=7)
    report = library.index()
    assert (report.outcomes[Outcome.INDEXED], report.companions, facts(library).rating) == (0, 1, 3)


def test_one_sidecar_counts_for_one_picture(library):
    write(library.folder / "a.jpg", seed=1)
    write(library.folder / "a.png", seed=2)
    rated(library, "a.xmp", 4)
    library.index()
    assert (facts(library).rating, facts(library, "a.png").rating) == (4, None)
    # It says itself which of the two it belongs to.
    path = library.folder / "a.xmp"
    path.write_bytes(xmp(attributes='xmp:Rating="5" photoshop:SidecarForExtension="PNG"'))
    library.index()
    assert (facts(library).rating, facts(library, "a.png").rating) == (None, 5)


def test_letter_case_does_not_matter_for_sidecars(library):
    write(library.folder / "IMG_1.jpg")
    rated(library, "img_1.JPG.Xmp", 4)
    library.index()
    assert facts(library, "IMG_1.jpg").rating == 4


def test_sidecars_are_read_without_pairing(library):
    write(library.folder / "a.jpg")
    rated(library, "a.xmp", 4)
    library.index(pair=False)
    assert facts(library).rating == 4


def test_a_sidecar_states_date_and_place(library):
    exif = exif_with(camera={"DateTimeOriginal": "2000:01:01 00:00:00", "OffsetTimeOriginal": "+01:00"})
    (library.folder / "a.jpg").write_bytes(encoded(scene(), exif=exif))
    attributes = (
        'photoshop:DateCreated="2024-01-23T18:12:34-07:00" exif:GPSLatitude="60.73" exif:GPSLongitude="-135.07"'
    )
    (library.folder / "a.jpg.xmp").write_bytes(xmp(attributes=attributes))
    library.index()
    found = facts(library)
    assert (found.taken_at, found.taken_offset) == (datetime.fromisoformat("2024-01-23T18:12:34"), -420)
    assert (found.latitude, found.longitude) == (60.73, -135.07)
    # A date of the file is less sure than the picture's own.
    (library.folder / "a.jpg.xmp").write_bytes(xmp(attributes='xmp:CreateDate="2024-01-23T18:12:34-07:00"'))
    library.index()
    assert (facts(library).taken_at, facts(library).date_source) == (
        datetime.fromisoformat("2000-01-01"),
        DateSource.ORIGINAL,
    )


def test_an_odd_sidecar_costs_its_facts_alone(library):
    write(library.folder / "a.jpg")
    (library.folder / "a.jpg.xmp").write_bytes(b"\xff\xfe no XMP")
    (library.folder / "a.jpg.json").write_bytes(b"[[[[")
    report = library.index()
    assert (report.embedded, report.companions) == (1, 2)
    assert library.index().companions == 0
    assert unread_facts(library.catalog, [library.registered]) == 0


def takeout(taken="1562236496", **values):
    place = {"latitude": 48.858, "longitude": 2.351}
    whole = {"description": "Grandma", "photoTakenTime": {"timestamp": taken}, "geoData": place}
    return json.dumps({**whole, **values}).encode()


def test_a_takeout_is_read_as_a_sidecar(library):
    write(library.folder / "a.jpg")
    (library.folder / "a.jpg.supplemental-metadata.json").write_bytes(takeout())
    library.index()
    found = facts(library)
    assert (found.taken_at, found.taken_offset) == (datetime.fromisoformat("2019-07-04T10:34:56"), 0)
    assert (found.latitude, found.caption, found.date_source) == (48.858, "Grandma", DateSource.TAKEOUT)
    with library.catalog.read() as t:
        assert t.files.problems() == []


def test_a_takeout_keeps_the_cameras_clock_of_the_same_moment(library):
    exif = exif_with(camera={"DateTimeOriginal": "2019:07:04 12:34:56"})
    (library.folder / "a.jpg").write_bytes(encoded(scene(), exif=exif))
    (library.folder / "a.jpg.json").write_bytes(takeout())
    library.index()
    assert (facts(library).taken_at, facts(library).caption) == (
        datetime.fromisoformat("2019-07-04T12:34:56"),
        "Grandma",
    )
    # The date was corrected in Google Photos.
    (library.folder / "a.jpg.json").write_bytes(takeout(taken="1000000000"))
    library.index()
    assert facts(library).taken_at == datetime.fromisoformat("2001-09-09T01:46:40")


def test_facts_of_an_earlier_reader_are_read_again_once(library):
    for number in range(3):
        exif = exif_with(Model=f"Cam {number}")
        (library.folder / f"{number}.jpg").write_bytes(encoded(scene(seed=number), exif=exif))
    rated(library, "0.jpg.xmp", 4)
    library.index()
    with library.catalog.write() as t:
        t.connection.exec_driver_sql("UPDATE photo SET reader = 0, camera = NULL, rating = NULL")
        for table in ("stated_facts", "sidecar_facts"):
            t.connection.exec_driver_sql(f"DELETE FROM {table}")
    assert unread_facts(library.catalog, [library.registered]) == 4
    report = library.index()
    assert (report.embedded, report.refreshed, report.outcomes[Outcome.INDEXED]) == (0, 3, 0)
    assert [facts(library, f"{number}.jpg").camera for number in range(3)] == ["Cam 0", "Cam 1", "Cam 2"]
    assert facts(library, "0.jpg").rating == 4
    assert (library.index().refreshed, library.image_encoder.embedded) == (0, 3)
    assert unread_facts(library.catalog, [library.registered]) == 0


def test_a_picture_that_is_away_keeps_its_facts_until_it_can_be_read(library, tmp_path):
    path = library.folder / "a.jpg"
    path.write_bytes(encoded(scene(), exif=exif_with(Model="Cam")))
    library.index()
    with library.catalog.write() as t:
        t.connection.exec_driver_sql("UPDATE photo SET reader = 0")
    (request,) = stated_facts.outdated(library.catalog, [library.registered], ())
    assert request.absolute == os.fsencode(path)
    path.rename(tmp_path / "away.jpg")
    assert stated_facts.outdated(library.catalog, [library.registered], ()) == []
    (tmp_path / "away.jpg").rename(path)
    library.index()
    assert facts(library).camera == "Cam"


def test_facts_that_cannot_be_read_again_stay(library):
    (library.folder / "a.jpg").write_bytes(encoded(scene(), exif=exif_with(Model="Cam")))
    library.index()
    with library.catalog.write() as t:
        t.connection.exec_driver_sql("UPDATE photo SET reader = 0")
    (request,) = stated_facts.outdated(library.catalog, [library.registered], ())
    for outcome, left in ((Outcome.FAILED, 1), (Outcome.DAMAGED, 0)):
        with library.catalog.write() as t:
            stated_facts.store_facts(t, RefusedFile(request, request.stamp, outcome, "a reason"))
        assert (unread_facts(library.catalog, [library.registered]), facts(library).camera) == (left, "Cam")


def test_wrong_facts_are_found_and_mended(library):
    write(library.folder / "a.jpg")
    rated(library, "a.jpg.xmp", 4)
    library.index()
    with library.catalog.write() as t:
        t.connection.exec_driver_sql("UPDATE photo SET rating = 1")
    with library.catalog.read() as t:
        assert t.photo_facts.wrong() == list(set(library.photos().values()))
    library.index(check_embeddings=True)
    assert facts(library).rating == 4
