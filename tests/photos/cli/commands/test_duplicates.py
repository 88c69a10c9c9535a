"""`duplicates`."""

import json
import os
import shutil

import numpy as np
import pytest
from PIL import ExifTags, Image

from tests.photos.duplicates.test_perceptual_hash import page, textured
from tests.pictures import encoded
from tests.raw_photos import dng


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "shots"
    folder.mkdir()
    return folder


@pytest.fixture
def indexed(photos, folder, checkpoint, vocabulary):
    """Index the files that a test has put into the folder."""

    photos.make_catalog()

    def index(*more):
        assert photos("vocab", "use", vocabulary).status == 0
        assert photos("add", folder, *more, "--model", checkpoint).status == 0
        return photos

    return index


def dated(when, camera="X-T4"):
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = camera
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = when
    return exif


def groups(result):
    assert result.status == 0, result.err
    return [json.loads(line)["files"] for line in result.lines]


def names(group):
    return [os.path.basename(file["path"]) for file in group]


def test_files_with_the_same_content_are_a_group(indexed, folder):
    (folder / "a.jpg").write_bytes(encoded(textured(0)))
    shutil.copy(folder / "a.jpg", folder / "b.jpg")
    (folder / "other.jpg").write_bytes(encoded(textured(1)))
    photos = indexed()
    for arguments in ([], ["--exact"]):
        (group,) = groups(photos("duplicates", "--json", *arguments))
        assert names(group) == ["a.jpg", "b.jpg"]
        assert [file["sameness"] for file in group] == ["best", "identical"]
        assert [file["best"] for file in group] == [True, False]
        assert group[0]["bytes"] == (folder / "a.jpg").stat().st_size
    assert photos("duplicates", "--others", "-0").out == f"{folder}/b.jpg\0"
    assert photos("duplicates", "--paths").lines == [f"{folder}/a.jpg", f"{folder}/b.jpg"]


def copies(folder, content, **files):
    """Write the content to a file in each folder, with others beside it, older ones first."""
    for age, (name, beside) in enumerate(files.items()):
        place = folder / name
        place.mkdir()
        for ending in ["jpg", *beside.split()]:
            (place / f"x.{ending}").write_bytes(content if ending == "jpg" else b"beside " + name.encode())
            os.utime(place / f"x.{ending}", ns=(0, 1_600_000_000_000_000_000 + age))


@pytest.mark.parametrize(
    ("files", "best", "removable"),
    [
        ({"a": "", "b": "", "c": ""}, "a", ["b", "c"]),
        ({"z": "", "a": ""}, "z", ["a"]),
        ({"a": "", "b": "cr2"}, "b", ["a"]),
        ({"a": "", "b": "mov"}, "b", ["a"]),
        ({"a": "", "b": "xmp", "keep": ""}, "b", ["a", "keep"]),
        ({"a": "xmp", "b": "cr2", "c": ""}, "b", ["c"]),
        ({"a": "", "keep": ""}, "keep", ["a"]),
        ({"a": "", "also": "", "keep": ""}, "keep", ["a", "also"]),
        ({"a": "", "also": ""}, "also", ["a"]),
        ({"a": "xmp", "b": "xmp"}, "a", []),
        ({"a": "xmp", "b": "aae", "keep": "xmp"}, "keep", []),
    ],
)
def test_the_best_of_identical_files_has_most_beside_it(indexed, folder, monkeypatch, files, best, removable):
    monkeypatch.setenv("PHOTOS_DUPLICATES_PREFER", f"{folder}/keep{os.pathsep}{folder}/also")
    copies(folder, encoded(textured(0)), **files)
    photos = indexed()
    for exact in ([], ["--exact"]):
        (group,) = groups(photos("duplicates", "--json", *exact))
        assert group[0]["path"] == f"{folder}/{best}/x.jpg"
        assert group[0]["companions"] == [f"{folder}/{best}/x.{each}" for each in sorted(files[best].split())]
        others = photos("duplicates", "--others", *exact).lines
        assert sorted(others) == [f"{folder}/{each}/x.jpg" for each in removable]


