"""Comparisons of one query with the rows of a space, by the server: all of them, some, or along the graph."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from store.sql.postgres import driver_of
from store.sql.products import HAS_FILE, Products

from .graph import Graph

#: The server takes so many rows along the graph at once at most.
_MOST_AT_ONCE: Final = 1000
_NEAREST = "ORDER BY product DESC, photo_id"


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Photos with the cosines that the server gave, nearest first, equals by id: `photo_ids` int64, `cosines` float64.

    `is_whole` is False if there may be more photos than these.
    """

    photo_ids: NDArray[np.int64]
    cosines: NDArray[np.float64]
    is_whole: bool

    def __len__(self) -> int:
        """The number of photos."""
        return len(self.photo_ids)

    def among(self, photo_ids: NDArray[np.int64]) -> Compared:
        """Return those of *photo_ids*, ascending."""
        kept = np.isin(self.photo_ids, photo_ids, assume_unique=True)
        return Compared(self.photo_ids[kept], self.cosines[kept], self.is_whole)


class Comparison:
    """Compares one *query*, float32 (d,), with rows of the space *space_id* in one transaction."""

    def __init__(self, connection: Connection, space_id: int, graph: Graph, query: NDArray[np.float32]) -> None:
        self._connection = connection
        self._graph = graph
        self._products = Products(query)
        #: The SQL of all rows of the space.
        self._rows = self._products.rows(space_id)

    def with_all(self, most: int) -> Compared:
        """Compare with all rows, and return the *most* nearest, without those of photos that have no file."""
        # The server would look for the files of all rows, which takes as long as to compare them.
        return self._of_near(f"{self._rows} {_NEAREST} LIMIT {most}")

    def with_files(self, most: int) -> Compared:
        """Compare with all rows of photos that have a file, and return the *most* nearest."""
        return self._whole(f"{self._rows} AND {HAS_FILE.format('embedding')}", most)

    def with_some(self, photo_ids: NDArray[np.int64], most: int) -> Compared:
        """Compare with the rows of *photo_ids* that have a file, and return the *most* nearest."""
        # One constant, of which the server makes a table of hashes; a list of parameters takes as long as the rows.
        listed = f"'{{{','.join(map(str, photo_ids.tolist()))}}}'::bigint[]"
        return self._whole(f"{self._rows} AND photo_id = ANY ({listed}) AND {HAS_FILE.format('embedding')}", most)

    def along_graph(self, most: int, breadth: int) -> Compared:
        """Follow the graph to some *most* rows that are near, keeping *breadth* candidates in view, 1 to 1000.

        Those of photos without a file are left out after that.
        """
        with self._along(most, breadth):
            return self._of_near(
                f"{self._rows} ORDER BY {self._graph.vector} <#> {self._products.halfvec} LIMIT {most}"
            )

    def _of_near(self, near: str) -> Compared:
        """The rows of *near* whose photos have a file."""
        kept = f"SELECT photo_id, product FROM near WHERE {HAS_FILE.format('near')}"  # noqa: S608 - no value in it
        return self._run(f"WITH near AS MATERIALIZED ({near}) {kept}", None)

    def _whole(self, query: str, most: int) -> Compared:
        return self._run(f"{query} {_NEAREST} LIMIT {most}", most)

    @contextmanager
    def _along(self, most: int, breadth: int) -> Iterator[None]:
        """Set what the server reads of a graph, and let it take the graph rather than sort; both for the block only."""
        driver = driver_of(self._connection)
        settings = {
            "hnsw.ef_search": breadth,
            # Rows that others deleted, and those beyond the breadth, are made up for by going on.
            "hnsw.iterative_scan": "relaxed_order",
            "hnsw.max_scan_tuples": max(2 * most, 20 * breadth),
            "hnsw.scan_mem_multiplier": 1 + most // _MOST_AT_ONCE,
            "enable_sort": "off",
            "jit": "off",
        }
        begun = "; ".join(f"SET LOCAL {name} = {value}" for name, value in settings.items())
        driver.execute(begun.encode(), prepare=False)
        yield
        # After an error the transaction is at its end, and so are its settings.
        driver.execute(b"SET LOCAL enable_sort TO DEFAULT; SET LOCAL jit TO DEFAULT", prepare=False)

    def _run(self, query: str, most: int | None) -> Compared:
        """Run *query*. It gives all photos if they are fewer than *most*, and never all for sure if that is None."""
        photo_ids, cosines = self._products.read(self._connection, query)
        order = np.lexsort((photo_ids, -cosines))
        return Compared(photo_ids[order], cosines[order], most is not None and len(order) < most)
