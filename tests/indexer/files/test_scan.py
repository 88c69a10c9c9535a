"""Walking folders, and comparing a walk with the catalog."""

import os

import pytest

from indexer.files.ignore import BadRule, Rules, anchored
from indexer.files.scan import FoundFile, LeftOut, Subtree, Unreadable, scan
from indexer.pipeline.survey import compare
from store import File, Outcome, Stamp


def paths(folder):
    return sorted(found.path for found in scan(os.fsencode(folder)) if isinstance(found, FoundFile))


STAMP = Stamp(1, 2, 3, 4)


def file(number, path, outcome=Outcome.INDEXED):
    return File(number, 1, path, STAMP, outcome, None, number if outcome is Outcome.INDEXED else None)


def test_every_file_below_is_found_except_hidden_and_helper_files(tmp_path):
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


def test_links_to_folders_dead_links_and_pipes_are_skipped(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.jpg").write_bytes(b"x")
    (tmp_path / "real" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "dead.jpg").symlink_to(tmp_path / "nowhere")
    (tmp_path / "linked.jpg").symlink_to(tmp_path / "real" / "a.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    assert paths(tmp_path) == [b"linked.jpg", b"real/a.jpg"]


def test_a_missing_folder_is_unreadable_and_nothing_else(tmp_path):
    assert list(scan(os.fsencode(tmp_path / "gone"))) == [Unreadable(b"", "No such file or directory")]


def test_new_and_changed_files_are_read_and_missing_ones_are_gone():
    known = [file(1, b"same"), file(2, b"changed"), file(3, b"gone")]
    walk = [
        FoundFile(b"same", known[0].stamp),
        FoundFile(b"changed", Stamp(9, 9, 9, 9)),
        FoundFile(b"new", Stamp(1, 1, 1, 1)),
    ]
    changes = compare(walk, known)
    assert [found.path for found in changes.to_read] == [b"changed", b"new"]
    assert (changes.gone, changes.unchanged, changes.is_offline) == ([3], 1, False)


def test_failed_files_are_tried_again_and_unchanged_damaged_ones_are_not():
    known = [file(number, outcome.value.encode(), outcome) for number, outcome in enumerate(Outcome)]
    changes = compare([FoundFile(one.path, STAMP) for one in known], known)
    assert [found.path for found in changes.to_read] == [b"failed"]


def test_files_below_an_unlistable_folder_are_not_gone():
    known = [file(1, b"a/b/x"), file(2, b"a/bc"), file(3, b"y")]
    changes = compare([Unreadable(b"a/b", "Permission denied"), FoundFile(b"y", known[2].stamp)], known)
    assert changes.gone == [2]


def test_a_folder_that_cannot_be_listed_or_is_suddenly_empty_is_offline():
    assert compare([Unreadable(b"", "gone")], [file(1, b"a")]).is_offline
    suddenly_empty = compare([], [file(1, b"a")])
    assert (suddenly_empty.is_offline, suddenly_empty.gone) == (True, [])
    assert not compare([], []).is_offline


def walk(folder, excludes=()):
    return list(scan(os.fsencode(folder), excludes))


def filled(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def test_rules_leave_files_and_folders_out_and_deeper_ones_win(tmp_path):
    filled(tmp_path, "a.jpg", "a.png", "keep.png", "scans/b.jpg", "deep/c.png", "deep/d.jpg", "deep/scans.jpg")
    (tmp_path / ".photosignore").write_bytes(b"\xef\xbb\xbf# mine\n*.png\r\n!keep.png\nscans/\n")
    (tmp_path / "deep" / ".photosignore").write_text("!c.png\n/d.jpg\n")
    assert paths(tmp_path) == [b"a.jpg", b"deep/c.png", b"deep/scans.jpg", b"keep.png"]
    assert {item.path for item in walk(tmp_path) if isinstance(item, LeftOut)} == {b"a.png", b"deep/d.jpg", b"scans/"}


def test_patterns_for_the_whole_folder_cannot_be_undone_below(tmp_path):
    filled(tmp_path, "a.jpg", "b.png", "deep/c.png")
    (tmp_path / "deep" / ".photosignore").write_text("!c.png\n")
    assert [item.path for item in walk(tmp_path, ["*.png"]) if isinstance(item, FoundFile)] == [b"a.jpg"]


def test_patterns_match_names_that_are_not_utf8(tmp_path):
    with open(os.path.join(os.fsencode(tmp_path), b"\xff.jpg"), "wb"):
        pass
    filled(tmp_path, "a.jpg")
    (tmp_path / ".photosignore").write_bytes(b"\xff*\n")
    assert paths(tmp_path) == [b"a.jpg"]


def test_an_invalid_line_is_reported_and_the_others_apply(tmp_path):
    filled(tmp_path, "deep/a.jpg", "deep/b.jpg")
    (tmp_path / "deep" / ".photosignore").write_text("a.jpg\n!\n")
    assert paths(tmp_path) == [b"deep/b.jpg"]
    assert BadRule(b"deep/.photosignore", 2, "!") in walk(tmp_path)


def test_a_folder_with_unreadable_rules_is_not_read(tmp_path):
    filled(tmp_path, "a.jpg", "deep/b.jpg")
    (tmp_path / "deep" / ".photosignore").mkdir()
    assert paths(tmp_path) == [b"a.jpg"]
    assert [item.path for item in walk(tmp_path) if isinstance(item, Unreadable)] == [b"deep"]


def test_nomedia_folders_and_incomplete_copies_are_skipped(tmp_path):
    filled(tmp_path, "a.jpg", "b.jpg.part", "c.crdownload", "app/.nomedia", "app/d.jpg", "app/deep/e.jpg")
    assert paths(tmp_path) == [b"a.jpg"]
    filled(tmp_path, ".nomedia")
    assert walk(tmp_path) == [LeftOut(b"")]


@pytest.mark.parametrize(
    ("pattern", "fits", "fits_not"),
    [
        ("*.png", "in [x]/deep/a.png", "a.png"),
        ("/a.png", "in [x]/a.png", "in [x]/deep/a.png"),
        ("deep/*.png", "in [x]/deep/a.png", "deep/a.png"),
        ("scans/", "in [x]/deep/scans/", "scans/"),
    ],
)
def test_a_pattern_keeps_its_meaning_when_its_folder_becomes_part_of_another(pattern, fits, fits_not):
    rules = Rules.of([anchored(pattern, "in [x]")])
    for name, expected in ((fits, True), (fits_not, False)):
        is_folder = name.endswith("/")
        assert rules.leave_out(name.rstrip("/").encode(), is_folder=is_folder) is expected


def test_left_out_files_are_distinguished_from_gone_ones():
    known = [file(1, b"a.png"), file(2, b"deep/b.jpg"), file(3, b"gone.jpg")]
    changes = compare([LeftOut(b"a.png"), LeftOut(b"deep/")], known)
    assert (changes.left_out, changes.gone, changes.is_offline) == ([1, 2], [3], False)


def test_another_disk_at_the_same_path_loses_nothing():
    known = [file(1, b"a.jpg"), file(2, b"b.jpg")]
    walked = [FoundFile(b"other.jpg", STAMP)]
    assert compare(walked, known, is_elsewhere=True).is_offline
    assert not compare([*walked, FoundFile(b"a.jpg", STAMP)], known, is_elsewhere=True).is_offline
    assert compare(walked, known).gone == [1, 2]


def names(folder, **options):
    return sorted(item.path.decode() for item in scan(os.fsencode(folder), **options) if isinstance(item, FoundFile))


def test_links_to_folders_are_followed_on_request_and_never_in_a_loop(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "in").mkdir(parents=True)
    (outside / "deep").mkdir(parents=True)
    for path in (root / "a.jpg", root / "in" / "b.jpg", outside / "c.jpg", outside / "deep" / "d.jpg"):
        path.touch()
    (root / "link").symlink_to(outside)
    (root / "second").symlink_to(outside / "deep")
    (root / "self").symlink_to(root)
    (root / "in" / "up").symlink_to("..")
    (outside / "deep" / "back").symlink_to(outside)
    (outside / "home").symlink_to(root)
    (root / "nowhere").symlink_to(tmp_path / "gone")
    assert names(root) == ["a.jpg", "in/b.jpg"]
    found = names(root, follow=True)
    assert [name.rpartition("/")[2] for name in found] == ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]
    assert found[:2] == ["a.jpg", "in/b.jpg"]
    assert all(name.startswith(("link/", "second/")) for name in found[2:])


def test_rules_also_apply_behind_links(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    (outside / ".hidden").mkdir(parents=True)
    (outside / ".hidden" / "a.jpg").touch()
    (outside / "b.png").touch()
    (root / "link").symlink_to(outside)
    assert names(root, follow=True) == ["link/b.png"]
    assert names(root, follow=True, excludes=["*.png"]) == []
    assert names(root, follow=True, excludes=["link/"]) == []


def test_times_beyond_64_bits_are_clamped(tmp_path):
    path = tmp_path / "a.jpg"
    path.touch()
    os.utime(path, ns=(1, 13_569_465_600_000_000_000))
    (found,) = (item for item in scan(os.fsencode(tmp_path)) if isinstance(item, FoundFile))
    assert found.stamp.mtime_ns in {13_569_465_600_000_000_000, (1 << 63) - 1}
    assert found.stamp.mtime_ns < 1 << 63


def test_rules_match_names_with_line_feeds_exactly(tmp_path):
    for name in (b"a/private/x.jpg", b"a\nb/private/y.jpg", b"z.png\n"):
        path = tmp_path / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert names(tmp_path, excludes=["private", "*.png"]) == ["z.png\n"]


def test_a_pipe_with_the_name_of_rules_is_reported_without_blocking(tmp_path):
    os.mkfifo(tmp_path / ".photosignore")
    (tmp_path / "a.jpg").touch()
    (item,) = scan(os.fsencode(tmp_path))
    assert "no regular file" in item.reason


def test_a_part_that_became_a_link_is_not_followed(tmp_path):
    root = tmp_path / "root"
    (tmp_path / "elsewhere" / "deep").mkdir(parents=True)
    (tmp_path / "elsewhere" / "deep" / "p.jpg").touch()
    root.mkdir()
    (root / "real").symlink_to(tmp_path / "elsewhere")
    for part in (b"real", b"real/deep"):
        assert names(root, within=Subtree(part, is_deep=True)) == []
    assert names(root, within=Subtree(b"real/deep", is_deep=True), follow=True) == ["real/deep/p.jpg"]
