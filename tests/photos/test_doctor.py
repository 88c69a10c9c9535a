"""`photos doctor`: problems and their remedies."""

from __future__ import annotations

import json
import shutil


def findings(photos):
    result = photos("doctor", "--json")
    found = [json.loads(line) for line in result.lines]
    return result.status, {(each["about"], each["state"]): each for each in found}


def test_a_healthy_library_has_no_problem(filled, pictures):
    (pictures / "page.jpg").write_text("no picture")
    filled("index")
    status, found = findings(filled)
    assert status == 0
    assert not [key for key in found if key[1] == "problem"]
    assert "transformers" in found["program", "good"]["finding"]
    assert str(pictures) in found["folder", "good"]["finding"]
    assert found["photos", "good"]["finding"].startswith("6 photos")
    assert found["files", "note"]["remedy"] == "photos failed lists the reasons"
    assert found["watching", "note"]["remedy"] == "photos daemon start"
    plain = filled("doctor")
    assert plain.status == 0
    assert any(line.startswith("- watching") and "→ photos daemon start" in line for line in plain.lines)


def test_a_missing_folder_is_a_problem(filled, pictures, checkpoint, tmp_path):
    shutil.move(pictures, tmp_path / "elsewhere")
    status, found = findings(filled)
    assert status == 1
    assert "is not there" in found["folder", "problem"]["finding"]


def test_an_empty_library_gets_remedies_and_is_not_created(photos):
    status, found = findings(photos)
    assert status == 1
    assert "photos model download" in found["model", "problem"]["finding"]
    assert found["photos", "note"]["remedy"] == "photos add FOLDER"
    assert not photos.library.exists()


def test_a_foreign_catalog_file_is_a_problem(filled):
    for path in filled.library.glob("catalog.sqlite3*"):
        path.unlink()
    (filled.library / "catalog.sqlite3").write_bytes(b"not a catalog at all" * 100)
    result = filled("doctor")
    assert result.status == 1
    assert "no catalog" in result.out + result.err or "not a" in result.out + result.err
