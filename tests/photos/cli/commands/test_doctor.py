"""`photos doctor`: problems and their remedies."""

from __future__ import annotations

import json
import shutil

from photos.operations.doctor import speed_finding
from photos.operations.models.checkpoints import ModelSpeed, PrecisionSpeed


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


def speed_of(**ratios):
    speeds = [PrecisionSpeed(name, 0.5 / ratio, ratio, False, False) for name, ratio in ratios.items()]
    return ModelSpeed("a model", "cpu", tuple(speeds))


def test_each_precision_s_gain_is_told():
    found = speed_finding(speed_of(float32=1, bfloat16=3.56, int8=4.03), "float32")
    assert found.state == "good"
    assert found.text == (
        "float32 takes 0.50 s a picture and core; bfloat16 is 3.6 times as fast, int8 is 4.0 times as fast"
    )


def test_a_library_whose_precision_is_slow_on_this_machine_is_told_so():
    slow = speed_of(float32=1, bfloat16=0.25, int8=1.7)
    found = speed_finding(slow, "bfloat16")
    assert found.state == "note"
    assert "this library has bfloat16, which is slow here" in found.text
    assert found.remedy is not None
    assert speed_finding(slow, "int8").state == "good"
