"""Libraries on a server, and workers in the test's own process."""

import contextlib
import shutil

import pytest

from photos.config import load
from photos.library import OpenLibrary
from photos.workers.tasks import TASKS
from photos.workers.worker import WorkRequest, work
from tests.photos.conftest import Program, make_pictures, read_here
from tests.photos.encoders import ColourEncoders

#: Rows of a worker that seems to live.
_WORKER = """
WITH made AS (INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id)
INSERT INTO photos_worker (worker_id, host, process, device, tasks)
SELECT id, 'elsewhere', 1, 'CPU', ARRAY['{tasks}'] FROM made
"""


class SharedLibrary:
    """A library whose catalog is on a server, at *address*, with its *pictures*."""

    def __init__(self, program, address, server, pictures):
        self.program, self.address, self._server, self.pictures = program, address, server, pictures

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
        return self._server.run(statement, database_of(self.address))


class SharedStart:
    """A library with a picture of each colour. It is indexed once, and its database copied for each test."""

    def __init__(self, server, folder):
        self._server = server
        self._stack = contextlib.ExitStack()
        self._folder = folder
        self._database = None

    def database(self, program, checkpoint, vocabulary):
        """The name of the database, made by *program* at first."""
        if self._database is None:
            address = self._stack.enter_context(self._server.database(self._server.template))
            first = program(self._folder / "library", PHOTOS_CATALOG=address)
            assert first("vocab", "use", vocabulary).status == 0
            assert first("add", make_pictures(self._folder / "pictures"), "--model", checkpoint).status == 0
            self._database = database_of(address)
        return self._database

    @property
    def pictures(self):
        """The folder that its pictures were in."""
        return self._folder / "pictures"

    def close(self):
        """Drop the database."""
        self._stack.close()


def database_of(address):
    """The name of the database at *address*."""
    return address.partition("?")[0].rpartition("/")[2]


@pytest.fixture(scope="session")
def shared_start(server, tmp_path_factory):
    start = SharedStart(server, tmp_path_factory.mktemp("shared"))
    yield start
    start.close()


@pytest.fixture
def shared(server, shared_start, tmp_path, capsys, checkpoint, vocabulary):
    """A library on a server that has a picture of each colour, and its pictures in a folder of the test's own."""

    def program(library, **settings):
        return Program(library, capsys, ColourEncoders(), PHOTOS_PRECISION="float32", **settings)

    template = shared_start.database(program, checkpoint, vocabulary)
    pictures = shutil.copytree(shared_start.pictures, tmp_path / "pictures")
    with server.database(template) as address:
        server.run(f"UPDATE folder SET path = convert_to('{pictures}', 'UTF8')", database_of(address))
        yield SharedLibrary(program(tmp_path / "library", PHOTOS_CATALOG=address), address, server, pictures)
