"""Walking folders, and what a walk means."""

import os

import pytest

from indexer.changes import compare
from indexer.scan import Found, Unreadable, scan
from store import File, Outcome, Stamp


def paths(folder):
    return sorted(found.path for found in scan(os.fsencode(folder)) if isinstance(found, Found))


STAMP = Stamp(1, 2, 3, 4)


def file(number, path, outcome=Outcome.INDEXED):
    return File(number, 1, path, STAMP, outcome, None, number if outcome is Outcome.INDEXED else None)


def test_every_file_below_is_found_and_hidden_and_helper_files_are_not(tmp_path):
    for name in (
        "a.jpg",
        "b/c/d.jpg",
        ".hidden.jpg",
        ".git/x.jpg",
        "@eaDir/y.jpg",
        "b/Thumbs.db",
        "__MACOSX/z.jpg",
        "._a.jpg",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert paths(tmp_path) == [b"a.jpg", b"b/c/d.jpg"]


@pytest.mark.parametrize("name", [b"\xff\xfe.jpg", b"new\nline.jpg", b"-dash.jpg", b"x" * 251 + b".jpg"])
def test_names_are_bytes(tmp_path, name):
    with open(os.path.join(os.fsencode(tmp_path), name), "wb"):
        pass
    assert paths(tmp_path) == [name]


def test_links_to_folders_are_not_followed_and_dead_links_and_pipes_are_passed_over(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.jpg").write_bytes(b"x")
    (tmp_path / "real" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "dead.jpg").symlink_to(tmp_path / "nowhere")
    (tmp_path / "linked.jpg").symlink_to(tmp_path / "real" / "a.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    assert paths(tmp_path) == [b"linked.jpg", b"real/a.jpg"]


def test_a_folder_that_is_not_there_is_unreadable_and_nothing_else(tmp_path):
    assert list(scan(os.fsencode(tmp_path / "gone"))) == [Unreadable(b"", "No such file or directory")]


def test_new_and_changed_files_are_read_and_missing_ones_are_gone():
    known = [file(1, b"same"), file(2, b"changed"), file(3, b"gone")]
    walk = [Found(b"same", known[0].stamp), Found(b"changed", Stamp(9, 9, 9, 9)), Found(b"new", Stamp(1, 1, 1, 1))]
    changes = compare(walk, known)
    assert [found.path for found in changes.to_read] == [b"changed", b"new"]
    assert (changes.gone, changes.unchanged, changes.is_offline) == ([3], 1, False)


def test_what_could_not_be_read_is_tried_again_and_what_is_damaged_is_not_while_it_is_the_same():
    known = [file(number, outcome.value.encode(), outcome) for number, outcome in enumerate(Outcome)]
    changes = compare([Found(one.path, STAMP) for one in known], known)
    assert [found.path for found in changes.to_read] == [b"failed"]


def test_what_lies_in_a_folder_that_cannot_be_listed_is_not_gone():
    known = [file(1, b"a/b/x"), file(2, b"a/bc"), file(3, b"y")]
    changes = compare([Unreadable(b"a/b", "Permission denied"), Found(b"y", known[2].stamp)], known)
    assert changes.gone == [2]


def test_a_folder_that_cannot_be_listed_or_is_suddenly_empty_is_offline():
    assert compare([Unreadable(b"", "gone")], [file(1, b"a")]).is_offline
    suddenly_empty = compare([], [file(1, b"a")])
    assert (suddenly_empty.is_offline, suddenly_empty.gone) == (True, [])
    assert not compare([], []).is_offline
