"""Every error as one sentence and an exit status."""

from __future__ import annotations

import errno
import signal

import pytest

from photos.errors import MissingFolder, SettingError, safe
from photos.exits import Stopped, sentence_and_status, status_of
from store import DiskFull


def test_our_own_errors_are_their_sentence():
    assert sentence_and_status(MissingFolder("/x", "does not exist")) == ("/x does not exist.", 1)


def test_a_wrong_setting_is_wrong_usage():
    assert sentence_and_status(SettingError("PHOTOS_TOP", "no"))[1] == 2


def test_an_error_of_another_package_is_its_sentence(tmp_path):
    error = DiskFull(tmp_path / "catalog")
    assert sentence_and_status(error) == (str(error), 1)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "The disk is full"),
        (errno.EDQUOT, "The disk is full"),
        (errno.EACCES, "Permission denied"),
        (errno.EROFS, "Permission denied"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_system_errors_name_the_file(number, words):
    sentence, status = sentence_and_status(OSError(number, "whatever", "/some/file"))
    assert sentence.startswith("/some/file: ")
    assert words in sentence
    assert status == 1


def test_lack_of_memory_has_a_remedy():
    assert "batch_size" in sentence_and_status(MemoryError())[0]


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EMFILE, "Too many open files", "/some/file"),
        OSError(errno.ENFILE, "Too many open files in system"),
        ImportError("libtorch_cpu.so: cannot open shared object file: Too many open files"),
        RuntimeError("unable to open shared memory object: Too many open files (24)"),
    ],
)
def test_too_many_open_files_have_a_remedy_however_they_are_reported(error):
    assert "ulimit -n" in sentence_and_status(error)[0]
    around = RuntimeError("cannot load")
    around.__cause__ = error
    assert "ulimit -n" in sentence_and_status(around)[0]


def test_errors_that_caused_each_other_end_in_a_sentence():
    first, second = RuntimeError("first"), RuntimeError("second")
    first.__context__, second.__context__ = second, first
    assert sentence_and_status(first)[0].startswith("Internal error: RuntimeError: first")


def test_a_part_that_cannot_be_loaded_is_no_bug():
    sentence, status = sentence_and_status(ImportError("No module named 'torch'"))
    assert "Internal" not in sentence
    assert status == 1


def test_a_bug_is_reported_on_one_line():
    sentence, status = sentence_and_status(KeyError("first\nsecond\x1b[31m"))
    assert sentence.startswith("Internal error: KeyError: ")
    assert "--debug" in sentence
    assert sentence.isprintable()
    assert status == 1


def test_a_signal_has_the_status_that_shells_expect():
    assert status_of(KeyboardInterrupt()) == 130
    assert status_of(Stopped(signal.SIGTERM)) == 143
    assert status_of(Stopped(signal.SIGHUP)) == 129


def test_control_characters_are_escaped():
    assert safe("a\x1b[31mb\nc\u202ed\udcff") == "a\\x1b[31mb\\nc\\u202ed\\udcff"
    assert safe("Größe 猫") == "Größe 猫"
