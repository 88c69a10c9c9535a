"""Who keeps a library up to date, and what a process that was killed leaves."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest
from filelock import FileLock

from photos.daemon.lock import Keeper, held, introduce, keeper_of
from photos.errors import AlreadyWatched


def keeper(pid):
    return Keeper(pid, time.time(), "waiting", time.time())


def dead():
    """The number of a process that was."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_only_one_holds_it_and_the_other_is_told_who(tmp_path):
    with held(tmp_path):
        introduce(tmp_path, keeper(os.getpid()))
        assert keeper_of(tmp_path).pid == os.getpid()
        with pytest.raises(AlreadyWatched, match=str(os.getpid())), held(tmp_path):
            pass
    assert keeper_of(tmp_path) is None


def test_what_a_killed_process_said_is_not_believed(tmp_path):
    introduce(tmp_path, keeper(dead()))
    # Somebody who only asks holds the lock for an instant.
    asking = FileLock(tmp_path / "watch.lock", thread_local=False).acquire()
    threading.Timer(0.5, asking.lock.release).start()
    with held(tmp_path):
        assert not (tmp_path / "watch.json").exists()


def test_nothing_is_left_where_there_is_no_room_to_say_anything(tmp_path):
    (tmp_path / "watch.json").mkdir()
    with pytest.raises(IsADirectoryError):
        introduce(tmp_path, keeper(1))
    assert [path.name for path in tmp_path.iterdir()] == ["watch.json"]
