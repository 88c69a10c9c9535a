"""Albums of copies and links."""

import os

import pytest

from photos.errors import MissingFolder
from photos.output.albums import copy_to, link_to


@pytest.fixture
def files(tmp_path):
    """Two files of one name, and one whose name is no text."""
    paths = [tmp_path / "a" / "x.jpg", tmp_path / "b" / "x.jpg"]
    for number, path in enumerate(paths):
        path.parent.mkdir()
        path.write_bytes(b"content %d" % number)
        os.utime(path, (1_000_000, 1_000_000))
    odd = bytes(tmp_path) + b"/\xff\x1b.jpg"
    with open(odd, "wb") as file:
        file.write(b"odd")
    return [*map(bytes, paths), odd]


def names(folder):
    return sorted(os.listdir(os.fsencode(folder)))


@pytest.mark.parametrize("gather", [copy_to, link_to])
def test_files_are_numbered_by_rank_and_keep_their_names(files, tmp_path, gather):
    album = gather(str(tmp_path / "new" / "album"), files)
    assert names(tmp_path / "new" / "album") == [b"001-x.jpg", b"002-x.jpg", b"003-\xff\x1b.jpg"]
    assert (len(album.made), album.there, album.failed) == (3, 0, ())
    assert (tmp_path / "new" / "album" / "002-x.jpg").read_bytes() == b"content 1"
    assert (tmp_path / "new" / "album" / "002-x.jpg").stat().st_mtime == 1_000_000
    assert (tmp_path / "new" / "album" / "002-x.jpg").is_symlink() == (gather is link_to)


@pytest.mark.parametrize("gather", [copy_to, link_to])
def test_nothing_is_copied_twice_or_overwritten(files, tmp_path, gather):
    folder = tmp_path / "album"
    gather(str(folder), files)
    again = gather(str(folder), files)
    assert (again.made, again.there) == ((), 3)
    other = gather(str(folder), files[::-1][1:])
    assert names(folder) == [b"001-x-2.jpg", b"001-x.jpg", b"002-x-2.jpg", b"002-x.jpg", b"003-\xff\x1b.jpg"]
    assert len(other.made) == 2
    assert (folder / "001-x.jpg").read_bytes() == b"content 0"
    assert (folder / "001-x-2.jpg").read_bytes() == b"content 1"


def test_a_copy_is_never_written_through_a_link(files, tmp_path):
    (tmp_path / "album").mkdir()
    (tmp_path / "album" / "001-x.jpg").symlink_to(tmp_path / "precious")
    copy_to(str(tmp_path / "album"), files[:1])
    assert not (tmp_path / "precious").exists()
    assert (tmp_path / "album" / "001-x-2.jpg").read_bytes() == b"content 0"


def test_a_missing_file_is_reported_and_the_rest_is_copied(files, tmp_path):
    gone = bytes(tmp_path / "gone.jpg")
    album = copy_to(str(tmp_path / "album"), [files[0], gone, files[1]])
    assert [path for path, _ in album.failed] == [gone]
    assert names(tmp_path / "album") == [b"001-x.jpg", b"003-x.jpg"]


def test_long_names_are_cut_before_their_ending(tmp_path):
    path = tmp_path / ("n" * 251 + ".jpg")
    path.write_bytes(b"content")
    copy_to(str(tmp_path / "album"), [bytes(path)])
    (name,) = names(tmp_path / "album")
    assert len(name) == 255
    assert name.startswith(b"001-nnn")
    assert name.endswith(b".jpg")


def test_a_very_long_ending_is_cut(tmp_path):
    path = tmp_path / ("a." + "n" * 253)
    path.write_bytes(b"content")
    assert copy_to(str(tmp_path / "album"), [bytes(path)]).failed == ()
    assert names(tmp_path / "album") == [b"001-a." + b"n" * 249]


def test_numbers_start_at_first_and_sort_in_order(files, tmp_path):
    copy_to(str(tmp_path / "album"), files[:2], first=999)
    assert names(tmp_path / "album") == [b"0999-x.jpg", b"1000-x.jpg"]


def test_a_folder_that_cannot_be_made_is_an_error(files, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MissingFolder, match="cannot be made"):
        copy_to(str(tmp_path / "file" / "album"), files)
