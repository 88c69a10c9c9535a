"""Searches of a library on PostgreSQL, exact and along the HNSW graph, beside the embedded index.

    python benchmarks/speed/server_search.py [ROWS] [DIMENSION] [--address ADDRESS] [--queries 30] [--clients 20]

100 000 photos of 768 dimensions, unless other numbers are given: the synthetic vectors of `index.py`, the same in a
SQLite catalog with FAISS and on a server, which is started from the tests' wheel unless --address names one whose role
may make databases. Queries are like pictures, or like texts: in another cone, with cosines of 0 to 0.2. The baseline is
the embedded exact search for 100 photos in the same run; a search begins its transaction and ends it.

Three tables are printed. The first: a search's milliseconds by the clock (median), of this process's CPU and of all of
the server's, for each kind of filter. The second: the recall of searches along the graph, mean and least. The third:
so many clients that search for some seconds, each a process with a connection, while another one writes embeddings. On
a busy machine the CPU figures are the firm ones.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty
from typing import Any

import numpy as np
from index import Vectors, make
from numpy.typing import NDArray
from server_library import Spent, Watched, add_photos, database, embed, identity, settle, spent

from store import Catalog, FaissIndex, Neighbours, Space, VectorIndex
from store.vectors.pgvector.index import PgvectorIndex

COUNT = 100
#: Shares of the photos that a filter leaves; the last one leaves those least like the query.
FILTERS: tuple[float | str, ...] = (1.0, 0.5, 0.05, 0.002, "far")
FAR = 0.02
PART = 20_000
Floats = NDArray[np.float32]
Ids = NDArray[np.int64]
Draw = Callable[[int, Floats], Ids | None]


class Filters:
    """The photos that each filter leaves, of photos with ids from 1 on and these vectors."""

    def __init__(self, matrix: Floats) -> None:
        self._matrix = matrix
        self._random = np.random.default_rng(1)
        self._ids = np.arange(1, len(matrix) + 1)

    def left_by(self, filter_: float | str, query: Floats) -> Ids | None:
        """Return the ids, ascending; None for all."""
        if isinstance(filter_, str):
            count = int(FAR * len(self._ids))
            return np.sort(self._ids[np.argpartition(self._matrix @ query, count)[:count]])
        return None if filter_ == 1 else self._ids[self._random.random(len(self._ids)) < filter_]


def search(index: VectorIndex, query: Floats, among: Ids | None, *, exact: bool, count: int = COUNT) -> Neighbours:
    """Search the index as it is now."""
    with index.read() as snapshot:
        return snapshot.search(query, count, among, exact=exact)


def each_spent(
    index: VectorIndex, asked: Sequence[tuple[Floats, Ids | None]], watched: Watched, *, exact: bool
) -> Spent:
    """Return the median by the clock and the mean CPU of a search."""
    clocks = []
    with spent(watched) as found:
        for query, among in asked:
            start = time.perf_counter()
            search(index, query, among, exact=exact)
            clocks.append(time.perf_counter() - start)
    return Spent(float(np.median(clocks)), found[0].client / len(asked), found[0].server / len(asked))


def compare(indexes: dict[str, tuple[VectorIndex, bool]], filters: Filters, queries: Floats, watched: Watched) -> None:
    """Print the time of each way, for each filter."""
    print(f"\n{'a search for ' + str(COUNT):<36}{'ms':>9}{'client':>9}{'server':>9}{'CPU beside embedded':>22}")
    for filter_ in FILTERS:
        asked = [(query, filters.left_by(filter_, query)) for query in queries]
        base: float | None = None
        for name, (index, exact) in indexes.items():
            each_spent(index, asked[:3], watched, exact=exact)
            measured = each_spent(index, asked, watched, exact=exact)
            cpu = measured.client + (0 if isinstance(index, FaissIndex) else measured.server)
            base = base or cpu
            server = "" if isinstance(index, FaissIndex) else f"{1000 * measured.server:.2f}"
            times = f"{1000 * measured.clock:>9.2f}{1000 * measured.client:>9.2f}{server:>9}"
            print(f"{shown(filter_) + ', ' + name:<36}{times}{cpu / base:>22.2f}", flush=True)


def shown(filter_: float | str) -> str:
    """Return a filter's name."""
    return f"the {FAR:.0%} farthest" if isinstance(filter_, str) else f"{filter_:.2g} of all"


