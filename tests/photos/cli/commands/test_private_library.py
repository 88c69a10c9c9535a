"""A library is its owner's alone, unless it is shared."""

from __future__ import annotations

import os
import stat

import pytest

from photos.config import load
from photos.library import OpenLibrary
from photos.lock import trial_lock


@pytest.fixture(autouse=True)
def open_umask():
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(folder):
    paths = [folder, *folder.rglob("*")]
    return sorted(path.name for path in paths if stat.S_IMODE(path.lstat().st_mode) & 0o077)


def test_no_command_leaves_a_file_that_others_can_read(filled, vocabulary):
    for command in (("search", "quite red"), ("retag",), ("verify", "--repair"), ("vocab", "import", vocabulary)):
        filled(*command)
        assert open_to_others(filled.library) == []


def test_an_open_library_is_made_private_and_that_is_told_once(filled):
    for path in (filled.library, *filled.library.rglob("*")):
        path.chmod(0o777)
    told = filled("status").err
    assert "now only you can" in told
    assert str(filled.library) in told
    assert open_to_others(filled.library) == []
    assert filled("status").err == ""


def test_a_library_that_tried_a_model_is_made_private_too(filled):
    with trial_lock(filled.library):
        pass
    # Left by a process that was killed while it made a token.
    (filled.library / ".http-token.0123abcd").touch()
    for path in (filled.library, *filled.library.rglob("*")):
        path.chmod(0o777)
    assert "now only you can" in filled("status").err
    assert open_to_others(filled.library) == []


def test_a_shared_library_keeps_and_passes_on_its_permissions(filled, monkeypatch, tmp_path):
    monkeypatch.setenv("PHOTOS_SHARED", "true")
    for path in (filled.library, *filled.library.rglob("*")):
        path.chmod(0o770 if path.is_dir() else 0o660)
    for path in (filled.library / "index").iterdir():
        path.unlink()
    assert filled("search", "red").err == ""
    modes = {stat.S_IMODE(path.stat().st_mode) for path in filled.library.rglob("*") if path.is_file()}
    assert modes == {0o660}
    settings = load({"library": tmp_path / "new"}, {"PHOTOS_SHARED": "yes"})
    with OpenLibrary(settings) as library:
        assert stat.S_IMODE(library.catalog.path.stat().st_mode) == 0o666
