"""One file moves, whole and never over another one, whatever the file systems can do."""

from __future__ import annotations

import errno
import hashlib
import os

import pytest

from photos.moves.disk import FileLeft, Place, check_file, end_killed_move, move_file

CONTENT = b"a picture" * 1000
HASH = hashlib.sha256(CONTENT).digest()


@pytest.fixture
def paths(tmp_path):
    for name in ("from", "to"):
        (tmp_path / name).mkdir()
    old, new = tmp_path / "from" / "a.jpg", tmp_path / "to" / "a.jpg"
    old.write_bytes(CONTENT)
    os.utime(old, ns=(10**18, 10**18))
    return os.fsencode(old), os.fsencode(new)


def names(paths):
    return [sorted(os.listdir(os.path.dirname(path))) for path in paths]


def read(path):
    with open(path, "rb") as file:
        return file.read()


def test_a_file_has_one_name_after_a_move(paths):
    old, new = paths
    before = os.stat(old)
    move_file(old, new, HASH)
    assert (names(paths), read(new)) == ([[], [b"a.jpg"]], CONTENT)
    assert os.stat(new).st_mtime_ns == before.st_mtime_ns


def test_another_file_is_never_replaced(paths):
    old, new = paths
    with open(new, "wb") as file:
        file.write(b"other")
    with pytest.raises(FileLeft, match="another file"):
        move_file(old, new, HASH)
    assert (read(old), read(new)) == (CONTENT, b"other")
    assert end_killed_move(old, new, HASH) is Place.OLD
    assert (read(old), read(new)) == (CONTENT, b"other")


def test_a_move_to_a_missing_folder_leaves_the_file(paths, tmp_path):
    with pytest.raises(FileLeft, match="cannot be moved"):
        move_file(paths[0], os.fsencode(tmp_path / "none" / "a.jpg"), HASH)
    assert read(paths[0]) == CONTENT


def test_a_kill_between_the_two_names_leaves_the_old_one(paths):
    old, new = paths
    os.link(old, new)
    assert end_killed_move(old, new, HASH) is Place.OLD
    assert (names(paths), read(old)) == ([[b"a.jpg"], []], CONTENT)


@pytest.mark.parametrize("content", [CONTENT, b"photos moves a file here\n"])
def test_a_kill_after_a_copy_leaves_the_original(paths, content):
    old, new = paths
    with open(new, "wb") as file:
        file.write(content)
    place = os.path.dirname(new)
    name = b".photos-%s.tmp" % hashlib.sha256(b"a.jpg").hexdigest()[:16].encode()
    with open(os.path.join(place, name), "wb") as file:
        file.write(b"half")
    assert end_killed_move(old, new, HASH) is Place.OLD
    assert (names(paths), read(old)) == ([[b"a.jpg"], []], CONTENT)


def test_a_move_that_ended_is_known_to_have_ended(paths):
    old, new = paths
    move_file(old, new, HASH)
    assert end_killed_move(old, new, HASH) is Place.NEW
    os.unlink(new)
    assert end_killed_move(old, new, HASH) is Place.UNKNOWN


def test_a_file_that_is_not_the_known_one_is_left(paths, tmp_path):
    old, _ = paths
    check_file(old, len(CONTENT), 10**18)
    check_file(old, len(CONTENT), 5, HASH)
    with pytest.raises(FileLeft, match="changed"):
        check_file(old, len(CONTENT), 5)
    with pytest.raises(FileLeft, match="changed"):
        check_file(old, len(CONTENT), 5, bytes(32))
    link, pipe = os.fsencode(tmp_path / "link"), os.fsencode(tmp_path / "pipe")
    os.symlink(old, link)
    os.mkfifo(pipe)
    for path, what in ((link, "link"), (pipe, "regular"), (pipe + b"x", "not there")):
        with pytest.raises(FileLeft, match=what):
            check_file(path, len(CONTENT), 10**18)


@pytest.fixture
def without_links(monkeypatch):
    """Let the file system have no hard links."""

    def refuse(*_, **__):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)


@pytest.mark.usefixtures("without_links")
def test_a_file_system_without_links_takes_files(paths):
    old, new = paths
    move_file(old, new, HASH)
    assert (names(paths), read(new)) == ([[], [b"a.jpg"]], CONTENT)
    with open(old, "wb") as file:
        file.write(b"other")
    with pytest.raises(FileLeft, match="another file"):
        move_file(old, new, HASH)
    assert (read(old), read(new)) == (b"other", CONTENT)


@pytest.mark.usefixtures("without_links")
@pytest.mark.parametrize("is_done", [False, True])
def test_a_signal_at_the_rename_loses_nothing(paths, monkeypatch, is_done):
    old, new = paths
    replace = os.replace

    def stopped(*names):
        if is_done:
            replace(*names)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", stopped)
    with pytest.raises(KeyboardInterrupt):
        move_file(old, new, HASH)
    assert names(paths) == ([[], [b"a.jpg"]] if is_done else [[b"a.jpg"], []])
    assert read(new if is_done else old) == CONTENT


def test_a_file_that_cannot_lose_its_old_name_keeps_that_alone(paths, monkeypatch):
    old, new = paths
    unlink = os.unlink

    def refuse(path, *rest, **options):
        if path == old:
            raise OSError(errno.EROFS, "Read-only file system")
        return unlink(path, *rest, **options)

    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(FileLeft, match="Read-only"):
        move_file(old, new, HASH)
    assert (names(paths), read(old)) == ([[b"a.jpg"], []], CONTENT)


@pytest.fixture
def far(paths):
    """A file, and a place for it on another file system."""
    if not os.path.isdir("/dev/shm") or os.stat("/dev/shm").st_dev == os.stat(paths[0]).st_dev:
        pytest.skip("/dev/shm is no file system of its own")
    new = os.fsencode(f"/dev/shm/photos-test-{os.getpid()}.jpg")
    yield paths[0], new
    if os.path.lexists(new):
        os.unlink(new)


def test_a_file_is_copied_to_another_file_system(far):
    old, new = far
    move_file(old, new, HASH)
    assert (os.path.lexists(old), read(new), os.stat(new).st_mtime_ns) == (False, CONTENT, 10**18)
    move_file(new, old, HASH)
    assert (os.path.lexists(new), read(old)) == (False, CONTENT)


def test_other_content_is_not_moved_to_another_one(far):
    old, new = far
    with pytest.raises(FileLeft, match="changed"):
        move_file(old, new, bytes(32))
    assert (read(old), os.path.lexists(new)) == (CONTENT, False)
