"""Choosing a checkpoint."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from photos.models import DEFAULT, DEFAULT_WITH_GPU, has_gpu
from photos.sizes import readable_size


def test_add_without_a_model_names_the_download_command(photos, pictures):
    result = photos("add", pictures)
    assert result.status == 1
    default = (DEFAULT_WITH_GPU if has_gpu() else DEFAULT).reference
    assert f"photos model download {default}" in result.err
    assert "GB" in result.err
    assert result.err.count("\n") == 1


def test_a_failed_model_leaves_no_folder_registered(photos, pictures):
    photos("add", pictures)
    assert json.loads(photos("status", "--json").out)["folders"] == []


def test_the_downloaded_default_is_used(photos, pictures, checkpoint, vocabulary, tmp_path, monkeypatch):
    default = (DEFAULT_WITH_GPU if has_gpu() else DEFAULT).reference
    shutil.copytree(checkpoint, tmp_path / "models" / default.replace("/", "--"))
    monkeypatch.setenv("PHOTOS_MODELS", str(tmp_path / "models"))
    photos("vocab", "use", vocabulary)
    assert photos("add", pictures).status == 0
    assert json.loads(photos("status", "--json").out)["model"] == default


def test_the_setting_chooses_the_model_of_a_new_library(photos, pictures, checkpoint, vocabulary, monkeypatch):
    monkeypatch.setenv("PHOTOS_MODEL", str(checkpoint))
    photos("vocab", "use", vocabulary)
    assert photos("add", pictures).status == 0


def test_model_use_chooses_for_an_empty_library(photos, pictures, checkpoint, other_checkpoint, vocabulary):
    assert photos("model", "use", checkpoint).status == 0
    assert photos("model", "use", other_checkpoint).status == 0
    photos("vocab", "use", vocabulary)
    assert photos("add", pictures).status == 0
    assert json.loads(photos("status", "--json").out)["model"] == str(other_checkpoint)


def test_a_relative_folder_is_found_from_elsewhere(photos, checkpoint, pictures, vocabulary, monkeypatch, tmp_path):
    monkeypatch.chdir(checkpoint.parent)
    photos("model", "use", checkpoint.name)
    monkeypatch.chdir(tmp_path)
    photos("vocab", "use", vocabulary)
    assert photos("add", pictures).status == 0


@pytest.mark.parametrize("command", [["model", "use"], ["add", "PICTURES", "--model"]])
def test_a_library_with_photos_keeps_its_model(filled, pictures, checkpoint, other_checkpoint, command):
    command = [pictures if word == "PICTURES" else word for word in command]
    result = filled(*command, other_checkpoint)
    assert result.status == 1
    assert f"was indexed with {checkpoint}" in result.err
    assert "--library" in result.err
    assert json.loads(filled("status", "--json").out)["model"] == str(checkpoint)


def test_the_same_model_can_be_named_again(filled, pictures, checkpoint):
    assert filled("add", pictures, "--model", checkpoint).status == 0
    assert filled("model", "use", checkpoint).status == 0


def test_changed_weights_are_refused(photos, pictures, checkpoint, vocabulary, tmp_path):
    own = shutil.copytree(checkpoint, tmp_path / "own")
    photos("vocab", "use", vocabulary)
    photos("add", pictures, "--model", own)
    weights = load_file(own / "model.safetensors")
    weights["vision_model.x"] = weights["vision_model.x"] + 1
    save_file(weights, own / "model.safetensors")
    for command in (["add", pictures], ["search", "something", "new"]):
        result = photos(*command)
        assert result.status == 1
        assert "have changed since this library was indexed" in result.err


def test_model_list_has_the_local_and_the_used_checkpoint(filled, checkpoint):
    entries = {entry["model"]: entry for entry in map(json.loads, filled("model", "list", "--json").lines)}
    assert entries[str(checkpoint)]["in_use"]
    assert entries["demo"]["here"]
    assert not entries[DEFAULT.reference]["here"]
    assert DEFAULT.reference in filled("model", "list").out


def test_model_status_compares_the_weights(filled, checkpoint):
    status = json.loads(filled("model", "status", "--json").out)
    assert status["same_weights"] is True
    assert status["dimension"] == 8
    assert status["folder"] == str(checkpoint)
    assert "text length" in filled("model", "status").out


def test_an_unknown_model_is_reported_in_one_sentence(photos, pictures):
    result = photos("add", pictures, "--model", "no such model")
    assert result.status == 1
    assert "no such model" in result.err


def test_a_pickle_is_refused(photos, pictures, checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint, tmp_path / "pickled")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    result = photos("add", pictures, "--model", folder)
    assert result.status == 1
    assert "safetensors" in result.err


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "model.safetensors"])
@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_a_damaged_checkpoint_is_reported_in_one_sentence(photos, pictures, checkpoint, tmp_path, name, damage):
    folder = shutil.copytree(checkpoint, tmp_path / "damaged")
    content = (folder / name).read_bytes()
    (folder / name).unlink()
    if damage == "cut":
        (folder / name).write_bytes(content[: len(content) // 2])
    result = photos("add", pictures, "--model", folder)
    assert result.status == 1
    assert str(folder) in result.err
    assert result.err.count("\n") == 1


def test_a_failed_download_is_reported_in_one_sentence(photos, monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    result = photos("model", "download", "nobody/nothing")
    assert result.status == 1
    assert "nobody/nothing" in result.err
    assert result.err.count("\n") == 1


def test_a_gpu_is_detected_by_files_of_the_system():
    assert has_gpu(lambda path: path == Path("/proc/driver/nvidia/version"))
    assert not has_gpu(lambda _path: False)


def test_sizes_have_a_fitting_unit():
    assert [readable_size(size) for size in (0, 999, 4_120_000, 1_540_000_000)] == [
        "0 bytes",
        "999 bytes",
        "4.12 MB",
        "1.5 GB",
    ]


def test_model_speed_measures_each_precision(photos):
    records = [json.loads(line) for line in photos("model", "speed", "demo", "--json").lines]
    assert [each["precision"] for each in records][:2] == ["float32", "bfloat16"]
    assert records[2]["precision"].startswith("int8")
    assert records[0]["ratio"] == 1
    assert records[0]["default"]
    assert not any(each["in_use"] for each in records)
    shown = photos("model", "speed", "demo")
    assert "beside float32" in shown.lines[0]
    assert "with --precision int8" in shown.out
    assert "on one core" in shown.err
    assert not photos.library.exists()


def test_model_speed_of_an_unknown_model_is_one_sentence(photos):
    result = photos("model", "speed", "no such model")
    assert result.status == 1
    assert "no such model" in result.err
