"""Filesystem events, on real folders."""

import errno
import logging
import os
import shutil
import subprocess
import sys
import time
import warnings

import pytest

from indexer import WHOLE, DirtyPaths, Subtree
from indexer.watch.filesystem_events import FolderWatcher, _file_system, _reason, refusal_of
from store import Folder


@pytest.fixture
def dirty():
    return DirtyPaths(quiet=0.2)


@pytest.fixture
def watcher(dirty):
    made = FolderWatcher(dirty)
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "photos"
    (path / "trip").mkdir(parents=True)
    (path / "trip" / "a.jpg").write_bytes(b"a")
    return path


def watch(watcher, dirty, folder):
    unwatchable = watcher.watch([Folder(1, os.fsencode(folder))])
    dirty.take()
    return unwatchable


def changes(dirty):
    assert dirty.wait(10), "no changes were reported"
    return dirty.take().get(1, [])


def test_a_newly_watched_folder_is_dirty(watcher, dirty, folder):
    assert watcher.watch([Folder(1, os.fsencode(folder))]) == []
    assert changes(dirty) == [WHOLE]
    assert watcher.watch([Folder(1, os.fsencode(folder))]) == []
    assert not dirty.wait(0.4)


def test_a_changed_file_makes_its_folder_dirty(watcher, dirty, folder):
    watch(watcher, dirty, folder)
    (folder / "trip" / "b.jpg").write_bytes(b"b")
    assert changes(dirty) == [Subtree(b"trip", is_deep=False)]
    (folder / "trip" / "b.jpg").rename(folder / "b.jpg")
    assert set(changes(dirty)) == {Subtree(b"trip", is_deep=False), Subtree(b"", is_deep=False)}


def test_a_changed_folder_is_dirty_with_all_below_it(watcher, dirty, folder, tmp_path):
    watch(watcher, dirty, folder)
    (folder / "trip").rename(folder / "journey")
    assert set(changes(dirty)) >= {Subtree(b"trip", is_deep=True), Subtree(b"journey", is_deep=True)}
    shutil.move(folder / "journey", tmp_path / "away")
    assert Subtree(b"journey", is_deep=True) in changes(dirty)


def test_changed_rules_make_their_whole_folder_dirty(watcher, dirty, folder):
    watch(watcher, dirty, folder)
    (folder / "trip" / ".photosignore").write_text("*.png")
    assert changes(dirty) == [Subtree(b"trip", is_deep=True)]


def test_reading_a_file_makes_nothing_dirty(watcher, dirty, folder):
    watch(watcher, dirty, folder)
    (folder / "trip" / "a.jpg").read_bytes()
    os.listdir(folder / "trip")
    assert not dirty.wait(0.8)


def test_a_replaced_folder_is_dirty_and_watched(watcher, dirty, folder):
    watch(watcher, dirty, folder)
    shutil.rmtree(folder)
    (folder / "new").mkdir(parents=True)
    time.sleep(0.3)
    dirty.take()
    watcher.watch([Folder(1, os.fsencode(folder))])
    assert WHOLE in changes(dirty)
    (folder / "new" / "c.jpg").write_bytes(b"c")
    assert changes(dirty) == [Subtree(b"new", is_deep=False)]


def test_a_missing_folder_is_watched_when_it_appears(watcher, dirty, tmp_path):
    unwatchable = watch(watcher, dirty, tmp_path / "later")
    assert [each.reason for each in unwatchable] == ["No such file or directory"]
    assert len(watcher.unwatchable()) == 1
    (tmp_path / "later").mkdir()
    assert watcher.watch([Folder(1, os.fsencode(tmp_path / "later"))]) == []
    assert watcher.unwatchable() == []


def test_a_new_device_makes_nothing_dirty_and_new_excludes_do(watcher, dirty, folder):
    watch(watcher, dirty, folder)
    path = os.fsencode(folder)
    watcher.watch([Folder(1, path, device=5)])
    assert dirty.take() == {}
    watcher.watch([Folder(1, path, ("*.png",), 5)])
    assert dirty.take() == {1: [WHOLE]}


def test_a_removed_folder_is_no_longer_watched(watcher, dirty, folder):
    watch(watcher, dirty, folder)
    watcher.watch([])
    (folder / "trip" / "b.jpg").write_bytes(b"b")
    assert not dirty.wait(0.6)


