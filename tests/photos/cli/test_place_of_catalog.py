"""Commands that are shown, and services, for a library in a folder, while the settings name a catalog on a server."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from photos.errors import EmptyLibrary


@pytest.fixture
def in_file(filled, monkeypatch):
    """A library in a folder, of a user whose settings name a server where nothing answers."""
    monkeypatch.setenv("PHOTOS_CATALOG", "postgresql://ann@127.0.0.1:1/photos")
    return filled


def test_a_copy_in_a_folder_is_used_by_the_command_that_is_shown(in_file, tmp_path):
    result = in_file("catalog", "copy", in_file.library, tmp_path / "copy")
    assert f"photos --catalog '' --library {tmp_path / 'copy'} status" in result.err
    assert "6 in 6 files" in in_file("--catalog", "", "--library", tmp_path / "copy", "status").out


def test_who_has_no_photos_on_the_server_is_shown_the_demos_library():
    assert "--catalog '' --library" in str(EmptyLibrary("postgresql://ann@host/photos", Path("/demo")))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the file of systemd")
def test_a_service_for_a_folder_keeps_to_it(in_file, own_home):
    assert in_file("--catalog", "", "daemon", "install").status == 0
    (unit,) = (own_home / ".config" / "systemd" / "user").iterdir()
    assert '"--catalog" "" "watch"' in unit.read_text()
