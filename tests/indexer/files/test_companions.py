"""Companions: files that belong to a photo decoded from another file."""

from __future__ import annotations

import os

import pytest

from indexer.files.companions import companions, sidecar_rank
from store import Outcome, SidecarRank
from tests.indexer.decode.test_notes import packet
from tests.indexer.metadata.packets import bag
from tests.indexer.pipeline.test_pipeline import Library
from tests.pictures import encoded, exif_with, scene, write
from tests.raw_photos import dng


@pytest.fixture
def library(tmp_path):
    made = Library(tmp_path)
    yield made
    made.catalog.close()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.jpg", "b.nef"], {}),
        (["a.jpg", "a.nef"], {"a.nef": "a.jpg"}),
        (["DSC_1.JPG", "dsc_1.Cr3"], {"dsc_1.Cr3": "DSC_1.JPG"}),
        (["a.heic", "a.mov", "a.aae"], {"a.mov": "a.heic", "a.aae": "a.heic"}),
        (["a.mov"], {}),
        (["a.png", "a.mov"], {}),
        (["a.jpg", "a.jpg.xmp", "b.xmp"], {"a.jpg.xmp": "a.jpg"}),
        (["a.nef", "a.xmp"], {"a.xmp": "a.nef"}),
        (["a.nef", "a.nef.xmp", "a.jpg"], {"a.nef": "a.jpg", "a.nef.xmp": "a.jpg"}),
        (["a.heic", "a.jpg", "a.dng"], {"a.dng": "a.jpg"}),
        (["IMG_1234.HEIC", "IMG_E1234.JPG"], {"IMG_1234.HEIC": "IMG_E1234.JPG"}),
        (
            ["img_1234.jpg", "img_1234.dng", "img_e1234.jpg"],
            {"img_1234.jpg": "img_e1234.jpg", "img_1234.dng": "img_e1234.jpg"},
        ),
        (["x.jpg", "x-edited.jpg"], {"x.jpg": "x-edited.jpg"}),
        (["DSC1.HIF", "DSC1.DNG", "DSC1.MOV"], {"DSC1.DNG": "DSC1.HIF", "DSC1.MOV": "DSC1.HIF"}),
        (["a.jfif", "a.xmp"], {"a.xmp": "a.jfif"}),
        (["a.gif", "a.dng"], {}),
        (["PXL_1.MP.jpg", "PXL_1.MP"], {"PXL_1.MP": "PXL_1.MP.jpg"}),
        (["IMG_1.HEIC", "IMG_1_HEVC.MOV"], {"IMG_1_HEVC.MOV": "IMG_1.HEIC"}),
        (
            ["IMG_1234.HEIC", "IMG_E1234.JPG", "IMG_1234.AAE", "IMG_O1234.AAE", "IMG_1234.MOV"],
            dict.fromkeys(["IMG_1234.HEIC", "IMG_1234.AAE", "IMG_O1234.AAE", "IMG_1234.MOV"], "IMG_E1234.JPG"),
        ),
        (["a.jpg", "a.png", "a.xmp"], {"a.xmp": "a.jpg"}),
        (["a.JPG", "a.jpg", "a.JPG.xmp", "a.jpg.xmp"], {"a.JPG.xmp": "a.JPG", "a.jpg.xmp": "a.jpg"}),
        (["IMG_1.JPG", "img_1.xmp"], {"img_1.xmp": "IMG_1.JPG"}),
        (["a.jpg", "a.jpg.xmp", "a_01.jpg.xmp"], {"a.jpg.xmp": "a.jpg", "a_01.jpg.xmp": "a.jpg"}),
        (["a.jpg", "a_01.jpg", "a_01.jpg.xmp"], {"a_01.jpg.xmp": "a_01.jpg"}),
        (["IMG-bearbeitet.jpg", "IMG.jpg"], {"IMG.jpg": "IMG-bearbeitet.jpg"}),
        (["IMG-modifie\u0301.jpg", "IMG.jpg"], {"IMG.jpg": "IMG-modifie\u0301.jpg"}),
        (["IMG-modifié.jpg", "IMG.jpg"], {"IMG.jpg": "IMG-modifié.jpg"}),
        (["IMG-ha editado.jpg", "IMG.jpg"], {"IMG.jpg": "IMG-ha editado.jpg"}),
        (["IMG-edited(1).jpg", "IMG(1).jpg", "IMG.jpg"], {"IMG(1).jpg": "IMG-edited(1).jpg"}),
        (["x" * 40 + "-edit.jpg", "x" * 40 + ".jpg"], {"x" * 40 + ".jpg": "x" * 40 + "-edit.jpg"}),
        (["ä.jpg", "Ä.XMP"], {"Ä.XMP": "ä.jpg"}),
        (["É.JPG", "é.jpg.xmp"], {"é.jpg.xmp": "É.JPG"}),
        (["\u00e9.jpg", "e\u0301.xmp"], {"e\u0301.xmp": "\u00e9.jpg"}),
        (["Été.JPG", "été.CR2"], {"été.CR2": "Été.JPG"}),
        (["IMG-MODIFIÉ.JPG", "IMG.jpg"], {"IMG.jpg": "IMG-MODIFIÉ.JPG"}),
        (["a.jpg", "A.JPG", "a.xmp"], {"a.xmp": "a.jpg"}),
        (["a.jpg", "a_100.jpg.xmp"], {"a_100.jpg.xmp": "a.jpg"}),
        (["IMG_1.HEIC", "IMG_1.HEIC.MOV"], {"IMG_1.HEIC.MOV": "IMG_1.HEIC"}),
        (["IMG-edit.jpg", "IMG.jpg"], {}),
        (["IMG-beach.jpg", "IMG.jpg"], {}),
        (["x-edited.jpg"], {}),
        (["x-edited.txt", "x.jpg"], {}),
        (["a.xmp"], {}),
        ([".xmp", "xmp", ""], {}),
    ],
)
def test_pairs_are_found_by_name(names, expected):
    found = companions([os.fsencode(name) for name in names])
    assert found == {os.fsencode(name): os.fsencode(main) for name, main in expected.items()}


