"""`photos config`: the settings in force and their sources."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def config(photos, tmp_path, monkeypatch):
    path = tmp_path / "config.toml"
    path.write_text("# mine\ntop = 20\nquiet_hours = '09:00-17:30'\n")
    monkeypatch.setenv("PHOTOS_CONFIG", str(path))
    monkeypatch.setenv("PHOTOS_THREADS", "3")
    return path


def test_each_setting_has_its_source(photos, config, tmp_path):
    found = {each["name"]: each for each in map(json.loads, photos("config", "--json").lines)}
    assert found["top"] == {"name": "top", "value": 20, "source": "file", "place": f"{config}:2"}
    assert found["quiet_hours"]["value"] == "09:00-17:30"
    assert found["threads"] == {"name": "threads", "value": 3, "source": "environment", "place": "PHOTOS_THREADS"}
    library = {"name": "library", "value": str(tmp_path / "library"), "source": "option", "place": "--library"}
    assert found["library"] == library
    assert found["keep_days"] == {"name": "keep_days", "value": 30.0, "source": "default", "place": None}


def test_the_table_names_the_file_and_the_places(photos, config):
    lines = photos("config", "top", "threads", "device").lines
    assert lines[0].endswith("config.toml")
    assert [line.split() for line in lines[1:]] == [
        ["device", "default"],
        ["threads", "3", "PHOTOS_THREADS"],
        ["top", "20", "config.toml,", "line", "2"],
    ]


def test_the_path_alone_is_for_editors(photos, config):
    assert photos("config", "--path").out == f"{config}\n"


def test_an_unknown_setting_is_met_by_the_nearest(photos, config):
    result = photos("config", "treads")
    assert result.status == 2
    assert result.err.endswith("did you mean 'threads'?\n")


def test_a_wrong_setting_is_reported(photos, config):
    config.write_text("top = 0\n")
    assert "config.toml:1: top must be a whole number" in photos("config").err


def test_no_library_is_made(photos, config):
    photos("config")
    assert not photos.library.exists()


def test_folders_are_shown_as_the_environment_has_them(photos, monkeypatch):
    monkeypatch.setenv("PHOTOS_DUPLICATES_PREFER", "/one:/two")
    assert json.loads(photos("config", "duplicates_prefer", "--json").out)["value"] == "/one:/two"
    assert photos("config", "duplicates_prefer").lines[1].split() == [
        "duplicates_prefer",
        "/one:/two",
        "PHOTOS_DUPLICATES_PREFER",
    ]
