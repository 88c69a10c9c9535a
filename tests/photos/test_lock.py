"""The lock of a library, and the published state of the process that holds it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest
from filelock import FileLock

from photos.errors import AlreadyWatched, MovesBusy
from photos.lock import DaemonInfo, library_lock, named_lock, running_daemon, write_info
from store import Catalog


def info(pid):
    return DaemonInfo(pid, time.time(), "waiting", time.time())


def dead():
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_only_one_process_holds_the_lock_and_is_named(tmp_path):
    with library_lock(tmp_path):
        write_info(tmp_path, info(os.getpid()))
        assert running_daemon(tmp_path).pid == os.getpid()
        with pytest.raises(AlreadyWatched, match=str(os.getpid())), library_lock(tmp_path):
            pass
    assert running_daemon(tmp_path) is None


def test_the_state_of_a_killed_process_is_ignored(tmp_path):
    write_info(tmp_path, info(dead()))
    # A process that only reads the state holds the lock for an instant.
    asking = FileLock(tmp_path / "watch.lock", thread_local=False).acquire()
    threading.Timer(0.5, asking.lock.release).start()
    with library_lock(tmp_path):
        assert not (tmp_path / "watch.json").exists()


def test_a_failed_write_leaves_no_partial_file(tmp_path):
    (tmp_path / "watch.json").mkdir()
    with pytest.raises(IsADirectoryError):
        write_info(tmp_path, info(1))
    assert [path.name for path in tmp_path.iterdir()] == ["watch.json"]


def test_a_lock_of_a_catalog_on_a_server_holds_for_all_machines(server, tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    with server.database(server.template) as address, Catalog.open(address) as first, Catalog.open(address) as second:
        for machine in (one, other):
            machine.mkdir()
        with named_lock(one, "moves.lock", MovesBusy(), catalog=first):
            with pytest.raises(MovesBusy), named_lock(other, "moves.lock", MovesBusy(), 0.2, catalog=second):
                pass
            with named_lock(other, "sidecars.lock", MovesBusy(), catalog=second):
                pass
        with named_lock(other, "moves.lock", MovesBusy(), catalog=second):
            pass