@pytest.mark.parametrize(
    ("name", "main", "rank"),
    [
        ("é.jpg.xmp", "É.JPG", SidecarRank.OWN),
        ("É.XMP", "é.jpg", SidecarRank.STEM),
        ("a_01.jpg.xmp", "a.jpg", None),
        ("a_01.NEF.xmp", "a.jpg", None),
        ("IMG_12.NEF.xmp", "IMG_12.JPG", SidecarRank.OTHER),
        ("IMG_12.jpg.xmp", "IMG_12-edited.jpg", SidecarRank.OTHER),
    ],
)
def test_a_sidecar_of_another_version_alone_states_nothing(name, main, rank):
    assert sidecar_rank(os.fsencode(name), os.fsencode(main)) is rank


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["IMG.jpg", "IMG.jpg.json"], {"IMG.jpg.json": "IMG.jpg"}),
        (["IMG.jpg", "IMG.json"], {"IMG.json": "IMG.jpg"}),
        (["IMG.jpg", "IMG.jpg.supplemental-metadata.json"], {"IMG.jpg.supplemental-metadata.json": "IMG.jpg"}),
        (["IMG.jpg", "IMG.jpg.suppl.json"], {"IMG.jpg.suppl.json": "IMG.jpg"}),
        (["IMG.jpg", "IMG.jpg..json"], {"IMG.jpg..json": "IMG.jpg"}),
        (
            ["IMG.jpg", "IMG(1).jpg", "IMG.jpg.json", "IMG.jpg(1).json"],
            {"IMG.jpg.json": "IMG.jpg", "IMG.jpg(1).json": "IMG(1).jpg"},
        ),
        (
            ["IMG.jpg", "IMG(1).jpg", "IMG.jpg.supplemental-metadata(1).json"],
            {"IMG.jpg.supplemental-metadata(1).json": "IMG(1).jpg"},
        ),
        (
            [
                "Screenshot_20220207_102421_com.chat.android.jpg",
                "Screenshot_20220207_102421_com.chat.android.jp.json",
            ],
            {"Screenshot_20220207_102421_com.chat.android.jp.json": "Screenshot_20220207_102421_com.chat.android.jpg"},
        ),
        (["a" * 47 + ".jpg", "a" * 46 + ".json"], {"a" * 46 + ".json": "a" * 47 + ".jpg"}),
        (
            ["Urlaub in Knaufspesch in der Schneifel (38).JPG", "Urlaub in Knaufspesch in der Schneifel (38).JP.json"],
            {"Urlaub in Knaufspesch in der Schneifel (38).JP.json": "Urlaub in Knaufspesch in der Schneifel (38).JPG"},
        ),
        (["a" * 50 + "1.jpg", "a" * 50 + "2.jpg", "a" * 46 + ".json"], {}),
        (["IMG-edited.jpg", "IMG.jpg.json"], {"IMG.jpg.json": "IMG-edited.jpg"}),
        (
            ["IMG-edited(1).jpg", "IMG(1).jpg", "IMG.jpg(1).json"],
            dict.fromkeys(["IMG(1).jpg", "IMG.jpg(1).json"], "IMG-edited(1).jpg"),
        ),
        (
            ["IMG-gewijzigd.jpg", "IMG.jpg", "IMG.jpg.json"],
            dict.fromkeys(["IMG.jpg", "IMG.jpg.json"], "IMG-gewijzigd.jpg"),
        ),
        (
            ["IMG-beach.jpg", "IMG.jpg", "IMG.jpg.json", "IMG-beach.jpg.json"],
            {"IMG.jpg.json": "IMG.jpg", "IMG-beach.jpg.json": "IMG-beach.jpg"},
        ),
        (["IMG.HEIC", "IMG.MP4", "IMG.HEIC.json"], {"IMG.MP4": "IMG.HEIC", "IMG.HEIC.json": "IMG.HEIC"}),
        (["VID.mp4", "VID.mp4.json", "metadata.json", "IMG.jpg"], {}),
    ],
)
def test_json_files_of_takeouts_belong_to_their_pictures(names, expected):
    found = companions([os.fsencode(name) for name in names])
    assert found == {os.fsencode(name): os.fsencode(main) for name, main in expected.items()}


