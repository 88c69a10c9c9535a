"""Hints: gathered until it is quiet, and given once."""

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


def test_hints_are_due_when_it_is_quiet():
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


def test_where_it_is_never_quiet_patience_ends():
    clock = Clock()
    hints = DirtyPaths(quiet=2, patience=30, clock=clock)
    for _ in range(30):
        hints.add(1, shallow(b"a"))
        assert not hints.wait(0)
        clock.now += 1
    assert hints.wait(0)


def test_what_others_cover_is_left_out():
    hints = DirtyPaths()
    for part in (shallow(b"a/b"), deep(b"a"), shallow(b"a"), deep(b"a/c"), shallow(b"ab"), shallow(b""), deep(b"b")):
        hints.add(1, part)
    hints.add(2, shallow(b"x"))
    hints.add(2)
    hints.add(2, deep(b"y"))
    assert hints.take() == {1: [shallow(b""), deep(b"a"), shallow(b"ab"), deep(b"b")], 2: [WHOLE]}


def test_very_many_hints_become_the_whole_folder():
    hints = DirtyPaths()
    for number in range(10_001):
        hints.add(1, shallow(str(number).encode()))
    assert hints.take() == {1: [WHOLE]}


def test_a_hint_of_another_thread_ends_the_wait():
    hints = DirtyPaths(quiet=0.05)
    threading.Timer(0.05, hints.add, (1,)).start()
    started = time.monotonic()
    assert hints.wait(20)
    assert time.monotonic() - started < 10