def test_a_near_copy_with_something_beside_it_is_kept(indexed, folder):
    image = textured(0)
    (folder / "whole.jpg").write_bytes(encoded(image, quality=95))
    for name in ("small", "plain"):
        (folder / f"{name}.jpg").write_bytes(encoded(image.resize((160, 120) if name == "small" else (200, 150))))
    (folder / "small.xmp").write_bytes(b"<x/>")
    assert indexed()("duplicates", "--others").lines == [f"{folder}/plain.jpg"]


def test_preferred_folders_can_be_named_or_set(indexed, folder, photos, tmp_path, monkeypatch):
    copies(folder, encoded(textured(0)), a="", b="", c="")
    indexed()

    def best(*options):
        (group,) = groups(photos("duplicates", "--json", *options))
        return group[0]["path"].split("/")[-2]

    assert [best(), best("--prefer", folder / "c"), best("--prefer", folder / "b", "--prefer", folder / "c")] == [
        "a", "c", "b",
    ]  # fmt: skip
    (tmp_path / "config.toml").write_text(f'duplicates_prefer = ["{folder}/c", "{folder}/b"]\n')
    monkeypatch.setenv("PHOTOS_CONFIG", str(tmp_path / "config.toml"))
    assert best() == "c"
    (tmp_path / "config.toml").write_text("duplicates_prefer = 3\n")
    assert "a list of folders" in photos("duplicates").err


def test_pages_of_short_text_are_no_duplicates(indexed, folder):
    for seed in range(4):
        (folder / f"{seed}.jpg").write_bytes(encoded(page(seed, 3, 20)))
        (folder / f"blank {seed}.jpg").write_bytes(encoded(Image.new("RGB", (620, 870 + seed), "white")))
    content = (folder / "0.jpg").read_bytes()
    (folder / "noted.jpg").write_bytes(content[:2] + b"\xff\xfe\x00\x08hello!" + content[2:])
    shutil.copy(folder / "1.jpg", folder / "copy.jpg")
    photos = indexed()
    found = groups(photos("duplicates", "--json"))
    assert sorted(sorted(names(group)) for group in found) == [["0.jpg", "noted.jpg"], ["1.jpg", "copy.jpg"]]
    assert {file["sameness"] for group in found for file in group} == {"best", "same pixels", "identical"}


def test_reduced_and_recompressed_copies_are_near(indexed, folder):
    image = textured(0)
    (folder / "a small.jpg").write_bytes(encoded(image.resize((160, 120))))
    (folder / "b rough.jpg").write_bytes(encoded(image, quality=40))
    (folder / "c whole.jpg").write_bytes(encoded(image, quality=95))
    photos = indexed()
    (group,) = groups(photos("duplicates", "--json"))
    assert names(group) == ["c whole.jpg", "b rough.jpg", "a small.jpg"]
    assert {file["sameness"] for file in group[1:]} == {"near"}
    assert all(file["score"] > 0.95 and file["distance"] <= 10 and file["checked"] for file in group[1:])
    assert photos("duplicates", "--exact").status == 1


def test_equal_embeddings_alone_make_no_group(indexed, folder):
    # The test encoder sees the mean colour only, which is the same for all.
    pixels = np.asarray(textured(3))
    for name, turn in {"a": pixels, "b": pixels[::-1], "c": pixels[:, ::-1]}.items():
        (folder / f"{name}.png").write_bytes(encoded(Image.fromarray(np.ascontiguousarray(turn)), "png"))
    photos = indexed()
    assert photos("duplicates").status == 1
    assert "No duplicates" in photos("duplicates").err


def test_bursts_are_grouped_only_on_request(indexed, folder):
    for second in (1, 2):
        exif = dated(f"2024:05:01 12:00:0{second}")
        (folder / f"{second}.jpg").write_bytes(encoded(textured(0), exif=exif, quality=90 + second))
    photos = indexed()
    assert photos("duplicates").status == 1
    assert len(groups(photos("duplicates", "--bursts", "--json"))) == 1


