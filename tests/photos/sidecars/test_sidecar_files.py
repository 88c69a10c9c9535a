"""A sidecar is read whole, and replaced in one step or not at all."""

from __future__ import annotations

import os

import pytest

from photos.errors import SidecarLeft
from photos.sidecars.open_folders import OpenFolders
from photos.sidecars.sidecar_files import put, read, remove_sidecar, remove_temporary, temporary
from photos.sidecars.targets import Directory
from store import Folder

NAME = b"a.jpg.xmp"


@pytest.fixture
def folder(tmp_path):
    """The open folder of the sidecar."""
    with OpenFolders([Folder(1, bytes(tmp_path))], follow=False) as folders:
        yield folders.of(bytes(tmp_path / "a.jpg.xmp"))[0]


@pytest.fixture
def path(tmp_path):
    return bytes(tmp_path / "a.jpg.xmp")


def write(path, content):
    with open(path, "wb") as opened:
        opened.write(content)


def names(path):
    return os.listdir(os.path.dirname(path))


def opener(root, *, follow=False):
    return OpenFolders([Folder(1, bytes(root))], follow=follow)


def test_a_new_sidecar_has_the_usual_permissions(folder, path):
    stamp = put(folder, NAME, b"new", None)
    held = read(folder, NAME)
    assert (held.content, held.stamp) == (b"new", stamp)
    umask = os.umask(0)
    os.umask(umask)
    assert held.mode == 0o666 & ~umask
    assert names(path) == [b"a.jpg.xmp"]


def test_a_replaced_sidecar_keeps_its_permissions(folder, path):
    write(path, b"old")
    os.chmod(path, 0o640)
    stamp = put(folder, NAME, b"new", read(folder, NAME))
    held = read(folder, NAME)
    assert (held.content, held.stamp, held.mode) == (b"new", stamp, 0o640)
    assert names(path) == [b"a.jpg.xmp"]


def test_a_concurrent_write_of_another_program_stays(folder, path):
    write(path, b"old")
    before = read(folder, NAME)
    write(path, b"theirs")
    with pytest.raises(SidecarLeft, match="same moment"):
        put(folder, NAME, b"ours", before)
    with pytest.raises(SidecarLeft, match="same moment"):
        put(folder, NAME, b"ours", None)
    with pytest.raises(SidecarLeft, match="same moment"):
        remove_sidecar(folder, NAME, before)
    assert read(folder, NAME).content == b"theirs"
    os.unlink(path)
    with pytest.raises(SidecarLeft, match="same moment"):
        put(folder, NAME, b"ours", before)
    assert names(path) == []


def test_links_and_special_files_are_refused(folder, path, tmp_path):
    assert read(folder, NAME) is None
    write(bytes(tmp_path / "other"), b"x")
    os.symlink("other", path)
    with pytest.raises(SidecarLeft, match="link"):
        read(folder, NAME)
    os.unlink(path)
    os.mkfifo(path)
    with pytest.raises(SidecarLeft, match="not a regular file"):
        read(folder, NAME)
    os.unlink(path)
    write(path, b"\0" * ((16 << 20) + 1))
    with pytest.raises(SidecarLeft, match="more than 16 MB"):
        read(folder, NAME)


def test_a_failed_write_gives_its_reason(folder, path, tmp_path):
    with pytest.raises(SidecarLeft, match="cannot be written"):
        put(folder, b"n" * 300, b"new", None)
    with opener(tmp_path) as folders, pytest.raises(SidecarLeft, match="its folder is not there"):
        folders.of(bytes(tmp_path / "nowhere" / "a.xmp"))


def test_no_link_below_the_indexed_folder_is_followed(tmp_path):
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    for place in (home / "in" / "deep", elsewhere / "deep"):
        place.mkdir(parents=True)
    (tmp_path / "name").symlink_to(home)
    with opener(tmp_path / "name") as folders:
        put(*folders.of(bytes(tmp_path / "name" / "in" / "deep" / "a.xmp")), b"new", None)
    assert (home / "in" / "deep" / "a.xmp").read_bytes() == b"new"
    (home / "in").rename(home / "was")
    (home / "in").symlink_to(elsewhere)
    path = bytes(home / "in" / "deep" / "a.xmp")
    for root in (home, tmp_path / "other"):
        with opener(root) as folders, pytest.raises(SidecarLeft, match=r"through a link now \(in\)"):
            folders.of(path)
    with opener(home, follow=True) as folders:
        assert put(*folders.of(path), b"new", None) is not None
    assert (elsewhere / "deep" / "a.xmp").read_bytes() == b"new"


def test_an_open_folder_stays_itself(tmp_path):
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    with opener(tmp_path) as folders:
        place, name = folders.of(bytes(home / "a.xmp"))
        home.rename(tmp_path / "was")
        home.symlink_to(elsewhere)
        assert put(place, name, b"new", None) is not None
        assert put(place, name, b"newer", read(place, name)) is not None
    assert (tmp_path / "was" / "a.xmp").read_bytes() == b"newer"
    assert list(elsewhere.iterdir()) == []


def test_a_write_protected_sidecar_is_refused(folder, path, unreadable):
    write(path, b"old")
    os.chmod(path, 0o444)
    if os.access(path, os.W_OK):
        pytest.skip("this user may write everything")
    with pytest.raises(SidecarLeft, match="write-protected"):
        put(folder, NAME, b"new", read(folder, NAME))


def test_a_leftover_temporary_file_is_hidden_and_removed(folder, path):
    hidden = os.path.join(os.path.dirname(path), temporary(NAME))
    assert os.path.basename(hidden).startswith(b".")
    write(hidden, b"half")
    assert put(folder, NAME, b"new", None) is not None
    assert names(path) == [b"a.jpg.xmp"]
    write(hidden, b"half")
    remove_temporary(folder, NAME)
    remove_temporary(folder, NAME)
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


@pytest.mark.parametrize(
    ("listed", "extension", "of_jpg", "of_png"),
    [
        (["a.jpg", "a.png", "a.xmp"], b"png", "a.jpg.xmp", "a.xmp"),
        (["a.jpg", "a.png", "a.xmp"], b"jpg", "a.xmp", "a.png.xmp"),
        (["a.jpg", "a.png", "a.xmp"], b"tif", "a.xmp", "a.png.xmp"),
        (["a.jpg", "a.PNG", "A.XMP"], None, "A.XMP", "a.png.xmp"),
        (["a.jpg", "a.png", "a.nef", "a.xmp"], b"nef", "a.xmp", "a.png.xmp"),
    ],
)
def test_a_sidecar_belongs_to_the_picture_that_it_names(listed, extension, of_jpg, of_png):
    directory = Directory([os.fsencode(name) for name in listed], lambda _: extension)
    assert directory.sidecar_of(b"a.jpg") == os.fsencode(of_jpg)
    assert directory.sidecar_of(b"a.png") == os.fsencode(of_png)
