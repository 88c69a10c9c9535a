"""Opening files, and paths that are not files."""

from __future__ import annotations

import os

import pytest

from indexer.files.open_file import open_file, open_nonblocking


def number_of_the_next_file():
    """The next file descriptor: the lowest free one."""
    descriptor = os.open(os.devnull, os.O_RDONLY)
    os.close(descriptor)
    return descriptor


def test_a_file_is_read_to_its_end(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 100_000)
    with open_file(bytes(tmp_path / "a")) as opened:
        assert opened.read() == b"x" * 100_000


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink(os.devnull, path)])
def test_a_path_that_is_not_a_file_fails_at_once_and_leaves_nothing_open(tmp_path, make):
    make(tmp_path / "a")
    number = number_of_the_next_file()
    with pytest.raises(OSError, match="no regular file|Is a directory"):
        open_file(bytes(tmp_path / "a"))
    assert number_of_the_next_file() == number


def test_a_folder_leaves_nothing_open(tmp_path):
    number = number_of_the_next_file()
    with pytest.raises(IsADirectoryError):
        open_nonblocking(bytes(tmp_path))
    assert number_of_the_next_file() == number
