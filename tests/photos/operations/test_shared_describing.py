"""Describing by workers: the command waits for them, and what they cannot do stays for others."""

from contextlib import suppress

import pytest

from photos.model_errors import DescriberEnded
from photos.operations.describing.describe import DescribeRequest, describe
from photos.operations.describing.describe_unit import describe_unit
from photos.operations.describing.shared_describing import DESCRIBE
from photos.operations.progress import Stage, Step
from store.queue.base import HandedBack, UnitEnded, UnitReturned
from store.queue.worker import WorkerOptions, run_worker
from tests.photos.describers import ColourDescriber
from tests.photos.operations.shared import shared, shared_start
from tests.photos.operations.test_describing import captions

__all__ = ["shared", "shared_start"]
ENDPOINT = {"describe_endpoint": "http://localhost:1"}


class AtFirst:
    """Receiver of progress that calls a function at the first step of describing."""

    def __init__(self, call):
        self.steps = []
        self._call = call

    def report(self, event, /):
        if isinstance(event, Step) and event.stage is Stage.DESCRIBE:
            self.steps.append((event.done, event.total))
            call, self._call = self._call, lambda: None
            call()


def drain(shared, describer, **settings):
    """Do the units that wait, as a worker with that describer does. Returns its events and what it told."""
    events, told = [], []
    with shared.open(**ENDPOINT, **settings) as library:
        library.on_notice = told.append
        handlers = {DESCRIBE: lambda arguments: describe_unit(library, arguments, describer)}
        run_worker(library.catalog, handlers, WorkerOptions(drain=True), events.append)
    return events, told


def test_workers_describe_and_the_command_waits(shared):
    shared.pretend_a_worker(DESCRIBE)
    workers = ColourDescriber(silent={"white"})
    progress = AtFirst(lambda: drain(shared, workers))
    own = ColourDescriber()
    with shared.open(**ENDPOINT) as library:
        done = describe(library, DescribeRequest(), progress, own)
        held = captions(library)
    count = len(held) + 1
    assert (done.described, done.undescribed, done.left, done.problem) == (count - 1, 1, 0, None)
    assert [each.path.rpartition(b"/")[2] for each in done.named] == [b"white.png"]
    assert (own.opened, own.calls, workers.opened) == (0, 0, 1)
    assert held["red.png"] == "A red area"
    assert progress.steps == [(0, count), (count, count)]
    with shared.open(**ENDPOINT) as library:
        # A unit that is done again asks about the others alone.
        workers.silent.clear()
        workers.pictures.clear()
        assert describe(library, DescribeRequest(), AtFirst(lambda: drain(shared, workers)), own).described == 1
        assert len(workers.pictures) == 1
        assert library.queue is not None


def test_a_describer_that_ends_fails_the_unit_and_the_command_says_why(shared):
    shared.pretend_a_worker(DESCRIBE)
    workers = ColourDescriber(away_at=1)

    def three_times():
        for _ in range(3):
            workers.calls = 0
            drain(shared, workers)
            # As if its time had come.
            shared.run("UPDATE procrastinate_jobs SET scheduled_at = NULL")

    with shared.open(**ENDPOINT) as library:
        done = describe(library, DescribeRequest(), AtFirst(three_times), ColourDescriber())
    assert done.described == 0
    assert "it went out" in done.problem
    assert done.left > 0


def test_a_unit_goes_on_where_a_killed_worker_was(shared):
    shared.pretend_a_worker(DESCRIBE)
    workers = ColourDescriber(away_at=2)

    def killed():
        raise KeyboardInterrupt

    with shared.open(**ENDPOINT) as library:
        with suppress(KeyboardInterrupt):
            describe(library, DescribeRequest(), AtFirst(killed), workers)
        with library.catalog.read() as t:
            ((_, arguments),) = library.queue.waiting(t, DESCRIBE)
        with pytest.raises(DescriberEnded, match="it went out"):
            describe_unit(library, arguments, workers)
        first = len(workers.pictures)
        assert len(captions(library)) == first > 0
        drain(shared, workers)
        assert len(captions(library)) == len(workers.pictures) > first


def test_a_worker_without_the_describer_or_the_folder_leaves_the_unit(shared):
    shared.pretend_a_worker(DESCRIBE)
    other = ColourDescriber()
    other.name = "others@there"
    seen = []

    def look():
        seen.append(drain(shared, other))
        shared.run("UPDATE procrastinate_jobs SET scheduled_at = NULL")
        moved = shared.pictures.rename(shared.pictures.with_name("moved"))
        seen.append(drain(shared, ColourDescriber()))
        shared.run("UPDATE procrastinate_jobs SET scheduled_at = NULL")
        seen.append(drain(shared, ColourDescriber(), map=[f"{shared.pictures}={moved}"]))

    with shared.open(**ENDPOINT) as library:
        done = describe(library, DescribeRequest(), AtFirst(look), ColourDescriber())
    (first, said), (second, missed), (third, nothing) = seen
    assert [type(each) for each in (first[-1], second[-1], third[-1])] == [UnitReturned, UnitReturned, UnitEnded]
    assert "here it is others@there" in said[0]
    assert "is not on this machine" in missed[0]
    assert (nothing, done.problem, done.undescribed) == ([], None, 0)
    assert done.described > 0


def test_a_unit_of_photos_that_were_deleted_is_done(shared):
    with shared.open(**ENDPOINT) as library:
        arguments = {"describer": "endpoint", "tasks": ["caption"], "remote": False, "name": "colours@here"}
        describe_unit(library, {**arguments, "photos": [999], "again": True}, ColourDescriber())
        with pytest.raises(HandedBack):
            describe_unit(library, {**arguments, "name": "x", "photos": [1], "again": False}, ColourDescriber())
