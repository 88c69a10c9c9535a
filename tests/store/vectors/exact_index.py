"""A `VectorIndex` that compares with every embedding of the catalog: the contract in its smallest form."""

from contextlib import contextmanager

import numpy as np

from store import BadVector, IndexStatus
from store.embeddings.embeddings import changes_since, latest_change, log_holds
from store.records import Neighbours


class ExactSnapshot:
    """One transaction."""

    def __init__(self, t, space):
        self.t = t
        self._space = space

    def search(self, vector, count, among=None, *, exact=False):
        if vector.shape != (self._space.identity.dimension,) or not np.isfinite(vector).all():
            raise BadVector("it is not a vector of this space")
        pages = list(self.t.embeddings.uncached.scan(self._space.id))
        ids = np.concatenate([np.empty(0, np.int64), *(page.ids for page in pages)])
        products = [(page.matrix.astype(np.float64) * vector.astype(np.float64)).sum(axis=1) for page in pages]
        cosines = np.concatenate([np.empty(0), *products]).astype(np.float32)
        if among is not None:
            chosen = np.isin(ids, among)
            ids, cosines = ids[chosen], cosines[chosen]
        best = np.lexsort((ids, -cosines))[:count]
        return Neighbours(ids[best], cosines[best])


class ExactIndex:
    """Keeps only its position in the change log."""

    def __init__(self, catalog, space):
        self._catalog = catalog
        self._space = space
        self._end = None
        self._rows = 0

    @contextmanager
    def read(self):
        if not self.status().valid:
            self.refresh()
        with self._catalog.read() as t:
            yield ExactSnapshot(t, self._space)

    def refresh(self, progress=None):
        with self._catalog.read() as t:
            before, self._end = self._end, latest_change(t.connection, self._space.id)
            self._rows = t.embeddings.uncached.count(self._space.id)
        return self._end != before

    def warm(self):
        pass

    def status(self):
        with self._catalog.read() as t:
            is_valid = self._end is not None and log_holds(t.connection, self._space.id, self._end)
            newer = changes_since(t.connection, self._space.id, self._end.seq if is_valid else 0)
        return IndexStatus(self._rows if is_valid else 0, len(newer), valid=is_valid, bytes=0)

    def verify(self):
        return True

    def remove(self):
        self._end = None
