"""Dry runs of `add` and `remove`, and folders inside folders."""

from __future__ import annotations

import json
import os

from PIL import Image


def test_a_dry_run_of_add_registers_nothing(photos, pictures):
    (pictures / "skipped").mkdir()
    for name in ("red.xmp", "skipped/a.png", "page.jpg"):
        (pictures / name).write_bytes(b"x")
    result = photos("add", pictures, "--exclude", "skipped/", "--dry-run")
    assert result.status == 0
    assert f"Would add {pictures}: 7 pictures (" in result.out
    assert "in 9 files, 1 companion, 1 other file, 1 path left out by rules." in result.out
    record = json.loads(photos("add", pictures, "--dry-run", "--json").out)
    assert (record["pictures"], record["files"], record["left_out"], record["around"]) == (8, 10, 0, None)
    assert not photos.library.exists()
    assert photos("add", pictures / "none", "--dry-run").status == 1
    assert photos("add", "--dry-run").status == photos("add", "--moved", "/a", pictures, "--dry-run").status == 2


def test_a_dry_run_of_add_names_folders_around_and_within(filled, pictures):
    assert "it was added already" in filled("add", pictures, "--dry-run").out
    assert f"it is part of {pictures}" in filled("add", pictures / "bright", "--dry-run").out
    assert f"Becoming part of it: {pictures}." in filled("add", pictures.parent, "--dry-run").out
    assert json.loads(filled("status", "--json").out)["folders"][0]["path"] == str(pictures)


def test_a_preview_refuses_what_adding_would_refuse(photos, pictures):
    refused = photos("add", pictures, "--exclude", "!", "--dry-run")
    assert (refused.status, refused.err) == (2, photos("add", pictures, "--exclude", "!").err)


def test_a_preview_heeds_the_patterns_of_registered_folders(photos, pictures, checkpoint, vocabulary):
    photos("vocab", "use", vocabulary)
    count = lambda folder: json.loads(photos("add", folder, "--dry-run", "--json").out)["pictures"]  # noqa: E731
    every, bright = count(pictures), count(pictures / "bright")
    assert photos("add", pictures, "--exclude", "bright/", "--model", checkpoint).status == 0
    assert bright > 0
    assert (count(pictures / "bright"), count(pictures), count(pictures.parent)) == (0, every - bright, every - bright)


def test_a_dry_run_of_remove_counts_what_would_go(filled, pictures, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "red.png").write_bytes((pictures / "red.png").read_bytes())
    filled("add", other)
    would = filled("remove", pictures, "--dry-run")
    assert would.out == f"Would remove {pictures}: 5 photos less, 1 left.\n"
    assert json.loads(filled("status", "--json").out)["photos"] == 6
    assert filled("remove", pictures).out == would.out.replace("Would remove", "Removed")
    assert filled("remove", pictures, "--dry-run").status == 1


def test_a_folder_that_was_added_by_itself_is_named_when_it_goes(photos, pictures, checkpoint, vocabulary, tmp_path):
    photos("vocab", "use", vocabulary)
    deep = pictures / "bright" / os.fsdecode(b"\xff deep")
    deep.mkdir()
    Image.new("RGB", (40, 30), "purple").save(deep / "purple.png")
    for folder in (deep, pictures, pictures.parent, pictures / "bright"):
        assert photos("add", folder, "--model", checkpoint).status == 0
    for options in (("--dry-run",), ()):
        notes = photos("remove", tmp_path, *options).err.splitlines()
        assert [note.partition(" was added")[0] for note in notes] == [
            str(pictures), f"{pictures}/bright", f"{pictures}/bright/\\udcff deep",
        ]  # fmt: skip
    photos("add", pictures)
    assert photos("remove", pictures).err == ""