def test_a_changed_comment_leaves_the_same_pixels(indexed, folder):
    content = encoded(textured(0))
    (folder / "a.jpg").write_bytes(content)
    (folder / "b.jpg").write_bytes(content[:2] + b"\xff\xfe\x00\x08hello!" + content[2:])
    (group,) = groups(indexed()("duplicates", "--json"))
    assert [file["sameness"] for file in group] == ["best", "same pixels"]


def test_a_folder_limits_groups_and_removable_files(indexed, folder, tmp_path):
    new = tmp_path / "import"
    new.mkdir()
    for seed in (0, 1):
        (folder / f"{seed}.jpg").write_bytes(encoded(textured(seed), quality=95))
        shutil.copy(folder / f"{seed}.jpg", folder / f"{seed} again.jpg")
    (new / "0 small.jpg").write_bytes(encoded(textured(0).resize((160, 120))))
    photos = indexed(new)
    assert len(groups(photos("duplicates", "--json"))) == 2
    (group,) = groups(photos("duplicates", new, "--json"))
    assert names(group) == ["0.jpg", "0 again.jpg", "0 small.jpg"]
    assert photos("duplicates", new, "--others").lines == [f"{new}/0 small.jpg"]


def test_others_lists_no_missing_or_changed_file(indexed, folder, tmp_path):
    content = encoded(textured(0), quality=95)
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (folder / name).write_bytes(content)
    (tmp_path / "away").mkdir()
    (tmp_path / "away" / "small.jpg").write_bytes(encoded(textured(0).resize((160, 120))))
    photos = indexed(tmp_path / "away")
    (tmp_path / "away").rename(tmp_path / "unplugged")
    result = photos("duplicates")
    assert "not checked, not there now" in result.out
    assert photos("duplicates", "--others").lines == [f"{folder}/b.jpg", f"{folder}/c.jpg"]
    (tmp_path / "unplugged").rename(tmp_path / "away")
    assert len(photos("duplicates", "--others").lines) == 3
    (folder / "b.jpg").write_bytes(b"something else")
    (tmp_path / "away").rename(tmp_path / "unplugged")
    result = photos("duplicates")
    assert "changed since it was indexed" in result.out
    # Its hash is stored, but a missing file is never removable.
    assert "not there now" in result.out
    assert "not checked" not in result.out
    assert photos("duplicates", "--others").lines == [f"{folder}/c.jpg"]
    (folder / "c.jpg").write_bytes(b"something else, too")
    assert photos("duplicates").status == 0
    none = photos("duplicates", "--others")
    assert (none.status, none.out) == (1, "")
    assert "No file can be removed without losing anything" in none.err


def test_others_lists_no_link_to_the_best_file(indexed, folder):
    (folder / "b.jpg").write_bytes(encoded(textured(0)))
    (folder / "a link.jpg").symlink_to(folder / "b.jpg")
    photos = indexed()
    assert "a link to the same file" in photos("duplicates").out
    assert photos("duplicates", "--others").status == 1


def test_of_equal_files_one_outside_the_given_folder_is_best(indexed, folder, tmp_path):
    new = tmp_path / "a new import"
    new.mkdir()
    for each in (new, folder):
        (each / "0.jpg").write_bytes(encoded(textured(0)))
    photos = indexed(new)
    assert photos("duplicates", "--others").lines == [f"{folder}/0.jpg"]
    assert photos("duplicates", new, "--others").lines == [f"{new}/0.jpg"]
    assert photos("duplicates", folder, "--others").lines == [f"{folder}/0.jpg"]


def test_a_missing_folder_is_an_error(indexed, folder, tmp_path):
    (folder / "0.jpg").write_bytes(encoded(textured(0)))
    photos = indexed()
    for name in (folder / "nowhere", tmp_path):
        result = photos("duplicates", name)
        assert (result.status, "No duplicates" in result.err) == (1, name == tmp_path)


