"""Duplicates are moved to a folder, whole groups never, and put back."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
from contextlib import closing

import pytest
from PIL import Image

from photos.config import load
from photos.library import OpenLibrary
from photos.operations.duplicate_moves import MoveDuplicatesRequest, move_duplicates, undo_duplicate_moves
from photos.operations.duplicates import DuplicatesRequest
from photos.operations.progress import Cancelled


def listed(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def known(program):
    return sorted(os.path.basename(each) for each in program("search", "-year:1", "--all", "--paths").lines)


@pytest.fixture
def copies(filled, pictures):
    """Copies of two pictures, in a folder of the library."""
    for name in ("red.png", "blue.png"):
        shutil.copy2(pictures / name, pictures / "bright" / name)
    assert filled("index").status == 0
    return pictures


@pytest.fixture
def away(tmp_path):
    return tmp_path / "away"


def move(program, folder, *paths, exact=True, progress=None):
    request = MoveDuplicatesRequest(
        folder=str(folder),
        files=tuple(os.fsencode(path) for path in paths),
        duplicates=DuplicatesRequest(exact=exact),
    )
    with OpenLibrary(load({"library": program.library}, {}), program.encoders) as library:
        return move_duplicates(library, request, *([progress] if progress else []))


def undo(program):
    with OpenLibrary(load({"library": program.library}, {}), program.encoders) as library:
        return undo_duplicate_moves(library)


def reasons(report):
    return {os.path.basename(each.path).decode(): each.reason for each in report.left}


def test_copies_are_moved_and_put_back_without_indexing(filled, copies, away):
    before, photos_before = listed(copies), filled("search", "red", "--json").out
    moved = filled("duplicates", "--exact", "--move-to", away)
    assert (moved.status, moved.err.splitlines()[-1]) == (
        0,
        "2 files moved. `photos duplicates --undo` puts them back.",
    )
    assert listed(away) == ["blue.png", "red.png"]
    assert len(listed(copies)) == len(before) - 2
    assert filled("duplicates", "--exact").status == 1
    assert not any("2 places" in line for line in filled("search", "red").lines)
    back = filled("duplicates", "--undo", "--json")
    assert len(json.loads(back.out)["moved"]) == 2
    assert (listed(copies), listed(away)) == (before, [])
    assert filled("search", "red", "--json").out == photos_before
    assert "nothing new" in filled("index").out
    assert filled("duplicates", "--undo").status == 1


def test_without_anything_to_move_no_folder_is_made(filled, away):
    ran = filled("duplicates", "--exact", "--move-to", str(away))
    assert ran.status in {0, 1}
    assert not away.exists()
    assert known(filled)


def test_a_taken_name_gets_a_number(filled, copies, away):
    away.mkdir()
    (away / "red.png").write_bytes(b"mine")
    assert filled("duplicates", "--exact", "--move-to", away).status == 0
    assert listed(away) == ["blue.png", "red-2.png", "red.png"]
    assert (away / "red.png").read_bytes() == b"mine"


def test_the_last_file_of_a_photo_stays(filled, copies, away):
    both = [copies / "red.png", copies / "bright" / "red.png"]
    report = move(filled, away, *both, copies / "green.png")
    assert (report.run, report.moved) == (None, ())
    assert "would stay" in reasons(report)["red.png"]
    assert reasons(report)["green.png"] == "it is in no group of duplicates"
    assert all(path.exists() for path in both)
    # Of equal files the best may go, too.
    assert [len(move(filled, away, path).moved) for path in both] == [1, 0]


def test_a_file_that_changed_stays(filled, copies, away):
    changed = copies / "bright" / "red.png"
    changed.write_bytes(b"something else")
    report = move(filled, away, changed)
    assert (report.moved, changed.read_bytes()) == ((), b"something else")
    assert "changed" in reasons(report)["red.png"]


def test_a_companion_stays_with_its_file_and_a_sidecar_goes_along(filled, copies, away):
    near = copies / "bright" / "blue.png"
    for name in ("red.png.xmp", "blue.nef"):
        (copies / "bright" / name).write_bytes(b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>')
    assert filled("index").status == 0
    (away.parent / "away").mkdir()
    (away / "red.png.xmp").write_bytes(b"mine")
    report = move(filled, away, copies / "bright" / "red.png", near)
    assert listed(away) == ["red-2.png", "red-2.png.xmp", "red.png.xmp"]
    assert reasons(report) in ({}, {"blue.png": "blue.nef belongs to it"})
    assert near.exists()
    undo(filled)
    assert (copies / "bright" / "red.png.xmp").exists()


@pytest.mark.parametrize("inside", [".", "bright", "new"])
def test_files_are_not_moved_into_the_library(filled, copies, inside):
    wrong = filled("duplicates", "--exact", "--move-to", copies / inside)
    assert (wrong.status, "indexed again" in wrong.err) == (2, True)
    wrong = filled("duplicates", "--exact", "--move-to", copies.parent / "none" / "away")
    assert (wrong.status, "does not exist" in wrong.err) == (1, True)
    assert filled("duplicates", "--undo", "--others").status == 2


def test_undo_leaves_what_changed_or_is_taken(filled, copies, away):
    assert filled("duplicates", "--exact", "--move-to", away).status == 0
    gone = sorted({"red.png", "blue.png", "bright/red.png", "bright/blue.png"} - set(listed(copies)))
    taken, changed = (copies / name for name in gone)
    Image.new("RGB", (9, 9)).save(taken)
    content = taken.read_bytes()
    (away / changed.name).write_bytes(b"edited")
    result = filled("duplicates", "--undo")
    assert (result.status, taken.read_bytes(), changed.exists()) == (1, content, False)
    assert listed(away) == ["blue.png", "red.png"]
    assert "another file" in result.err
    assert "changed" in result.err
    taken.unlink()
    with OpenLibrary(load({"library": filled.library}, {}), filled.encoders) as library:
        again = undo_duplicate_moves(library, 1)
    assert (len(again.moved), taken.exists()) == (1, True)


class Killer:
    """A progress that ends the process after so many events of moving."""

    def report(self, event, /):
        if getattr(event, "stage", None) == "move files":
            raise Cancelled


def test_what_was_moved_before_a_stop_is_undone(filled, copies, away):
    before = listed(copies)
    with pytest.raises(Cancelled):
        move(filled, away, copies / "bright" / "red.png", copies / "bright" / "blue.png", progress=Killer())
    assert len(listed(away)) == 2
    assert len(undo(filled).moved) == 2
    assert listed(copies) == before


@pytest.mark.parametrize("state", ["noted", "linked", "moved"])
def test_a_killed_move_is_ended_by_the_next_one(filled, copies, away, state):
    """The journal and the disk stand as a kill leaves them; the next run or undo puts them right."""
    old, new = copies / "bright" / "red.png", away / "red.png"
    assert filled("duplicates", "--exact", "--move-to", away).status == 0
    undo(filled)
    with OpenLibrary(load({"library": filled.library}, {}), filled.encoders) as library:
        with library.catalog.read() as t:
            folder = t.folders.all()[0]
            file = t.files.at(folder.id, b"bright/red.png")
            (photo,) = t.photos.get([file.photo_id])
        from store import FileMove

        entry = FileMove(photo.id, bytes(old), bytes(new), photo.content_hash, file.stamp.size, file.stamp.mtime_ns)
        with library.catalog.write() as t:
            t.moves.note(t.moves.begin(bytes(away)), [entry])
    if state != "noted":
        os.link(old, new)
    if state == "moved":
        os.unlink(old)
    if state == "moved":
        assert len(undo(filled).moved) == 1
    else:
        assert filled("duplicates", "--undo").status == 1
    assert (listed(away), old.exists()) == ([], True)
    assert filled("duplicates", "--exact").status == 0


def test_nothing_is_put_back_below_a_disk_that_is_away(filled, copies, away):
    assert filled("duplicates", "--exact", "--move-to", away).status == 0
    copies.rename(copies.with_name("unmounted"))
    copies.mkdir()
    back = filled("duplicates", "--undo")
    assert "cannot be read now" in back.out + back.err
    assert (listed(copies), listed(away)) == ([], ["blue.png", "red.png"])
    copies.rmdir()
    assert filled("duplicates", "--undo").status == 1
    assert not copies.exists()
    copies.with_name("unmounted").rename(copies)
    assert filled("duplicates", "--undo").status == 0
    assert listed(away) == []


def test_an_undo_goes_on_when_the_disk_is_back(filled, copies, away):
    before = listed(copies)
    assert filled("duplicates", "--exact", "--move-to", away).status == 0
    away.rename(away.with_name("unplugged"))
    assert "not there now" in filled("duplicates", "--undo").err
    away.with_name("unplugged").rename(away)
    assert filled("duplicates", "--undo").status == 0
    assert (listed(copies), listed(away)) == (before, [])


def test_a_killed_run_is_known_as_long_as_its_disk_is_away(filled, copies, away):
    before = listed(copies)
    assert filled("duplicates", "--exact", "--move-to", away).status == 0
    with closing(sqlite3.connect(filled.library / "catalog.sqlite3")) as catalog, catalog:
        catalog.execute("UPDATE move_run SET ended_at = NULL")
    away.rename(away.with_name("unplugged"))
    filled("duplicates", "--undo")
    away.with_name("unplugged").rename(away)
    assert filled("duplicates", "--undo").status == 0
    assert (listed(copies), listed(away)) == (before, [])


def test_an_interrupted_batch_is_noted_as_it_is(filled, copies, away, monkeypatch):
    """Ctrl-C comes at the second file."""
    before = listed(copies)
    link, calls = os.link, []

    def stopped(*names, **options):
        calls.append(names)
        if len(calls) == 2:
            raise KeyboardInterrupt
        link(*names, **options)

    monkeypatch.setattr(os, "link", stopped)
    with pytest.raises(KeyboardInterrupt):
        move(filled, away, *(copies / "bright" / name for name in ("red.png", "blue.png")))
    monkeypatch.undo()
    assert len(listed(away)) == 1
    report = undo(filled)
    assert (report.count, report.left) == (1, ())
    assert (listed(copies), listed(away)) == (before, [])


def test_a_link_into_the_library_is_no_folder_outside(filled, copies, tmp_path):
    real = tmp_path / "real"
    shutil.copytree(copies, real)
    link = tmp_path / "link"
    link.symlink_to(real)
    assert filled("add", link).status == 0
    assert filled("duplicates", "--exact", "--move-to", real / "dups").status == 2
    assert not (real / "dups").exists()


def test_a_sidecar_stays_with_a_picture_that_stays(filled, copies, away, monkeypatch):
    (copies / "bright" / "red.png.xmp").write_bytes(b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>')
    assert filled("index").status == 0
    link = os.link

    def full(old, new, **options):
        if new.endswith(b".png"):
            raise OSError(errno.ENOSPC, "No space left on device")
        link(old, new, **options)

    monkeypatch.setattr(os, "link", full)
    report = move(filled, away, copies / "bright" / "red.png")
    assert (report.moved, listed(away)) == ((), [])
    assert "No space left" in reasons(report)["red.png"]


def test_names_that_differ_in_case_alone_do_not_meet(filled, copies, away):
    for folder, name in (("x", "IMG.PNG"), ("y", "img.png")):
        (copies / folder).mkdir()
        shutil.copy2(copies / "red.png", copies / folder / name)
    assert filled("index").status == 0
    report = move(filled, away, copies / "x" / "IMG.PNG", copies / "y" / "img.png")
    assert len(report.moved) == 2
    assert len({name.casefold() for name in listed(away)}) == 2
