"""Who keeps a library up to date, and what a process that was killed leaves."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest
from filelock import FileLock

from photos.errors import AlreadyWatched
from photos.lock import DaemonInfo, library_lock, running_daemon, write_info


def keeper(pid):
    return DaemonInfo(pid, time.time(), "waiting", time.time())


def dead():
    """The number of a process that was."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_only_one_holds_it_and_the_other_is_told_who(tmp_path):
    with library_lock(tmp_path):
        write_info(tmp_path, keeper(os.getpid()))
        assert running_daemon(tmp_path).pid == os.getpid()
        with pytest.raises(AlreadyWatched, match=str(os.getpid())), library_lock(tmp_path):
            pass
    assert running_daemon(tmp_path) is None


def test_what_a_killed_process_said_is_not_believed(tmp_path):
    write_info(tmp_path, keeper(dead()))
    # Somebody who only asks holds the lock for an instant.
    asking = FileLock(tmp_path / "watch.lock", thread_local=False).acquire()
    threading.Timer(0.5, asking.lock.release).start()
    with library_lock(tmp_path):
        assert not (tmp_path / "watch.json").exists()


def test_nothing_is_left_where_there_is_no_room_to_say_anything(tmp_path):
    (tmp_path / "watch.json").mkdir()
    with pytest.raises(IsADirectoryError):
        write_info(tmp_path, keeper(1))
    assert [path.name for path in tmp_path.iterdir()] == ["watch.json"]
