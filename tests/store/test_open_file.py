"""Opening files, and paths that are not files."""

from __future__ import annotations

import os

import pytest

from store.open_file import open_file, open_nonblocking, read_file, read_input


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


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert read_file(tmp_path / "a", 3) == read_input(tmp_path / "a", 3) == b"abc"
    for read in (read_file, read_input):
        with pytest.raises(OSError, match="it has more than"):
            read(tmp_path / "a", 2)


def test_the_pipe_of_a_shell_is_read_and_no_other(tmp_path):
    reading, writing = os.pipe()
    os.write(writing, b"abc")
    os.close(writing)
    try:
        assert read_input(f"/dev/fd/{reading}", 3) == b"abc"
    finally:
        os.close(reading)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no regular file"):
        read_input(tmp_path / "pipe", 3)
