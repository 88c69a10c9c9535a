"""`photos catalog copy`: a library goes to a server and back, and gives the same answers."""

import json
import os
import sqlite3
from contextlib import closing

import pytest

from photos.lock import DaemonInfo, library_lock, write_info
from store import Catalog
from store.catalog.keeper_lock import KeeperLock
from tests.photos.encoders import make_checkpoint

#: Commands that read what a person did with a library, and what follows from it.
ASKED = (
    ["search", "red", "-t", "3"],
    ["search", "red", "-", "blue", "rating:3.."],
    ["search", "--saved", "warm"],
    ["saved", "list"],
    ["facets"],
    ["tags"],
    ["vocab", "list"],
    ["vocab", "history", "colours"],
    ["xmp", "runs"],
    ["failed", "not-pictures", "--all"],
    ["model", "compare", "red"],
    ["history", "list"],
)


@pytest.fixture
def used(filled, pictures, tmp_path):
    """The program with a library that a person has worked with for a while."""
    with closing(sqlite3.connect(filled.library / "catalog.sqlite3")) as catalog, catalog:
        catalog.execute("UPDATE photo SET camera = 'two' || char(0) || 'parts', aperture = 9e999")
    for command in (
        ["tag", pictures / "red.png", "+holiday", "-red"],
        ["tag", pictures / "blue.png", "+holiday"],
        ["rate", "4", pictures / "red.png"],
        ["teach", "green", "--yes", pictures / "green.png"],
        ["xmp", "write", pictures / "red.png", pictures / "blue.png"],
        ["search", "a warm evening", "is:tagged", "--save-as", "warm"],
        ["model", "try", make_checkpoint(tmp_path / "turned", seed=3)],
    ):
        assert filled(*command).status == 0, command
    return filled


def answers(photos):
    return [photos(*command, "--json").out for command in ASKED]


def test_a_library_answers_the_same_on_its_way_to_a_server_and_back(used, server, pictures, tmp_path):
    before = answers(used)
    assert [command for command, answer in zip(ASKED, before, strict=True) if not answer] == []
    home, back = used.library, tmp_path / "back"
    with server.database() as address:
        there = json.loads(used("catalog", "copy", home, address, "--json").out)
        assert (there["source"], there["photos"], there["damaged"]) == (str(home), 6, [])
        result = used("catalog", "copy", address, back)
    assert "6 photos" in result.out
    assert "Every row was compared." in result.out
    assert f"photos --library {back} status" in result.err
    used.library = back
    # PostgreSQL holds no NUL in a text.
    assert answers(used) == [answer.replace(r"\u0000", r"\ufffd").replace(r"\ufffd", "\ufffd") for answer in before]
    assert used("verify").status == 0
    # The journal went along: what was written is undone from the copy.
    assert used("xmp", "undo").status == 0
    assert not (pictures / "red.png.xmp").exists()
    assert used("tags", pictures / "red.png", "--history", "--json").out
    used.library = home
    assert home.joinpath("catalog.sqlite3").exists()


def test_a_dry_run_makes_nothing(filled, tmp_path):
    result = filled("catalog", "copy", filled.library, tmp_path / "copy", "--dry-run")
    assert result.out.startswith(f"Would copy {filled.library} (6 photos, ")
    assert not (tmp_path / "copy").exists()


def test_a_library_that_is_kept_up_to_date_is_not_copied(filled, tmp_path):
    with library_lock(filled.library):
        write_info(filled.library, DaemonInfo(os.getpid(), 1.5, "waiting", 2.5))
        result = filled("catalog", "copy", filled.library, tmp_path / "copy")
    assert result.status == 1
    assert "photos daemon stop" in result.err
    assert not (tmp_path / "copy").exists()


def test_a_library_that_another_machine_keeps_up_to_date_is_not_copied(filled, server, tmp_path):
    with server.database(server.template) as address, Catalog.open(address) as catalog, KeeperLock(catalog) as lock:
        assert lock.take() is None
        result = filled("catalog", "copy", address, tmp_path / "copy")
    assert result.status == 1
    assert "is kept up to date by process" in result.err
    assert not (tmp_path / "copy").exists()


def test_a_library_is_not_copied_to_itself(filled, tmp_path):
    (tmp_path / "link").symlink_to(filled.library)
    for place in (filled.library, tmp_path / "link"):
        result = filled("catalog", "copy", filled.library, place)
        assert (result.status, "holds a library already" in result.err) == (1, True)


def test_damaged_embeddings_are_named(filled, pictures, tmp_path):
    with closing(sqlite3.connect(filled.library / "catalog.sqlite3")) as catalog, catalog:
        catalog.execute("UPDATE embedding SET checksum = 1 WHERE id = 1")
    result = filled("catalog", "copy", filled.library, tmp_path / "copy")
    assert result.status == 0
    assert f"1 damaged embedding was left out: {pictures}" in result.err.replace("\n", " ")
    filled.library = tmp_path / "copy"
    assert filled("index").status == 0
    assert filled("verify").status == 0
