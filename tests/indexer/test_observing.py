"""Listening to the system, on real folders."""

import errno
import logging
import os
import shutil
import time

import pytest

from indexer import WHOLE, Hints, Subtree
from indexer.watch.filesystem_events import Ears, _file_system, _reason, refusal_of
from store import Folder


@pytest.fixture
def hints():
    return Hints(quiet=0.2)


@pytest.fixture
def ears(hints):
    made = Ears(hints)
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "photos"
    (path / "trip").mkdir(parents=True)
    (path / "trip" / "a.jpg").write_bytes(b"a")
    return path


def listen(ears, hints, folder):
    deaf = ears.listen([Folder(1, os.fsencode(folder))])
    hints.take()
    return deaf


def heard(hints):
    assert hints.wait(10), "nothing was heard"
    return hints.take().get(1, [])


def test_a_folder_is_looked_at_when_listening_begins(ears, hints, folder):
    assert ears.listen([Folder(1, os.fsencode(folder))]) == []
    assert heard(hints) == [WHOLE]
    assert ears.listen([Folder(1, os.fsencode(folder))]) == []
    assert not hints.wait(0.4)


def test_files_are_hints_of_the_folder_they_are_in(ears, hints, folder):
    listen(ears, hints, folder)
    (folder / "trip" / "b.jpg").write_bytes(b"b")
    assert heard(hints) == [Subtree(b"trip", is_deep=False)]
    (folder / "trip" / "b.jpg").rename(folder / "b.jpg")
    assert set(heard(hints)) == {Subtree(b"trip", is_deep=False), Subtree(b"", is_deep=False)}


def test_folders_are_hints_of_all_that_is_in_them(ears, hints, folder, tmp_path):
    listen(ears, hints, folder)
    (folder / "trip").rename(folder / "journey")
    assert set(heard(hints)) >= {Subtree(b"trip", is_deep=True), Subtree(b"journey", is_deep=True)}
    shutil.move(folder / "journey", tmp_path / "away")
    assert Subtree(b"journey", is_deep=True) in heard(hints)


def test_rules_are_hints_of_all_that_they_rule(ears, hints, folder):
    listen(ears, hints, folder)
    (folder / "trip" / ".photosignore").write_text("*.png")
    assert heard(hints) == [Subtree(b"trip", is_deep=True)]


def test_reading_is_no_news(ears, hints, folder):
    listen(ears, hints, folder)
    (folder / "trip" / "a.jpg").read_bytes()
    os.listdir(folder / "trip")
    assert not hints.wait(0.8)


def test_a_folder_that_is_another_than_before_is_looked_at_and_listened_to(ears, hints, folder):
    listen(ears, hints, folder)
    shutil.rmtree(folder)
    (folder / "new").mkdir(parents=True)
    time.sleep(0.3)
    hints.take()
    ears.listen([Folder(1, os.fsencode(folder))])
    assert WHOLE in heard(hints)
    (folder / "new" / "c.jpg").write_bytes(b"c")
    assert heard(hints) == [Subtree(b"new", is_deep=False)]


def test_a_folder_that_is_not_there_is_tried_again_when_it_is(ears, hints, tmp_path):
    deaf = listen(ears, hints, tmp_path / "later")
    assert [each.reason for each in deaf] == ["No such file or directory"]
    assert len(ears.deaf()) == 1
    (tmp_path / "later").mkdir()
    assert ears.listen([Folder(1, os.fsencode(tmp_path / "later"))]) == []
    assert ears.deaf() == []


def test_what_is_learnt_of_a_folder_is_no_news_and_other_rules_are(ears, hints, folder):
    listen(ears, hints, folder)
    path = os.fsencode(folder)
    ears.listen([Folder(1, path, device=5)])
    assert hints.take() == {}
    ears.listen([Folder(1, path, ("*.png",), 5)])
    assert hints.take() == {1: [WHOLE]}


def test_a_folder_that_is_no_longer_wanted_is_not_heard(ears, hints, folder):
    listen(ears, hints, folder)
    ears.listen([])
    (folder / "trip" / "b.jpg").write_bytes(b"b")
    assert not hints.wait(0.6)


def test_news_that_was_lost_means_everything(ears, hints, folder):
    listen(ears, hints, folder)
    # What watchdog does when the system's queue has overflowed.
    logging.getLogger("watchdog.observers.inotify_c").warning("Inotify queue overflowed; filesystem events were lost")
    assert heard(hints) == [WHOLE]


def test_names_that_are_no_text_are_heard(ears, hints, folder):
    listen(ears, hints, folder)
    strange = os.path.join(os.fsencode(folder), b"\xff")
    os.mkdir(strange)
    assert Subtree(b"\xff", is_deep=True) in heard(hints)


def test_a_limit_that_is_reached_below_makes_a_folder_deaf_until_there_is_room_again(hints, folder):
    answers = ["the limit is reached"]
    ears = Ears(hints, lambda observer: answers[-1])
    try:
        assert [each.reason for each in listen(ears, hints, folder)] == ["the limit is reached"]
        assert listen(ears, hints, folder) == []
        assert [each.reason for each in ears.deaf()] == ["the limit is reached"]
        answers.append(None)
        # What it was not heard in has to be looked at.
        assert ears.listen([Folder(1, os.fsencode(folder))]) == []
        assert WHOLE in heard(hints)
        assert ears.deaf() == []
    finally:
        ears.close()


def test_the_system_takes_another_folder_and_says_nothing(ears, hints, folder):
    listen(ears, hints, folder)
    assert ears._observer is not None
    assert refusal_of(ears._observer) is None
    assert not hints.wait(0.4)


def test_limits_of_the_system_name_their_remedy():
    assert "fs.inotify.max_user_watches=" in _reason(OSError(errno.ENOSPC, "inotify watch limit reached"))
    assert "fs.inotify.max_user_instances=" in _reason(OSError(errno.EMFILE, "inotify instance limit reached"))


def test_the_kind_of_a_file_system_is_read_from_the_mounts(tmp_path):
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