def print_recall(index: VectorIndex, filters: Filters, kinds: dict[str, Floats]) -> None:
    """Print which share of the true nearest photos is found, by the kind of query, the count and the filter."""
    print(f"\n{'recall':<36}{'mean':>9}{'least':>9}")
    cases: list[tuple[int, float | str]] = [*((COUNT, each) for each in FILTERS), (20, 1.0), (500, 1.0), (1000, 1.0)]
    for count, filter_ in cases:
        for kind, queries in kinds.items():
            shares = []
            for query in queries:
                among = filters.left_by(filter_, query)
                found = search(index, query, among, exact=False, count=count).photo_ids
                true = search(index, query, among, exact=True, count=count).photo_ids
                shares.append(len(np.intersect1d(found, true)) / len(true))
            what = f"{count} of {shown(filter_)}, {kind}"
            print(f"{what:<36}{np.mean(shares):>9.4f}{np.min(shares):>9.3f}", flush=True)


def ask(address: str, dimension: int, queries: Floats, seconds: float, answers: Any) -> None:
    """Search until the time is over, and report the times of searches, and errors."""
    times: list[float] = []
    try:
        with Catalog.open(address) as catalog:
            index = PgvectorIndex(catalog, space_of(catalog, dimension))
            search(index, queries[0], None, exact=False)
            end = time.perf_counter() + seconds
            at = 0
            while time.perf_counter() < end:
                start = time.perf_counter()
                found = search(index, queries[at % len(queries)], None, exact=False)
                times.append(time.perf_counter() - start)
                assert len(found.photo_ids) == COUNT
                at += 1
        answers.put((times, None))
    except Exception as error:  # noqa: BLE001 - any error is the result
        answers.put((times, repr(error)))


def space_of(catalog: Catalog, dimension: int) -> Space:
    """Return the library's space."""
    with catalog.write() as t:
        return t.spaces.ensure(identity(dimension))


def serve_many(address: str, catalog: Catalog, space: Space, queries: Floats, clients: int, seconds: float) -> None:
    """Print the times of searches by many processes while this one writes."""
    processes = multiprocessing.get_context("spawn")
    answers = processes.Queue()
    running = [
        processes.Process(target=ask, args=(address, space.identity.dimension, queries, seconds, answers))
        for _ in range(clients)
    ]
    for each in running:
        each.start()
    written, reports = 0, []
    while len(reports) < clients:
        embed(catalog, space, queries[:10], first=1 + written % 1000)
        written += 10
        try:
            while True:
                reports.append(answers.get_nowait())
        except Empty:
            time.sleep(0.1)
    for each in running:
        each.join()
    times = np.concatenate([times for times, _ in reports])
    errors = [error for _, error in reports if error is not None]
    middle, late = (1000 * float(np.quantile(times, share)) for share in (0.5, 0.95))
    print(
        f"\n{clients} clients for {seconds:.0f} s: {len(times)} searches, {len(times) / seconds:.0f}/s,"
        f" p50 {middle:.0f} ms, p95 {late:.0f} ms, {len(errors)} errors; {written} embeddings written meanwhile"
    )
    for error in errors:
        print(error)


def measure(options: argparse.Namespace, folder: Path, watched: Watched) -> None:
    """Make both libraries, measure and print."""
    rows, dimension = options.rows, options.dimension
    make(folder / "catalog.db", rows, dimension)
    pictures, texts = (np.load(folder / f"catalog.{kind}.npy")[: options.queries] for kind in ("pictures", "texts"))
    drawing = Vectors(dimension)
    # In the parts that `make` draws, so that they are the same.
    matrix = np.concatenate([drawing.pictures(min(PART, rows - start)) for start in range(0, rows, PART)])
    with Catalog.open(folder / "catalog.db") as embedded, Catalog.open(watched.address) as catalog:
        with embedded.read() as t:
            faiss = FaissIndex(folder / "index", embedded, t.spaces.get(1))
        faiss.refresh()
        add_photos(catalog, rows)
        space = space_of(catalog, dimension)
        embed(catalog, space, matrix)
        settle(catalog)
        index = PgvectorIndex(catalog, space, least_rows=1)
        filters = Filters(matrix)
        both = np.concatenate([pictures, texts])
        with spent(watched) as found:
            index.refresh()
        settle(catalog)
        size = index.status().bytes / rows
        print(
            f"the graph of {rows} rows: {found[0].clock:.1f} s, {found[0].server:.1f} CPU-seconds of the server,"
            f" {1e6 * found[0].server / rows:.0f} microseconds and {size:.0f} bytes a row"
        )
        index.warm()
        compare(
            {"embedded, exact": (faiss, True), "server, exact": (index, True), "server, graph": (index, False)},
            filters,
            both,
            watched,
        )
        print_recall(index, filters, {"like pictures": pictures, "like texts": texts})
        if options.clients:
            serve_many(watched.address, catalog, space, both, options.clients, options.seconds)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=int, nargs="?", default=100_000)
    parser.add_argument("dimension", type=int, nargs="?", default=768)
    parser.add_argument("--address")
    parser.add_argument("--queries", type=int, default=30, help="of each kind; at most 100")
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, database(options.address) as watched:
        measure(options, Path(name), watched)


if __name__ == "__main__":
    main()
