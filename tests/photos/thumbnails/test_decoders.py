"""The pool of decoder processes: bounded, and empty when nobody asks."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress

import pytest

from indexer.workers.bounded_calls import CallFailed
from photos.thumbnails.decoders import AllBusy, Decoders
from tests.indexer.workers.calls import crash, devour, hang, process_and

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX")


def is_running(process):
    with suppress(ProcessLookupError):
        os.kill(process, 0)
        return True
    return False


def test_a_process_serves_one_call_after_the_other():
    with Decoders(2) as decoders:
        first, second = (decoders.call(process_and, "x", 60)[0] for _ in range(2))
    assert first == second != os.getpid()
    assert not is_running(first)


@pytest.mark.parametrize("function", [crash, hang, devour])
def test_a_harmful_call_costs_its_result_alone(function):
    with Decoders(1, longest=1, most_memory=1 << 28) as decoders:
        assert isinstance(decoders.call(function, "x", 60), CallFailed)
        assert decoders.call(process_and, "y", 60)[1] == "y"


def test_who_waits_too_long_is_told_so_and_closing_ends_a_call():
    with Decoders(1) as decoders:
        results = []
        thread = threading.Thread(target=lambda: results.append(decoders.call(hang, "x", 60)))
        thread.start()
        while not decoders._busy:
            pass
        assert decoders.call(process_and, "y", 0.01) == AllBusy()
        decoders.close()
        thread.join()
        assert isinstance(results[0], CallFailed)
        assert decoders.call(process_and, "y", 60) == AllBusy()


def test_idle_processes_end():
    with Decoders(1, idle=0.01) as decoders:
        process, _ = decoders.call(process_and, "x", 60)
        for _ in range(1000):
            if not is_running(process):
                break
            threading.Event().wait(0.01)
        assert not is_running(process)
        assert decoders.call(process_and, "x", 60)[0] != process