def test_without_pairing_only_sidecars_belong_to_pictures():
    names = [b"a.jpg", b"a.nef", b"a.mov", b"a.xmp", b"a.jpg.json", b"b.jpg", b"b-edited.jpg", b"b-edited.jpg.xmp"]
    assert companions(names, of_pictures=False) == {
        b"a.xmp": b"a.jpg",
        b"a.jpg.json": b"a.jpg",
        b"b-edited.jpg.xmp": b"b-edited.jpg",
    }


def paths(library):
    with library.catalog.read() as t:
        (photo,) = t.photos.get(sorted(set(library.photos().values())))
    below = len(os.fsencode(library.folder)) + 1
    return [path[below:].decode() for path in photo.paths], [path[below:].decode() for path in photo.companions]


def test_raw_and_jpeg_are_one_photo_and_the_jpeg_is_embedded(library):
    write(library.folder / "a.jpg")
    (library.folder / "a.dng").write_bytes(dng(scene(seed=2)))
    report = library.index()
    assert (report.embedded, report.companions) == (1, 1)
    assert paths(library) == (["a.jpg"], ["a.dng"])
    assert library.outcomes() == {"a.jpg": "indexed", "a.dng": "companion"}
    again = library.index()
    assert (again.unchanged, again.embedded, again.companions) == (2, 0, 0)
    with library.catalog.read() as t:
        assert t.files.problems() == []


def test_they_are_two_photos_without_pairing(library):
    write(library.folder / "a.jpg")
    (library.folder / "a.dng").write_bytes(dng(scene(seed=2)))
    library.index()
    assert library.index(pair=False).embedded == 1
    assert len(set(library.photos().values())) == 2
    library.index()
    assert paths(library) == (["a.jpg"], ["a.dng"])


def test_a_raw_photo_without_a_jpeg_is_a_photo_of_its_own(library):
    (library.folder / "a.dng").write_bytes(dng(scene(seed=2)))
    library.index()
    assert library.outcomes() == {"a.dng": "indexed"}
    write(library.folder / "a.jpg")
    library.index()
    assert paths(library) == (["a.jpg"], ["a.dng"])
    (library.folder / "a.jpg").unlink()
    report = library.index()
    assert (report.embedded, report.moved, report.gone) == (0, 1, 1)
    assert paths(library) == (["a.dng"], [])


def test_a_raw_photo_with_a_damaged_jpeg_is_a_photo_of_its_own(library):
    path = write(library.folder / "a.jpg")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    (library.folder / "a.dng").write_bytes(dng(scene(seed=2)))
    assert library.index().embedded == 1
    assert library.outcomes() == {"a.jpg": "damaged", "a.dng": "indexed"}
    again = library.index()
    assert (again.outcomes[Outcome.INDEXED], again.embedded, again.companions) == (0, 0, 0)
    path.write_bytes(whole)
    library.index()
    assert library.outcomes() == {"a.jpg": "indexed", "a.dng": "companion"}