def test_others_lists_no_file_with_other_full_size_pixels(indexed, folder):
    pixels = np.array(textured(0).resize((800, 600)))
    (folder / "a.png").write_bytes(encoded(Image.fromarray(pixels), "png"))
    # One pixel, a little brighter: reduced, the pictures are equal.
    pixels[400, 500] += 1
    (folder / "b.png").write_bytes(encoded(Image.fromarray(pixels), "png"))
    photos = indexed()
    (group,) = groups(photos("duplicates", "--json"))
    assert group[1]["sameness"] == "same pixels"
    assert photos("duplicates", "--others").status == 1


def test_nearly_black_pictures_of_other_full_size_pixels_are_no_group(indexed, folder):
    night = np.zeros((600, 800, 3), np.uint8)
    # One star, then two: reduced, both pictures are black.
    for name, star in {"a": (100, 100), "b": (400, 500)}.items():
        night[star] = 60
        (folder / f"{name}.png").write_bytes(encoded(Image.fromarray(night), "png"))
    assert indexed()("duplicates").status == 1


def test_others_lists_a_file_with_equal_full_size_pixels(indexed, folder):
    content = encoded(textured(0))
    (folder / "a.jpg").write_bytes(content)
    (folder / "b.jpg").write_bytes(content[:2] + b"\xff\xfe\x00\x08hello!" + content[2:])
    assert indexed()("duplicates", "--others").lines == [f"{folder}/a.jpg"]


def test_others_lists_no_nearly_blank_page(indexed, folder):
    for at in (100, 500):
        page = np.full((800, 600, 3), 255, np.uint8)
        # A line of small letters, one here and one there.
        page[at : at + 6 : 2, 100:130:2] = 0
        (folder / f"{at}.png").write_bytes(encoded(Image.fromarray(page), "png"))
    assert indexed()("duplicates", "--others").status == 1


def test_others_lists_no_file_with_more_pages_than_the_best(indexed, folder):
    first, second = textured(0), textured(1)
    (folder / "a.png").write_bytes(encoded(first.resize((640, 480)), "png"))
    first.save(folder / "b.tif", save_all=True, append_images=[second])
    photos = indexed()
    assert len(groups(photos("duplicates", "--json"))) == 1
    assert photos("duplicates", "--others").status == 1


def test_others_lists_no_file_with_a_date_that_the_best_lacks(indexed, folder):
    taken = dated("2024:05:01 12:00:00")
    (folder / "a.jpg").write_bytes(encoded(textured(0), exif=taken))
    (folder / "b.png").write_bytes(encoded(textured(0).resize((1280, 960)), "png"))
    (folder / "c.jpg").write_bytes(encoded(textured(0), quality=60))
    photos = indexed()
    (group,) = groups(photos("duplicates", "--json"))
    assert names(group) == ["b.png", "a.jpg", "c.jpg"]
    assert photos("duplicates", "--others").lines == [f"{folder}/c.jpg"]


def test_others_lists_no_raw_file_of_a_jpeg(indexed, folder):
    shown = textured(0)
    (folder / "a.jpg").write_bytes(encoded(shown.resize((2400, 1800)), quality=95))
    (folder / "b.dng").write_bytes(dng(shown, shown))
    photos = indexed()
    (group,) = groups(photos("duplicates", "--json"))
    assert [file["format"] for file in group] == ["JPEG", "RAW"]
    assert photos("duplicates", "--others").status == 1


def test_names_are_escaped_and_totals_go_to_stderr(indexed, folder):
    for name in (b"a\x1b[31m.jpg", b"b.jpg"):
        with open(os.fsencode(folder) + b"/" + name, "wb") as file:
            file.write(encoded(textured(0)))
    result = indexed()("duplicates")
    assert "\x1b" not in result.out
    assert result.err.strip().startswith("1 group, 2 files; all but the best of each take")


def test_exact_excludes_the_options_for_near_duplicates(filled):
    assert filled("duplicates", "--exact", "--near", "0.9").status == 2


def test_an_empty_library_is_one_sentence(photos):
    for arguments in ([], ["--exact"]):
        assert "has no photos yet" in photos("duplicates", *arguments).err
    assert not photos.library.exists()
