"""Fixtures of all tests."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.store import postgres
from tests.store.dialects import share_compiled_statements
from tests.store.sqlite import empty_catalog


@pytest.fixture(autouse=True, scope="session")
def default_signals():
    """Restore default signal handling for subprocesses, even if the tests run under `nohup` or in the background."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)}
    for number, handler in before.items():
        if handler is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


TESTS = Path(__file__).parent
#: Folders of tests that run the program, browsers or trainings.
LONG = {"browser", "e2e", "page", "stress", "training"}

# Before anything loads torch: workers share the cores already, and threads that wait for each other cost a third more.
os.environ.setdefault("OMP_NUM_THREADS", "1")
share_compiled_statements()


@pytest.fixture(autouse=True)
def own_home(monkeypatch, tmp_path_factory):
    """Give each test an empty home, so that no test reads or writes the settings and libraries of the user."""
    home = tmp_path_factory.mktemp("home")
    for name in [name for name in os.environ if name.startswith(("PHOTOS_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    return home


def pytest_collection_modifyitems(items):
    """Let modules of few and long tests come first, so that no worker has one of them left when the others are done."""
    items.sort(key=lambda item: item.path.relative_to(TESTS).parts[0] not in LONG)


def pytest_generate_tests(metafunc):
    """Run what needs a database on each; a test marked `sqlite`, with its reason, on SQLite alone."""
    if "database" in metafunc.fixturenames:
        alone = metafunc.definition.get_closest_marker("sqlite")
        metafunc.parametrize("database", ["sqlite"] if alone else ["sqlite", "postgres"], indirect=True)


@pytest.fixture(scope="session")
def server():
    """A PostgreSQL server with pgvector."""
    reason = postgres.why_not()
    if reason is not None:
        (pytest.fail if postgres.WANTED else pytest.skip)(reason)
    with postgres.running() as running:
        yield running


@contextmanager
def new_database(request, kind, folder) -> Iterator[Path | str]:
    """Yield where an empty catalog is: the path of a file in *folder*, or the address of a database on a server."""
    if kind == "sqlite":
        yield empty_catalog(folder / "catalog.db")
        return
    running = request.getfixturevalue("server")
    with running.database(running.template) as address:
        yield address


@pytest.fixture
def database(request, tmp_path) -> Iterator[Path | str]:
    """The place of an empty catalog: the path of a file, or the address of a database on a server."""
    with new_database(request, request.param, tmp_path) as place:
        yield place
