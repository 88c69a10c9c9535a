"""The queue of work in a catalog's database, and workers that take units of it."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from store import Catalog, CatalogUnreachable, CatalogUpgraded, DatabaseReadOnly, QueueOfAnother
from store.queue.base import HandedBack, Unfit, Unit, UnitEnded, UnitReturned, UnitState
from store.queue.procrastinate_queue import queue_of
from store.queue.worker import WorkerOptions, run_worker

DRAIN = WorkerOptions("CPU", drain=True, silence=1)
#: A worker that says what it begins, and is at each unit for as long as the unit says.
WORKER = """
import sys, time
from store import Catalog
from store.queue.worker import WorkerOptions, run_worker

def sleep(arguments):
    print("begun", arguments["number"], flush=True)
    time.sleep(arguments["seconds"])

with Catalog.open(sys.argv[1]) as catalog:
    run_worker(catalog, {"sleep": sleep}, WorkerOptions("CPU", silence=1))
"""


@pytest.fixture
def catalog(server):
    with server.database(server.template) as address, Catalog.open(address) as opened:
        yield opened


@pytest.fixture
def queue(catalog):
    return queue_of(catalog)


def defer(catalog, *units):
    with catalog.write() as t:
        return queue_of(catalog).defer(t, units)


def state(catalog):
    with catalog.read() as t:
        return queue_of(catalog).state(t)


def drained(catalog, handler, task="count"):
    events = []
    run_worker(catalog, {task: handler}, DRAIN, events.append)
    return events


def test_a_catalog_in_a_file_has_no_queue(tmp_path):
    with Catalog.open(tmp_path / "catalog.db") as catalog:
        assert queue_of(catalog) is None


def test_units_are_due_when_their_transaction_is_committed(catalog, queue):
    with pytest.raises(ZeroDivisionError), catalog.write() as t:
        queue.defer(t, [Unit("count", {"number": 1})])
        raise ZeroDivisionError
    assert state(catalog).tasks == ()
    ids = defer(catalog, Unit("count", {"number": 2}, items=5), Unit("other", {"texts": ["ä", "b"]}))
    with catalog.read() as t:
        assert queue.states(t, ids) == dict.fromkeys(ids, UnitState.WAITING)
        assert list(queue.waiting(t, "other")) == [(ids[1], {"texts": ["ä", "b"]})]
    (count, _) = state(catalog).tasks
    assert (count.task, count.waiting, count.items, count.seconds_left) == ("count", 1, 5, None)
    done = []
    events = drained(catalog, lambda arguments: done.append(arguments["number"]))
    assert done == [2]
    assert next(event for event in events if isinstance(event, UnitEnded)).problem is None
    with catalog.read() as t:
        assert queue.states(t, ids) == {ids[1]: UnitState.WAITING}


def test_a_unit_that_fails_is_tried_three_times_and_then_shown_with_its_sentence(catalog, server):
    defer(catalog, Unit("count", {"number": 1}))
    for attempt in range(1, 4):
        events = drained(catalog, lambda _arguments: {}["nothing"])
        assert [event.given_up for event in events if isinstance(event, UnitEnded)] == [attempt == 3]
        # As if its time had come.
        server.run("UPDATE procrastinate_jobs SET scheduled_at = NULL", database_of(catalog))
    (trouble,) = state(catalog).troubles
    assert (trouble.task, trouble.given_up, trouble.reason) == ("count", True, "Internal error: KeyError: 'nothing'")
    # What is deferred next was found out anew.
    defer(catalog, Unit("count", {"number": 1}))
    assert state(catalog).troubles == ()


def test_a_unit_is_tried_for_ever_while_the_server_or_a_disk_is_away(catalog, server):
    defer(catalog, Unit("count", {}))
    server.run("UPDATE photos_unit SET setbacks = 50", database_of(catalog))

    def unreachable(_arguments):
        raise CatalogUnreachable("postgresql://server/photos", "it is gone")

    (ended,) = (event for event in drained(catalog, unreachable) if isinstance(event, UnitEnded))
    assert not ended.given_up
    assert state(catalog).troubles[0].given_up is False


def test_a_unit_is_handed_back_for_a_later_time(catalog):
    defer(catalog, Unit("count", {}))

    def later(_arguments):
        raise HandedBack(60)

    assert any(isinstance(event, UnitReturned) for event in drained(catalog, later))
    assert state(catalog).tasks[0].waiting == 1
    assert state(catalog).troubles == ()


def test_what_was_handed_back_is_no_attempt_that_failed(catalog):
    defer(catalog, Unit("count", {}))
    left = []

    def at_last(_arguments):
        left.append(0)
        if len(left) < 4:
            raise HandedBack
        raise KeyError

    events = drained(catalog, at_last)
    assert [event.given_up for event in events if isinstance(event, UnitEnded)] == [False]
    (trouble,) = state(catalog).troubles
    assert (trouble.attempts, trouble.given_up) == (1, False)


def test_a_worker_looks_at_all_units_before_it_takes_one_again_that_it_left(catalog):
    defer(catalog, *(Unit("count", {"number": number}) for number in range(3)))
    taken = []

    def leave(arguments):
        taken.append(arguments["number"])
        if len(taken) <= 2:
            # It is due again at once.
            raise HandedBack(0.1)

    drained(catalog, leave)
    assert taken == [0, 1, 2, 0, 1]


def test_a_worker_that_leaves_all_units_takes_few_from_the_others(catalog):
    defer(catalog, Unit("count", {}))
    times = []

    def leave(_arguments):
        times.append(time.monotonic())
        if len(times) < 5:
            raise HandedBack(0.4)

    drained(catalog, leave)
    # It holds what it left before for a tenth of the time.
    assert times[-1] - times[0] >= 3 * 0.04


def test_a_worker_of_another_version_ends_and_hands_its_unit_back(catalog, server):
    defer(catalog, Unit("count", {}))

    def read(_arguments):
        server.run("UPDATE alembic_version SET version_num = '9999'", database_of(catalog))
        with catalog.read():
            pass

    with pytest.raises(CatalogUpgraded):
        drained(catalog, read)
    ((waiting,),) = server.run("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'", database_of(catalog))
    assert waiting == 1


def test_a_worker_whose_role_may_not_use_the_queue_gets_a_sentence(catalog, server):
    defer(catalog, Unit("count", {}))
    with (
        role(server, catalog, "SELECT") as address,
        Catalog.open(address) as theirs,
        pytest.raises(DatabaseReadOnly, match="permission denied"),
    ):
        run_worker(theirs, {"count": print}, DRAIN)


def test_a_worker_that_can_do_no_such_work_ends_and_hands_it_back(catalog):
    defer(catalog, Unit("count", {}))

    def unfit(_arguments):
        raise Unfit(LookupError("no model here"))

    with pytest.raises(LookupError, match="no model here"):
        drained(catalog, unfit)
    assert state(catalog).tasks[0].waiting == 1


def test_an_interruption_hands_the_unit_back(catalog):
    defer(catalog, Unit("count", {}))

    def interrupted(_arguments):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drained(catalog, interrupted)
    assert state(catalog).tasks[0].waiting == 1
    assert state(catalog).workers == ()


def test_the_unit_of_a_killed_worker_is_taken_by_another_one_and_a_stopped_one_hands_it_back(catalog, tmp_path):
    defer(catalog, Unit("sleep", {"number": 1, "seconds": 60}))
    command = [sys.executable, "-c", WORKER, str(catalog.path)]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    second = None
    try:
        assert first.stdout.readline() == "begun 1\n"
        (worker,) = wait_for(lambda: state(catalog).workers)
        assert (worker.process, worker.device, worker.doing) == (first.pid, "CPU", "sleep")
        first.kill()
        second = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert second.stdout.readline() == "begun 1\n"
        second.send_signal(signal.SIGINT)
        started = time.monotonic()
        second.wait(20)
        assert time.monotonic() - started < 5
        assert state(catalog).tasks[0].waiting == 1
    finally:
        for process in filter(None, (first, second)):
            process.kill()
            process.communicate()


def test_a_worker_whose_connections_are_cut_goes_on(catalog, server):
    defer(catalog, *(Unit("count", {"number": number}) for number in range(3)))
    done = []

    def count(arguments):
        done.append(arguments["number"])
        if len(done) == 1:
            server.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                f" WHERE datname = '{database_of(catalog)}' AND pid <> pg_backend_pid()"
            )

    drained(catalog, count)
    assert sorted(done) == [0, 1, 2]
    assert state(catalog).tasks == ()


def test_the_queue_of_another_program_is_left_alone(catalog, queue, server):
    server.run("CREATE TABLE procrastinate_jobs (id bigint)", database_of(catalog))
    with pytest.raises(QueueOfAnother), catalog.write() as t:
        queue.defer(t, [Unit("count", {})])


def test_a_role_that_may_make_no_tables_gets_a_sentence(catalog, server):
    with (
        role(server, catalog, "SELECT, INSERT") as address,
        Catalog.open(address) as theirs,
        pytest.raises(DatabaseReadOnly),
        theirs.write() as t,
    ):
        queue_of(theirs).defer(t, [Unit("count", {})])


@contextlib.contextmanager
def role(server, catalog, rights):
    """The address of the catalog for a role that has these rights to all tables."""
    name = f"photos_test_{os.getpid()}_queue"
    server.run(f"CREATE ROLE {name} LOGIN")
    server.run(f"GRANT {rights} ON ALL TABLES IN SCHEMA public TO {name}", database_of(catalog))
    try:
        yield str(catalog.path).replace("//postgres@", f"//{name}@")
    finally:
        server.run(f"DROP OWNED BY {name}", database_of(catalog))
        server.run(f"DROP ROLE {name}")


def database_of(catalog):
    return str(catalog.path).partition("?")[0].rpartition("/")[2]


def wait_for(look):
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.1)
    raise TimeoutError
