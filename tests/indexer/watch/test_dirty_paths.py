"""Dirty paths: collected until changes stop, and returned once."""

import threading
import time

from indexer import WHOLE, DirtyPaths, Subtree


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def shallow(path):
    return Subtree(path, is_deep=False)


def deep(path):
    return Subtree(path, is_deep=True)


def test_dirty_paths_are_due_when_changes_stop():
    clock = Clock()
    hints = DirtyPaths(quiet=2, patience=30, clock=clock)
    assert not hints.wait(0)
    hints.add(1, shallow(b"a"))
    assert not hints.wait(0)
    clock.now += 1.5
    hints.add(1, shallow(b"a"))
    clock.now += 1.5
    assert not hints.wait(0)
    clock.now += 0.5
    assert hints.wait(0)
    assert hints.take() == {1: [shallow(b"a")]}
    assert not hints.wait(0)
    assert hints.take() == {}


def test_dirty_paths_are_due_at_last_if_changes_never_stop():
    clock = Clock()
    hints = DirtyPaths(quiet=2, patience=30, clock=clock)
    for _ in range(30):
        hints.add(1, shallow(b"a"))
        assert not hints.wait(0)
        clock.now += 1
    assert hints.wait(0)


def test_parts_covered_by_others_are_left_out():
    hints = DirtyPaths()
    for part in (shallow(b"a/b"), deep(b"a"), shallow(b"a"), deep(b"a/c"), shallow(b"ab"), shallow(b""), deep(b"b")):
        hints.add(1, part)
    hints.add(2, shallow(b"x"))
    hints.add(2)
    hints.add(2, deep(b"y"))
    assert hints.take() == {1: [shallow(b""), deep(b"a"), shallow(b"ab"), deep(b"b")], 2: [WHOLE]}


def test_very_many_parts_become_the_whole_folder():
    hints = DirtyPaths()
    for number in range(10_001):
        hints.add(1, shallow(str(number).encode()))
    assert hints.take() == {1: [WHOLE]}


def test_a_part_added_by_another_thread_ends_the_wait():
    hints = DirtyPaths(quiet=0.05)
    threading.Timer(0.05, hints.add, (1,)).start()
    started = time.monotonic()
    assert hints.wait(20)
    assert time.monotonic() - started < 10