def test_lost_events_make_everything_dirty(watcher, dirty, folder):
    watch(watcher, dirty, folder)
    # What watchdog does when the system's queue has overflowed.
    logging.getLogger("watchdog.observers.inotify_c").warning("Inotify queue overflowed; filesystem events were lost")
    assert changes(dirty) == [WHOLE]


def test_names_that_are_not_utf8_are_reported(watcher, dirty, folder):
    watch(watcher, dirty, folder)
    strange = os.path.join(os.fsencode(folder), b"\xff")
    os.mkdir(strange)
    assert Subtree(b"\xff", is_deep=True) in changes(dirty)


def test_a_folder_beyond_the_limit_is_unwatchable_until_it_is_raised(dirty, folder):
    answers = ["the limit is reached"]
    watcher = FolderWatcher(dirty, lambda observer: answers[-1])
    try:
        assert [each.reason for each in watch(watcher, dirty, folder)] == ["the limit is reached"]
        assert watch(watcher, dirty, folder) == []
        assert [each.reason for each in watcher.unwatchable()] == ["the limit is reached"]
        answers.append(None)
        # Changes in the meantime went unreported.
        assert watcher.watch([Folder(1, os.fsencode(folder))]) == []
        assert WHOLE in changes(dirty)
        assert watcher.unwatchable() == []
    finally:
        watcher.close()


def test_testing_the_limit_makes_nothing_dirty(watcher, dirty, folder):
    watch(watcher, dirty, folder)
    assert watcher._observer is not None
    assert refusal_of(watcher._observer) is None
    assert not dirty.wait(0.4)


def test_limits_of_the_system_name_their_remedy():
    assert "fs.inotify.max_user_watches=" in _reason(OSError(errno.ENOSPC, "inotify watch limit reached"))
    assert "fs.inotify.max_user_instances=" in _reason(OSError(errno.EMFILE, "inotify instance limit reached"))


def test_the_file_system_type_is_read_from_the_mounts(tmp_path):
    place = tmp_path / "my photos"
    (place / "below").mkdir(parents=True)
    quoted = str(place).replace(" ", "\\040")
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        f"1 0 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n2 1 0:50 / {quoted} rw,relatime shared:2 - nfs4 nas:/photos rw\n"
    )
    assert _file_system(os.fsencode(place / "below"), mounts) == "nfs4"
    assert _file_system(os.fsencode(tmp_path), mounts) == "ext4"
    assert _file_system(os.fsencode(tmp_path), tmp_path / "none") is None


def test_a_warning_of_watchdog_is_logged_once(dirty, caplog, monkeypatch):
    shown: list[str] = []
    monkeypatch.setattr(warnings, "showwarning", lambda message, *_: shown.append(str(message)))
    before = warnings.showwarning
    watcher = FolderWatcher(dirty)
    try:
        for number in range(3):
            place = ("/lib/watchdog/observers/inotify.py", 7)
            warnings.showwarning(RuntimeWarning(f"callback {number} already exists"), RuntimeWarning, *place)
            logging.getLogger("watchdog.observers.inotify_c").warning("overflow %s", number)
        warnings.showwarning(RuntimeWarning("another library"), RuntimeWarning, "/lib/other.py", 7)
    finally:
        watcher.close()
    texts = [record.getMessage() for record in caplog.records if record.name == "indexer.watch.filesystem_events"]
    assert texts == ["watchdog: callback 0 already exists (logged once)", "watchdog: overflow 0 (logged once)"]
    assert shown == ["another library"]
    assert warnings.showwarning is before


def test_many_new_folders_print_nothing(folder):
    code = (
        "import os, sys, time\n"
        "from indexer import DirtyPaths\n"
        "from indexer.watch.filesystem_events import FolderWatcher\n"
        "from store import Folder\n"
        "root = os.fsencode(sys.argv[1])\n"
        "dirty = DirtyPaths(quiet=0.3)\n"
        "watcher = FolderWatcher(dirty)\n"
        "watcher.watch([Folder(1, root)])\n"
        "for number in range(150):\n"
        "    os.makedirs(os.path.join(root, b'%d' % (number % 10), b'%d' % number, b'deep', b'deeper'))\n"
        "dirty.wait(10)\n"
        "watcher.close()\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    assert len(done.stderr.splitlines()) <= 2
