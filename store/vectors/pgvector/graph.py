"""The HNSW graph of one space: its DDL, its state, and how it is built and dropped.

It is an index of PostgreSQL on the catalog's own rows, so the server keeps it, and every transaction sees it as it sees
the rows. Nothing depends on it but the time of a search; it may be dropped at any time. One process at a time builds or
drops a graph, under an advisory lock: builds of two spaces would wait for each other, and the server ends one then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import psycopg
from sqlalchemy import Connection

from store.catalog.catalog import Catalog
from store.errors import CatalogBusy
from store.records import Space
from store.sql.postgres import driver_of, try_lock

if TYPE_CHECKING:
    from psycopg import Connection as Driver

#: Rows from which a graph is built: fewer are compared as quickly.
LEAST_ROWS: Final = 50_000
#: Dimensions of a halfvec that pgvector can index.
_MOST_DIMENSIONS: Final = 4000
#: Links of a node, and rows that are compared for the links of a new one. With pgvector's own 64, the rows nearest to a
#: text are found less often than is asked of a search; more links give little for their time.
_LINKS, _CANDIDATES = 16, 128
#: The advisory lock: "PHIX", and seconds that it is waited for by who must have it.
_LOCK: Final = 0x50484958
_PATIENCE: Final = 1.0
#: Bytes of a row in the memory of a build, beside those of its elements and of its links.
_NODE_BYTES: Final = 200
_LINK_BYTES: Final = 24
#: Seconds between two reports of a build.
_STEP = 0.5
#: Milliseconds that the rest of a build is dropped in: it waits for all who read the table, for hours perhaps.
_HASTE: Final = 2000
_PROGRESS: Final = (
    # First while it is built, and then while it is compared with the table.
    "SELECT blocks_done, blocks_total FROM pg_stat_progress_create_index WHERE pid = %s"
)
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class GraphState:
    """A graph: the rows in it as the server last counted them, its bytes, and whether searches may use it."""

    rows: int
    bytes: int
    valid: bool


class Graph:
    """The graph of *space*. Threads may share it. It is built from *least_rows* rows on."""

    def __init__(self, catalog: Catalog, space: Space, least_rows: int = LEAST_ROWS) -> None:
        self._catalog = catalog
        self._space = space
        self._least_rows = least_rows
        self.name = f"embedding_hnsw_{space.id}"

    @property
    def vector(self) -> str:
        """The SQL of a row's vector, as it is indexed: the operator <#> on it makes the planner use the graph."""
        # A column that holds vectors of several spaces has no dimension of its own.
        return f"(vector::halfvec({self._space.identity.dimension}))"

    @property
    def _definition(self) -> str:
        return (
            f"CREATE INDEX CONCURRENTLY {self.name} ON embedding USING hnsw ({self.vector} halfvec_ip_ops)"
            f" WITH (m = {_LINKS}, ef_construction = {_CANDIDATES}) WHERE space_id = {self._space.id}"
        )

    def state(self, connection: Connection) -> GraphState | None:
        """Return the graph's state; None if there is none."""
        found = driver_of(connection).execute(
            "SELECT reltuples, pg_relation_size(c.oid), indisvalid AND indisready"
            " FROM pg_index JOIN pg_class AS c ON c.oid = indexrelid"
            " WHERE indrelid = 'embedding'::regclass AND relname = %s",
            [self.name],
            prepare=False,
        )
        row = found.fetchone()
        return None if row is None else GraphState(max(0, round(row[0])), int(row[1]), bool(row[2]))

    def build(self, progress: Progress) -> bool:
        """Build the graph if there is none, the rows pay for it, and this role may. Returns whether it was built.

        It takes half a second for each thousand rows and processor. The catalog is read and written meanwhile. It ends
        transactions that are older, so it is called within none. *progress* gets the pages read and to be read, and may
        raise: then there is no graph.
        """
        if self._space.identity.dimension > _MOST_DIMENSIONS:
            return False
        with self._alone() as connection:
            if connection is None:
                return False
            state = self.state(connection)
            if state is not None and state.valid:
                return False
            rows = self._rows(connection)
            if state is not None:
                self._drop(driver_of(connection))
            if rows < self._least_rows:
                return False
            self._prepare(connection, rows)
            self._create(connection, progress)
            return True

    def drop(self) -> None:
        """Drop the graph, if there is one. Raises `DatabaseReadOnly`, or `CatalogBusy` while another process builds."""
        with self._catalog.read() as t:
            if self.state(t.connection) is None:
                return
        with self._alone(must=True) as connection:
            if connection is None:
                raise CatalogBusy(self._catalog.path)
            self._drop(driver_of(connection))

    @contextmanager
    def _alone(self, *, must: bool = False) -> Iterator[Connection | None]:
        """A connection that alone builds or drops graphs; None if another one does, or this role may not.

        With *must*, it is waited for, and a role that may not gets a connection, too, and then the server's own error.
        """
        with self._catalog.maintenance() as connection:
            driver = driver_of(connection)
            allowed = (
                "SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off'"
                " AND pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'embedding'::regclass"
            )
            may = must or bool(_value(driver, allowed))
            is_alone = may and try_lock(driver, _LOCK, _PATIENCE if must else 0)
            # The lock ends with the connection.
            yield connection if is_alone else None

    def _rows(self, connection: Connection) -> int:
        counted = f"SELECT count(*) FROM embedding WHERE space_id = {self._space.id}"  # noqa: S608 - a number
        return int(_value(driver_of(connection), counted))

    def _prepare(self, connection: Connection, rows: int) -> None:
        """Give the build the memory of the whole graph: without it, it takes many times as long."""
        driver = driver_of(connection)
        kilobytes = -(-rows * self._row_bytes() // 1024)
        setting = "SELECT setting::bigint FROM pg_settings WHERE name = '{}'"
        given = int(_value(driver, setting.format("maintenance_work_mem")))
        # What the server may cache is the one measure of its memory that it tells; it counts in pages of 8 kB.
        most = int(_value(driver, setting.format("effective_cache_size"))) * 8 // 2
        driver.execute(f"SET maintenance_work_mem = '{max(given, min(kilobytes, most))}kB'".encode(), prepare=False)
        driver.execute("SET statement_timeout = 0", prepare=False)
        driver.execute("SET lock_timeout = 0", prepare=False)

    def _row_bytes(self) -> int:
        return 2 * self._space.identity.dimension + 2 * _LINKS * _LINK_BYTES + _NODE_BYTES

    def _create(self, connection: Connection, progress: Progress) -> None:
        """Build on a thread of its own, and report here. What raises there or here ends both, and leaves no graph."""
        driver, failed = driver_of(connection), list[BaseException]()

        def build() -> None:
            try:
                self._execute(driver)
            except BaseException as error:  # noqa: BLE001 - raised on the caller's thread
                failed.append(error)

        builder = threading.Thread(target=build, name="graph", daemon=True)
        builder.start()
        try:
            self._watch(builder, driver.info.backend_pid, progress)
        except BaseException:
            driver.cancel()
            builder.join()
            self._drop_rest(driver)
            raise
        if failed:
            self._drop_rest(driver)
            raise failed[0]

    def _drop_rest(self, driver: Driver) -> None:
        """Drop what a build left that did not end, if others let it: every write would go on filling it."""
        with suppress(psycopg.Error):
            driver.execute(f"SET lock_timeout = {_HASTE}".encode(), prepare=False)
            self._drop(driver)

    def _execute(self, driver: Driver) -> None:
        try:
            driver.execute(self._definition.encode(), prepare=False)
        except psycopg.errors.DiskFull:
            # Several processes build in shared memory, of which containers often have a few megabytes.
            self._drop(driver)
            driver.execute("SET max_parallel_maintenance_workers = 0", prepare=False)
            driver.execute(self._definition.encode(), prepare=False)

    def _watch(self, builder: threading.Thread, process: int, progress: Progress) -> None:
        """Report how far *process* of the server is, until *builder* ends."""
        with self._catalog.maintenance() as watching:
            while builder.is_alive():
                builder.join(_STEP)
                row = driver_of(watching).execute(_PROGRESS, [process], prepare=False).fetchone()
                if row is not None and row[1]:
                    progress(int(row[0]), int(row[1]))

    def _drop(self, driver: Driver) -> None:
        driver.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {self.name}".encode(), prepare=False)


def _value(driver: Driver, query: str) -> Any:
    row = driver.execute(query.encode(), prepare=False).fetchone()
    assert row is not None
    return row[0]
