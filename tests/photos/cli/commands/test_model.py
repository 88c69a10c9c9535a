"""Choosing a checkpoint."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from indexer.models.backends.accelerators import Accelerator
from photos.config import load
from photos.known_models import DEFAULT, DEFAULT_WITH_GPU, DEMO, RECOMMENDED, SHIPPED
from photos.library import OpenLibrary
from photos.models import has_gpu
from photos.operations.models.checkpoints import model_status
from photos.sizes import folder_size, readable_size
from tests.indexer.models.machines import FakeMachine


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


def test_the_list_fits_a_terminal_and_ends_with_advice(photos):
    shown = photos("model", "list")
    assert max(map(len, shown.lines)) <= 80
    assert [line for line in shown.lines if line.split() == [DEFAULT.reference, "1.5", "GB", "1.0", "53.2", "many"]]
    assert shown.err.splitlines()[-1].startswith(("Take google/", "With a GPU take google/"))
    assert not photos.library.exists()


def test_published_figures_have_a_source_and_work_is_relative(photos):
    entries = {entry["model"]: entry for entry in map(json.loads, photos("model", "list", "--json").lines)}
    default = entries[DEFAULT.reference]
    assert (default["work"], default["coco_text_to_image"], default["multilingual"]) == (1, 53.2, True)
    assert all(entry["source"].startswith("https://") for entry in entries.values() if entry["coco_text_to_image"])
    assert 0 < entries["demo"]["work"] < 0.01
    assert entries["demo"]["source"] is None
    assert entries["google/siglip2-giant-opt-patch16-384"]["work"] == 29.8
    assert not entries["google/siglip-base-patch16-256"]["multilingual"]


def test_sizes_in_the_readme_are_those_of_the_list():
    readme = (Path(__file__).parents[4] / "README.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `([\w/.-]+)` \| (?:included, )?([\d.]+ [GM]B) \|", readme, re.MULTILINE))
    sizes = {each.reference: each.size for each in RECOMMENDED} | {DEMO: folder_size(SHIPPED[DEMO])}
    assert len(rows) >= 6
    assert rows == {name: readable_size(sizes[name]) for name in rows}


def test_model_status_compares_the_weights(filled, checkpoint):
    status = json.loads(filled("model", "status", "--json").out)
    assert status["same_weights"] is True
    assert status["dimension"] == 8
    assert status["folder"] == str(checkpoint)
    assert "text length" in filled("model", "status").out


@pytest.mark.parametrize(
    ("precision", "sentence"),
    [
        ("float32", "'cuda:99' is not available here; choose one of "),
        ("int8", "'int8 on cuda:99' is not available here; choose one of int8 on cpu."),
    ],
)
def test_model_status_is_shown_where_the_device_is_missing(photos, checkpoint, monkeypatch, precision, sentence):
    for name, value in (("MODEL", str(checkpoint)), ("DEVICE", "cuda:99"), ("PRECISION", precision)):
        monkeypatch.setenv(f"PHOTOS_{name}", value)
    status = json.loads(photos("model", "status", "--json").out)
    assert (status["device"], status["card"], status["best_precision"]) == (None, None, None)
    assert status["device_problem"].startswith(sentence)
    shown = photos("model", "status")
    assert shown.status == 0
    assert "text length" in shown.out
    assert sentence in " ".join(shown.out.split())


def test_model_status_says_that_a_card_was_passed_over(photos, checkpoint):
    photos("model", "use", checkpoint)
    machine = FakeMachine(Accelerator("cuda:0", "Card 0", (6, 1)), faults={"cuda:0": "its memory is full"})
    with OpenLibrary(load({"library": photos.library}, {})) as library:
        status = model_status(library, machine)
    assert (status.device, status.card, status.best_precision) == ("cpu", None, "float32")
    assert status.device_problem == (
        "Card 0 (cuda:0) cannot be used in float32: its memory is full. The CPU is used instead."
    )


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
