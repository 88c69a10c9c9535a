"""A sidecar is read whole, and replaced in one step or not at all."""

from __future__ import annotations

import os

import pytest

from photos.errors import SidecarLeft
from photos.sidecars.sidecar_files import put, read, remove, remove_temporary, temporary
from photos.sidecars.targets import Directory


@pytest.fixture
def path(tmp_path):
    return bytes(tmp_path / "a.jpg.xmp")


def write(path, content):
    with open(path, "wb") as opened:
        opened.write(content)


def names(path):
    return os.listdir(os.path.dirname(path))


def test_a_new_sidecar_has_the_usual_permissions(path):
    stamp = put(path, b"new", None)
    held = read(path)
    assert (held.content, held.stamp) == (b"new", stamp)
    umask = os.umask(0)
    os.umask(umask)
    assert held.mode == 0o666 & ~umask
    assert names(path) == [b"a.jpg.xmp"]


def test_a_replaced_sidecar_keeps_its_permissions(path):
    write(path, b"old")
    os.chmod(path, 0o640)
    stamp = put(path, b"new", read(path))
    held = read(path)
    assert (held.content, held.stamp, held.mode) == (b"new", stamp, 0o640)
    assert names(path) == [b"a.jpg.xmp"]


def test_a_concurrent_write_of_another_program_stays(path):
    write(path, b"old")
    before = read(path)
    write(path, b"theirs")
    with pytest.raises(SidecarLeft, match="same moment"):
        put(path, b"ours", before)
    with pytest.raises(SidecarLeft, match="same moment"):
        put(path, b"ours", None)
    with pytest.raises(SidecarLeft, match="same moment"):
        remove(path, before)
    assert read(path).content == b"theirs"
    os.unlink(path)
    with pytest.raises(SidecarLeft, match="same moment"):
        put(path, b"ours", before)
    assert names(path) == []


def test_links_and_special_files_are_refused(path, tmp_path):
    assert read(path) is None
    write(bytes(tmp_path / "other"), b"x")
    os.symlink("other", path)
    with pytest.raises(SidecarLeft, match="link"):
        read(path)
    os.unlink(path)
    os.mkfifo(path)
    with pytest.raises(SidecarLeft, match="not a regular file"):
        read(path)
    os.unlink(path)
    write(path, b"\0" * ((16 << 20) + 1))
    with pytest.raises(SidecarLeft, match="more than 16 MB"):
        read(path)


def test_a_failed_write_gives_its_reason(path, tmp_path):
    with pytest.raises(SidecarLeft, match="cannot be written"):
        put(bytes(tmp_path / ("n" * 300)), b"new", None)
    with pytest.raises(SidecarLeft, match="cannot be written"):
        put(bytes(tmp_path / "nowhere" / "a.xmp"), b"new", None)


def test_a_write_protected_sidecar_is_refused(path, unreadable):
    write(path, b"old")
    os.chmod(path, 0o444)
    if os.access(path, os.W_OK):
        pytest.skip("this user may write everything")
    with pytest.raises(SidecarLeft, match="write-protected"):
        put(path, b"new", read(path))


def test_a_leftover_temporary_file_is_hidden_and_removed(path):
    hidden = temporary(path)
    assert os.path.basename(hidden).startswith(b".")
    write(hidden, b"half")
    assert put(path, b"new", None) is not None
    assert names(path) == [b"a.jpg.xmp"]
    write(hidden, b"half")
    remove_temporary(path)
    remove_temporary(path)
    assert names(path) == [b"a.jpg.xmp"]


@pytest.mark.parametrize(
    ("listed", "picture", "sidecar"),
    [
        (["a.jpg"], "a.jpg", "a.jpg.xmp"),
        (["a.jpg", "a.xmp"], "a.jpg", "a.xmp"),
        (["a.jpg", "a.xmp", "a.jpg.xmp"], "a.jpg", "a.jpg.xmp"),
        (["A.JPG", "a.XMP"], "A.JPG", "a.XMP"),
        (["A.JPG", "a.jpg.XMP"], "A.JPG", "a.jpg.XMP"),
        (["a.jpg", "a.png", "a.xmp"], "a.png", "a.png.xmp"),
        (["a.nef", "a.xmp"], "a.nef", "a.xmp"),
        (["a.nef", "a.jpg", "a.xmp"], "a.jpg", "a.xmp"),
        (["a.jpg", "b.xmp"], "a.jpg", "a.jpg.xmp"),
        (["img_1234.jpg", "img_e1234.jpg", "img_1234.jpg.xmp"], "img_1234.jpg", "img_1234.jpg.xmp"),
        (["img_1234.jpg", "img_e1234.jpg", "img_1234.xmp"], "img_e1234.jpg", "img_e1234.jpg.xmp"),
        (["a", "a.xmp"], "a", "a.xmp"),
    ],
)
def test_the_sidecar_of_a_picture_is_found(listed, picture, sidecar):
    assert Directory([os.fsencode(name) for name in listed]).sidecar_of(os.fsencode(picture)) == os.fsencode(sidecar)