def test_notes_of_a_sidecar_become_facts_and_follow_its_changes(library):
    path = library.folder / "a.jpg"
    path.write_bytes(encoded(scene(), exif=exif_with(ImageDescription="inside")))
    sidecar = library.folder / "a.jpg.xmp"
    sidecar.write_bytes(packet(bag("dc:subject", "cat"), 'xmp:Rating="4"'))
    library.index()

    def facts():
        with library.catalog.read() as t:
            return t.photos.get(list(library.photos().values()))[0].facts

    assert (facts().rating, facts().caption, facts().keywords) == (4, "inside", ("cat",))
    sidecar.write_bytes(packet(bag("dc:subject", "dog"), 'xmp:Rating="5"'))
    report = library.index()
    assert (report.embedded, report.companions) == (0, 1)
    assert (facts().rating, facts().caption, facts().keywords) == (5, "inside", ("dog",))
    # Another program writes into the picture: the sidecar still counts.
    path.write_bytes(encoded(scene(), exif=exif_with(ImageDescription="anew", Make="Canon")))
    assert library.index().embedded == 0
    assert (facts().rating, facts().caption, facts().camera) == (5, "anew", "Canon")
    assert paths(library) == (["a.jpg"], ["a.jpg.xmp"])


def test_a_picture_with_the_name_of_a_sidecar_does_not_fail(library):
    write(library.folder / "a.jpg")
    (library.folder / "a.xmp").write_bytes(encoded(scene(seed=3)))
    (library.folder / "b.xmp").write_bytes(packet())
    os.mkfifo(library.folder / "c.xmp")
    write(library.folder / "c.jpg", seed=9)
    assert library.index().embedded == 2
    assert library.outcomes() == {
        "a.jpg": "indexed",
        "a.xmp": "companion",
        "b.xmp": "not a picture",
        "c.jpg": "indexed",
    }


def test_removed_notes_are_forgotten_and_the_exact_sidecar_wins(library):
    (library.folder / "a.jpg").write_bytes(encoded(scene(), exif=exif_with(ImageDescription="inside")))
    near, far = library.folder / "a.jpg.xmp", library.folder / "a.xmp"

    def facts():
        assert library.index().embedded <= 1
        with library.catalog.read() as t:
            return t.photos.get(list(library.photos().values()))[0].facts

    near.write_bytes(packet(attributes='xmp:Rating="5"'))
    assert facts().rating == 5
    far.write_bytes(packet(bag("dc:subject", "sea"), 'xmp:Rating="2"'))
    assert (facts().rating, facts().keywords) == (5, ("sea",))
    near.write_bytes(packet())
    assert facts().rating == 2
    far.unlink()
    assert (facts().rating, facts().keywords, facts().caption) == (None, (), "inside")


def test_a_picture_changed_with_its_sidecar_is_read_once_when_both_settle(library):
    path, sidecar = library.folder / "a.jpg", library.folder / "a.jpg.xmp"
    path.write_bytes(encoded(scene()))
    sidecar.write_bytes(packet(attributes='xmp:Rating="4"'))
    library.index()

    def rating():
        with library.catalog.read() as t:
            return t.photos.get(list(library.photos().values()))[0].facts.rating

    # Its times change and its content does not: only the sidecar has new notes.
    path.write_bytes(encoded(scene()))
    sidecar.write_bytes(packet(attributes='xmp:Rating="2"'))
    report = library.index(min_age=3600)
    assert (report.outcomes[Outcome.INDEXED], len(report.too_recent), rating()) == (0, 2, 4)
    os.utime(path, (1, 1))
    report = library.index()
    assert (report.outcomes[Outcome.INDEXED], report.companions, rating()) == (1, 1, 2)


def test_a_picture_waits_for_a_sidecar_that_is_being_written(library):
    path, sidecar = library.folder / "a.jpg", library.folder / "a.jpg.xmp"
    path.write_bytes(encoded(scene()))
    library.index()
    sidecar.write_bytes(packet(attributes='xmp:Rating="2"'))
    report = library.index(min_age=3600)
    assert (report.outcomes[Outcome.INDEXED], len(report.too_recent)) == (0, 1)
