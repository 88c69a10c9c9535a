"""Embeddings that are committed to PostgreSQL in a second, beside a bare COPY of the same rows.

    python benchmarks/speed/server_writes.py [ROWS] [DIMENSION] [--address ADDRESS] [--graph-rows 2000]

100 000 rows of 768 dimensions, unless other numbers are given, of the synthetic vectors of `index.py`. The baseline is
one COPY in the binary format, of rows that were encoded before, into a table with the columns, indexes and references
of `embedding`: no checksums, no log of changes, no check of any vector. The store writes the same rows by
`Embeddings.put_all`, in transactions of 5000, 1000 and 64 rows; the last is a batch of the indexer. A server is started
from the tests' wheel with `fsync` on, unless --address names one whose role may make databases. CPU is of this process
and of all of the server's, in microseconds a row; a shared machine changes the clock more than those.

Then so many *graph rows* are written into a space that has an HNSW graph of the others, which the server extends with
each row.
"""

from __future__ import annotations

import argparse

import numpy as np
from index import Vectors
from numpy.typing import NDArray
from server_library import Spent, Watched, add_photos, database, embed, identity, settle, spent

from store import Catalog, Space
from store.sql.bulk import encoded
from store.sql.postgres import driver_of
from store.vectors.pgvector.index import PgvectorIndex


def bare_copy(catalog: Catalog, space: Space, matrix: NDArray[np.float32], watched: Watched) -> Spent:
    """Copy the rows into a table like `embedding`."""
    vectors = map(np.ndarray.tobytes, matrix.astype("<f2"))
    rows = [(space.id, photo_id, vector, 0) for photo_id, vector in enumerate(vectors, 1)]
    data = list(encoded(rows, {2}))
    with catalog.maintenance() as connection:
        driver = driver_of(connection)
        driver.execute("CREATE TABLE bare (LIKE embedding INCLUDING ALL)")
        driver.execute("CREATE SEQUENCE bare_id; ALTER TABLE bare ALTER id SET DEFAULT nextval('bare_id')")
        driver.execute("ALTER TABLE bare ADD FOREIGN KEY (photo_id) REFERENCES photo")
        driver.execute("ALTER TABLE bare ADD FOREIGN KEY (space_id) REFERENCES space")
        copying = "COPY bare (space_id, photo_id, vector, checksum) FROM STDIN (FORMAT BINARY)"
        with spent(watched) as found, driver.cursor() as cursor, cursor.copy(copying) as copy:
            for part in data:
                copy.write(part)
        driver.execute("DROP TABLE bare")
    return found[0]


def through_store(
    catalog: Catalog, space: Space, matrix: NDArray[np.float32], watched: Watched, first: int, part: int
) -> Spent:
    """Write the rows as the indexer does, *part* a transaction."""
    with spent(watched) as found:
        embed(catalog, space, matrix, first, part)
    return found[0]


def show(what: str, rows: int, measured: Spent, base: Spent | None, base_rows: int) -> None:
    """Print a line of the table."""
    speed = rows / measured.clock
    ratio = "" if base is None else f"{speed / (base_rows / base.clock):8.2f}"
    client, server = (1e6 * seconds / rows for seconds in (measured.client, measured.server))
    print(f"{what:<44}{rows:>8}{speed:>10.0f}/s{ratio:>8}{client:>10.0f}{server:>10.0f}", flush=True)


def measure(catalog: Catalog, watched: Watched, matrix: NDArray[np.float32], graph_rows: int) -> None:
    """Measure and print."""
    rows, dimension = matrix.shape
    add_photos(catalog, rows + graph_rows)
    names = ("bare", "parts of 5000", "parts of 1000", "parts of 64")
    with catalog.write() as t:
        spaces = [t.spaces.ensure(identity(dimension, name)) for name in names]
    print(f"{'':<44}{'rows':>8}{'speed':>12}{'ratio':>8}{'client':>10}{'server':>10}   CPU microseconds a row")
    base = bare_copy(catalog, spaces[0], matrix, watched)
    show("bare COPY", rows, base, None, rows)
    for space, part in zip(spaces[1:], (5000, 1000, 64), strict=True):
        some = matrix if part > 64 else matrix[: rows // 10]
        written = through_store(catalog, space, some, watched, 1, part)
        show(f"store, {part} a transaction", len(some), written, base, rows)
    settle(catalog)
    index = PgvectorIndex(catalog, spaces[1], least_rows=1)
    with spent(watched) as found:
        index.refresh()
    show("building the graph", rows, found[0], base, rows)
    new = matrix[:graph_rows]
    written = through_store(catalog, spaces[1], new, watched, rows + 1, 64)
    show("store, 64 a transaction, into the graph", len(new), written, base, rows)


def main() -> None:
    """Make the library and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=int, nargs="?", default=100_000)
    parser.add_argument("dimension", type=int, nargs="?", default=768)
    parser.add_argument("--address")
    parser.add_argument("--graph-rows", type=int, default=2000)
    options = parser.parse_args()
    matrix = Vectors(options.dimension).pictures(options.rows)
    with (
        database(options.address, "fsync=on", "full_page_writes=on") as watched,
        Catalog.open(watched.address) as catalog,
    ):
        measure(catalog, watched, matrix, options.graph_rows)


if __name__ == "__main__":
    main()
