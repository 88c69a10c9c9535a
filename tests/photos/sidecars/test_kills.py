"""A kill at any step leaves each sidecar old or new, and undo restores the start."""

from __future__ import annotations

import json
import signal

import pytest

from tests.e2e.program import run
from tests.indexer.decode.test_notes import packet
from tests.indexer.metadata.packets import bag


@pytest.fixture
def prepared(filled, pictures):
    """Two pictures in the library, one of them with a sidecar."""
    for name in ("green", "black", "bright/yellow", "bright/white"):
        (pictures / f"{name}.png").unlink()
    (pictures / "red.xmp").write_bytes(packet(bag("dc:subject", "Ann")))
    filled("index", "--confirm-removals")
    return filled


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes().decode("latin-1")
        for path in folder.rglob("*")
        if path.is_file()
    }


def killed(prepared, folder, tmp_path, *arguments):
    status, out, err = run("tests.photos.sidecars.killing", folder, prepared.library, tmp_path / "work", *arguments)
    assert status == 0, err.decode()
    *lines, last = map(json.loads, out.splitlines())
    assert last["status"] == 0
    assert {line["status"] for line in lines} == {-signal.SIGKILL}
    return lines, last


def shown(seen):
    """Return the files without hidden ones, which a scan ignores."""
    return {name: content for name, content in seen.items() if not name.startswith(".photos-")}


def test_a_kill_during_write(prepared, pictures, tmp_path):
    (tmp_path / "work").mkdir()
    before = contents(pictures)
    lines, last = killed(prepared, pictures, tmp_path, "xmp", "write")
    after = last["seen"][0]
    assert set(after) - set(before) == {"blue.png.xmp"}
    assert after["red.xmp"] != before["red.xmp"]
    states = set()
    for line in lines:
        now, undone, again = line["seen"]
        assert set(shown(now)) <= set(after)
        assert all(content in {before.get(name), after[name]} for name, content in shown(now).items())
        states.add(tuple(shown(now).get(name) == after[name] for name in ("blue.png.xmp", "red.xmp")))
        assert undone == before
        assert again == after
    assert {(False, False), (True, False)} <= states
    assert len(lines) >= 4


def test_a_kill_during_undo(prepared, pictures, tmp_path):
    (tmp_path / "work").mkdir()
    before = contents(pictures)
    assert prepared("xmp", "write").status == 0
    after = contents(pictures)
    lines, last = killed(prepared, pictures, tmp_path, "xmp", "undo")
    assert last["seen"][0] == before
    for line in lines:
        now, undone, again = line["seen"]
        assert set(shown(now)) <= set(after)
        assert all(content in {before.get(name), after[name]} for name, content in shown(now).items())
        assert undone == before
        assert again == after
        assert line["gone"] == [False, False, False]
    assert len(lines) >= 3
