"""The vector index on PostgreSQL: searches of the catalog's own rows, and the way that each search takes.

Index and catalog are one, so a snapshot is a transaction. The server compares; the photos that come first are compared
again here, so that their cosines are those that every index gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from store.catalog.catalog import Catalog, Transaction
from store.records import Neighbours, Space
from store.sql.postgres import driver_of
from store.vectors.base import IndexStatus, checked_query

from .comparison import Compared, Comparison
from .graph import LEAST_ROWS, Graph, GraphState, Progress

#: Rows beyond those asked for, and how much two ways of adding up a cosine differ at most.
_EXTRA_ROWS, _ROUNDING = 16, 2e-6
#: So many times the rows are looked at that would do if the chosen ones lay evenly among all.
_SPARE = 2
#: Candidates that a walk along the graph keeps in view: for each photo asked for, at least, and at most.
_BREADTH, _LEAST_BREADTH, _MOST_BREADTH = 8, 400, 1000
#: Rows that a walk takes at most: farther off, it misses more and more.
_FARTHEST = 4000
#: So many photos, the nearest, are compared again here. Of the others, the server's cosines are right to a millionth.
_COMPARED_AGAIN = 2048
#: Rows that `verify` looks for, and the share that it must find.
_SAMPLE, _FOUND = 32, 0.9


@dataclass(frozen=True, slots=True)
class Costs:
    """The server's time for a row: of a scan of all, named by its photo, and taken on a walk along the graph.

    In rows of a scan, of 768 dimensions; `benchmarks/speed/server_search.py` measures them.
    """

    scanned: float = 1.0
    named: float = 4.0
    walked: float = 25.0


@dataclass(frozen=True, slots=True)
class _Ways:
    """The cost of each way to the nearest photos, in rows of a scan. `wanted` rows hold those that are asked for."""

    wanted: int
    scan: float
    named: float
    walk: float


@dataclass
class PgvectorSnapshot:
    """The `IndexSnapshot` of one transaction."""

    t: Transaction
    space: Space
    graph: Graph
    costs: Costs

    @cached_property
    def _graph_state(self) -> GraphState | None:
        state = self.graph.state(self.t.connection)
        return state if state is not None and state.valid else None

    def search(
        self, vector: NDArray[np.float32], count: int, among: NDArray[np.int64] | None = None, *, exact: bool = False
    ) -> Neighbours:
        """Find the nearest photos, as `IndexSnapshot` has it.

        Only the nearest 2048 cosines are added up in float64. Those of further photos are the server's, right to a
        millionth: their rows would have to come over the network.
        """
        query = checked_query(vector, self.space.identity.dimension)
        if count <= 0 or (among is not None and not len(among)):
            return Neighbours(np.empty(0, np.int64), np.empty(0, np.float32))
        comparison = Comparison(self.t.connection, self.space.id, self.graph, query)
        margin = _ROUNDING * float(np.linalg.norm(query))
        asked = count + _EXTRA_ROWS
        while True:
            found = self._nearest(comparison, asked, among, exact=exact)
            # Of equally near rows the last ones may have been cut off, and identical pictures are equally near.
            if found.is_whole or found.cosines[asked - 1] < found.cosines[count - 1] - margin:
                return self._compared_again(found, query, count)
            asked *= 2

    def _nearest(self, comparison: Comparison, asked: int, among: NDArray[np.int64] | None, *, exact: bool) -> Compared:
        """The *asked* nearest photos and perhaps some more, or all that there are, by the cheapest way."""
        ways = self._ways(asked, among, exact=exact)
        found: Compared | None = None
        if ways.walk < min(ways.scan, ways.named):
            breadth = min(_MOST_BREADTH, max(_LEAST_BREADTH, _BREADTH * asked))
            found = comparison.along_graph(ways.wanted, breadth)
        elif ways.scan < ways.named:
            found = comparison.with_all(ways.wanted)
        if found is not None:
            found = found if among is None else found.among(among)
            if len(found) >= asked:
                return found
        # The chosen photos lie farther off than most, or few have a file.
        return comparison.with_files(asked) if among is None else comparison.with_some(among, asked)

    def _ways(self, asked: int, among: NDArray[np.int64] | None, *, exact: bool) -> _Ways:
        rows = max(self._rows, 1 if among is None else len(among))
        share = 1.0 if among is None else len(among) / rows
        wanted = int(asked / share * _SPARE)
        named = np.inf if among is None else self.costs.named * len(among)
        can_walk = not exact and self._graph_state is not None and wanted <= _FARTHEST
        walk = self.costs.walked * max(wanted, _LEAST_BREADTH) if can_walk else np.inf
        # A scan of all for most of them is no gain.
        scan = self.costs.scanned * rows if wanted < rows / 2 else np.inf
        return _Ways(wanted, scan, named, walk)

    @cached_property
    def _rows(self) -> int:
        """About the number of rows: as the server counted them last, in the graph or in all spaces."""
        if self._graph_state is not None:
            return self._graph_state.rows
        counted = driver_of(self.t.connection).execute(
            "SELECT reltuples FROM pg_class WHERE oid = 'embedding'::regclass", prepare=False
        )
        row = counted.fetchone()
        return 0 if row is None else max(0, round(row[0]))

    def _compared_again(self, found: Compared, query: NDArray[np.float32], count: int) -> Neighbours:
        """The *count* nearest of *found*. Damaged rows are left out of those that are compared again."""
        near, far = slice(0, _COMPARED_AGAIN), slice(_COMPARED_AGAIN, None)
        rows = self.t.embeddings.uncached.get(self.space.id, found.photo_ids[near].tolist())
        cosines = (rows.matrix.astype(np.float64) * query.astype(np.float64)).sum(axis=1).astype(np.float32)
        order = np.lexsort((rows.ids, -cosines))
        least = cosines.min() if len(cosines) else np.float32(np.inf)
        photo_ids = np.concatenate([rows.ids[order], found.photo_ids[far]])
        cosines = np.concatenate([cosines[order], np.minimum(found.cosines[far].astype(np.float32), least)])
        return Neighbours(photo_ids[:count], cosines[:count])


class PgvectorIndex:
    """The `VectorIndex` of one space in a catalog on PostgreSQL. Threads may share it.

    Searches compare all rows until `refresh` has built a graph, from *least_rows* rows on. Each takes the way that is
    the cheapest by *costs*.
    """

    def __init__(
        self, catalog: Catalog, space: Space, *, least_rows: int = LEAST_ROWS, costs: Costs | None = None
    ) -> None:
        self._catalog = catalog
        self._space = space
        self._costs = costs or Costs()
        self._graph = Graph(catalog, space, least_rows)

    @contextmanager
    def read(self) -> Iterator[PgvectorSnapshot]:
        """Begin a transaction: what is committed is in it, graph and all."""
        with self._catalog.read() as t:
            yield PgvectorSnapshot(t, self._space, self._graph, self._costs)

    def refresh(self, progress: Progress | None = None) -> bool:
        """Build the graph if there is none, the rows pay for it, and this role may. Returns whether it was built.

        It ends after the transactions that are older, so it is called within none; nobody waits for it. *progress* gets
        the pages of the table that are read, and all, and may raise to end it.
        """
        return self._graph.build(progress or (lambda _done, _whole: None))

    def warm(self) -> None:
        """Search once, so that the server has the beginnings of the graph in its memory."""
        with self.read() as snapshot:
            page = next(snapshot.t.embeddings.uncached.scan(self._space.id, 1), None)
            if page is not None:
                snapshot.search(page.matrix[0], 1)

    def status(self) -> IndexStatus:
        """Return the state of the graph. Without one, all rows are compared, which is valid too."""
        with self._catalog.read() as t:
            state = self._graph.state(t.connection)
            rows = t.embeddings.uncached.count(self._space.id)
        if state is None:
            return IndexStatus(rows, 0, valid=True, bytes=0)
        return IndexStatus(rows, 0, valid=state.valid, bytes=state.bytes, accelerated=state.valid)

    def verify(self) -> bool:
        """Return whether the graph is usable and finds rows that it must. If not, it is dropped.

        A few rows, at even distances, are looked for along the graph: each must be found, or one that is equal to it.
        The server's own checksums are of the pages; it offers no check of the links.
        """
        with self._catalog.read() as t:
            state = self._graph.state(t.connection)
        if state is None:
            return True
        is_whole = state.valid and self._finds_its_rows()
        if not is_whole:
            self.remove()
        return is_whole

    def remove(self) -> None:
        """Drop the graph. Searches compare all rows until the next `refresh` builds it anew."""
        self._graph.drop()

    def _finds_its_rows(self) -> bool:
        with self.read() as snapshot:
            sample = self._sample(snapshot, _SAMPLE)
            found = 0
            for vector in sample:
                near = Comparison(snapshot.t.connection, self._space.id, self._graph, vector).along_graph(1, 100)
                found += bool(len(near)) and bool(near.cosines[0] > vector @ vector - _ROUNDING)
        return found >= _FOUND * len(sample)

    def _sample(self, snapshot: PgvectorSnapshot, most: int) -> NDArray[np.float32]:
        """Some rows of photos with a file, at even distances, float32 (n, d)."""
        embeddings = snapshot.t.embeddings.uncached
        photo_ids = embeddings.ids(self._space.id)
        chosen = photo_ids[:: max(1, -(-len(photo_ids) // most))].tolist()
        return embeddings.get(self._space.id, chosen).matrix
