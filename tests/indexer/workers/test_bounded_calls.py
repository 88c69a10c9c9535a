"""A call that crashes, hangs or takes all memory costs its result, and nothing else."""

from __future__ import annotations

import os
import sys

import pytest

from indexer.workers.bounded_calls import BoundedCalls, CallFailed
from tests.indexer.workers.calls import crash, devour, fail, hang, process_and

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX")


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (crash, "the process that read it ended (signal 11)"),
        (hang, "it took more than 2 seconds"),
        (devour, "there was not enough memory for it"),
        (fail, "reading it went wrong (RuntimeError)"),
    ],
    ids=["crash", "hang", "memory", "error"],
)
def test_a_harmful_call_fails_and_the_next_one_works(function, reason):
    with BoundedCalls(longest=2, most_memory=1 << 28) as calls:
        assert calls.call(function, "x") == CallFailed(reason)
        process, argument = calls.call(process_and, b"\0" * 100_000)
        assert process != os.getpid()
        assert argument == b"\0" * 100_000


def test_one_process_serves_all_calls_and_ends():
    with BoundedCalls() as calls:
        (first, _), (second, _) = calls.call(process_and, 1), calls.call(process_and, 2)
        assert first == second
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
