"""Functions that a process calls for tests: some harm it."""

from __future__ import annotations

import os
import signal
import time


def process_and(argument):
    return os.getpid(), argument


def crash(argument):
    os.kill(os.getpid(), signal.SIGSEGV)


def hang(argument):
    time.sleep(600)


def devour(argument):
    return len(bytearray(1 << 33))


def fail(argument):
    raise RuntimeError(argument)
