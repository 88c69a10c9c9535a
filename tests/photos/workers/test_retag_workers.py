"""A re-tag by worker processes, one of which is killed."""

import contextlib

from photos.operations.tagging.retag import RetagRequest, retag
from store.queue.base import UnitState
from store.sql import schema as tables
from tests.photos.operations.shared import shared, shared_start
from tests.photos.operations.test_retag import Events
from tests.photos.operations.test_shared_retag import other_vocabulary, scores
from tests.photos.workers.test_workers import wait_for, worker

__all__ = ["shared", "shared_start"]


def test_a_retag_goes_on_when_a_worker_is_killed_within_it(shared, tmp_path):
    with shared.open() as library, contextlib.ExitStack() as running:

        def registered(process):
            with library.catalog.read() as t:
                return any(each.process == process.pid for each in library.queue.state(t).workers)

        def start():
            process, _ = running.enter_context(worker(shared.address, tmp_path, "--tasks", "retag"))
            wait_for(lambda: registered(process))
            return process

        def kill():
            # It cannot store anything before this transaction ends.
            with library.catalog.write() as t:
                ids = [unit for unit, _ in library.queue.waiting(t, "retag")]
                wait_for(lambda: UnitState.RUNNING in library.queue.states(t, ids).values())
                victim.kill()
                victim.wait()
            start()

        with library.catalog.write() as t:
            library.queue.ensure(t)
        victim = start()
        (done,) = retag(library, RetagRequest(vocabulary=other_vocabulary(shared)), Events(kill)).retags
        assert done.report.changed is None
        by_workers = scores(library)
    with shared.open(queue=False) as library:
        with library.catalog.write() as t:
            for table in (tables.photo_scores, tables.least_rank):
                t.connection.execute(table.delete())
        assert retag(library, RetagRequest()).retags[0].report.changed == done.report.photos > 0
        assert scores(library) == by_workers
