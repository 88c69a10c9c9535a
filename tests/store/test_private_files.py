"""Permissions of a library's files."""

from __future__ import annotations

import os
import stat

import numpy as np
import pytest

from store import Catalog
from store.private_files import CATALOG_FILE, as_catalog, file_mode, make_folder, make_shared, tighten


@pytest.fixture(params=[0o000, 0o022, 0o002])
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_a_new_catalog_is_its_owners_alone_whatever_the_umask(tmp_path, umask):
    with Catalog.open(tmp_path / "library" / CATALOG_FILE) as catalog, catalog.write() as t:
        t.library.set_model("x")
        modes = {path.name: mode(path) for path in (tmp_path / "library").iterdir()}
    assert set(modes) == {CATALOG_FILE, f"{CATALOG_FILE}-wal", f"{CATALOG_FILE}-shm"}
    assert set(modes.values()) == {0o600}
    assert mode(tmp_path / "library") == 0o700


def test_new_files_are_as_private_as_the_catalog_beside_them(tmp_path, umask):
    library = tmp_path / "library"
    make_shared(library / CATALOG_FILE)
    wanted = 0o666 & ~umask
    assert mode(library / CATALOG_FILE) == file_mode(library) == wanted
    make_folder(library / "index")
    with open(library / "index" / "a.npy", "wb", opener=as_catalog) as file:
        np.save(file, np.zeros(3))
    assert mode(library / "index" / "a.npy") == wanted
    assert mode(library / "index") == 0o777 & ~umask
    (library / CATALOG_FILE).chmod(0o600)
    assert file_mode(library / "index") == 0o600
    assert file_mode(tmp_path / "elsewhere") == 0o600


def test_a_library_is_tightened_once(tmp_path):
    library = tmp_path / "library"
    (library / "index").mkdir(parents=True)
    for name in (CATALOG_FILE, f"{CATALOG_FILE}-wal", "watch.log", "index/space-1.json"):
        (library / name).touch()
        (library / name).chmod(0o644)
    library.chmod(0o755)
    assert tighten(library)
    assert {mode(path) for path in library.rglob("*") if path.is_file()} == {0o600}
    assert mode(library) == mode(library / "index") == 0o700
    assert not tighten(library)


def test_a_folder_of_other_things_keeps_its_permissions(tmp_path):
    outside = tmp_path / "outside"
    outside.touch()
    outside.chmod(0o644)
    library = tmp_path / "library"
    library.mkdir()
    for name in (CATALOG_FILE, "index.html"):
        (library / name).touch()
        (library / name).chmod(0o644)
    (library / "watch.log").symlink_to(outside)
    library.chmod(0o755)
    assert tighten(library)
    assert (mode(library), mode(library / "index.html"), mode(outside)) == (0o755, 0o644, 0o644)
    assert mode(library / CATALOG_FILE) == 0o600


def test_a_library_that_is_not_there_is_not_made(tmp_path):
    assert not tighten(tmp_path / "library")
    assert not (tmp_path / "library").exists()
