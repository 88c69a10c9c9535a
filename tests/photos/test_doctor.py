"""`photos doctor`: what is wrong is named, with what to do."""

from __future__ import annotations

import json
import shutil


def findings(photos):
    result = photos("doctor", "--json")
    found = [json.loads(line) for line in result.lines]
    return result.status, {(each["about"], each["state"]): each for each in found}


def test_all_is_well(filled, pictures):
    status, found = findings(filled)
    assert status == 0
    assert not [key for key in found if key[1] == "problem"]
    assert "transformers" in found["program", "good"]["says"]
    assert str(pictures) in found["folder", "good"]["says"]
    assert found["photos", "good"]["says"].startswith("6 photos")
    assert found["files", "note"]["remedy"] == "photos failed says why"
    assert found["watching", "note"]["remedy"] == "photos daemon start"
    plain = filled("doctor")
    assert plain.status == 0
    assert any(line.startswith("- watching") and "→ photos daemon start" in line for line in plain.lines)


def test_a_folder_that_is_not_there_and_a_model_that_is_not_there_are_problems(filled, pictures, checkpoint, tmp_path):
    shutil.move(pictures, tmp_path / "elsewhere")
    status, found = findings(filled)
    assert status == 1
    assert "is not there" in found["folder", "problem"]["says"]


def test_an_empty_library_is_told_how_to_begin_and_none_is_made(photos):
    status, found = findings(photos)
    assert status == 1
    assert "photos model download" in found["model", "problem"]["says"]
    assert found["photos", "note"]["remedy"] == "photos add FOLDER"
    assert not photos.library.exists()


def test_a_catalog_that_is_none_is_a_problem_and_no_crash(filled):
    for path in filled.library.glob("catalog.sqlite3*"):
        path.unlink()
    (filled.library / "catalog.sqlite3").write_bytes(b"not a catalog at all" * 100)
    result = filled("doctor")
    assert result.status == 1
    assert "no catalog" in result.out + result.err or "not a" in result.out + result.err
