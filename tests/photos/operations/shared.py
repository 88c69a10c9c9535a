"""Libraries on a server, and workers in the test's own process."""

import contextlib

import pytest

from photos.config import load
from photos.library import OpenLibrary
from photos.workers.tasks import TASKS
from photos.workers.worker import WorkRequest, work
from tests.photos.conftest import Program, read_here
from tests.photos.encoders import ColourEncoders

#: Rows of a worker that seems to live.
_WORKER = """
WITH made AS (INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id)
INSERT INTO photos_worker (worker_id, host, process, device, tasks)
SELECT id, 'elsewhere', 1, 'CPU', ARRAY['{tasks}'] FROM made
"""


class SharedLibrary:
    """A library whose catalog is on a server, at *address*."""

    def __init__(self, program, address, server):
        self.program, self.address, self._server = program, address, server

    @contextlib.contextmanager
    def open(self, **settings):
        """Open it with work left to workers, as one of several processes does."""
        given = {"library": self.program.library, "catalog": self.address, "queue": True, **settings}
        with OpenLibrary(load(given, {}), self.program.encoders, read_here) as library:
            yield library

    def drain(self, *tasks, **settings):
        """Do all units that wait, as a worker does. Returns its events."""
        events = []
        with self.open(**settings) as library:
            work(library, WorkRequest(tasks or tuple(TASKS), drain=True), events.append)
        return events

    def pretend_a_worker(self, *tasks):
        """Let a worker of these tasks, or all, seem to live for a while."""
        with self.open() as library, library.catalog.write() as t:
            library.queue.ensure(t)
        self.run(_WORKER.format(tasks="','".join(tasks or TASKS)))

    def run(self, statement):
        """Run a statement in the library's database."""
        return self._server.run(statement, self.address.partition("?")[0].rpartition("/")[2])


@pytest.fixture
def shared(server, tmp_path, capsys, pictures, checkpoint, vocabulary):
    """A library on a server that has a picture of each colour."""
    with server.database(server.template) as address:
        settings = {"PHOTOS_PRECISION": "float32", "PHOTOS_CATALOG": address}
        program = Program(tmp_path / "library", capsys, ColourEncoders(), **settings)
        assert program("vocab", "use", vocabulary).status == 0
        assert program("add", pictures, "--model", checkpoint).status == 0
        yield SharedLibrary(program, address, server)
