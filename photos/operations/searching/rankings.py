"""Rankings that are kept between the pages of a search: the next page is cut off, and no photo is compared again."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from query.search import Snapshots
from store import IndexSnapshot, Neighbours, Space, Transaction

#: Rankings that are kept, and their bytes together: those of five million photos.
_MOST, _MOST_BYTES = 8, 64_000_000


class Rankings:
    """Keeps the last rankings of all photos, each of one moment of the library. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Neighbours] = OrderedDict()

    def get(self, key: Hashable) -> Neighbours | None:
        """Return the ranking of *key*, if it is kept."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def put(self, key: Hashable, ranking: Neighbours) -> None:
        """Keep a ranking; the oldest ones go."""
        with self._lock:
            self._kept[key] = ranking
            while len(self._kept) > _MOST or sum(map(_bytes, self._kept.values())) > _MOST_BYTES:
                self._kept.popitem(last=False)


@dataclass(frozen=True, slots=True)
class RememberedIndex:
    """An index of *space* whose rankings of all photos are kept in *rankings*."""

    index: Snapshots
    space: Space
    rankings: Rankings

    @contextmanager
    def read(self) -> Iterator[IndexSnapshot]:
        """Take a snapshot, as `VectorIndex.read` does."""
        with self.index.read() as snapshot:
            yield _RememberedSnapshot(snapshot, self.space, self.rankings)


class _RememberedSnapshot:
    """A snapshot that compares photos with a vector only if that is not kept of the same moment."""

    def __init__(self, snapshot: IndexSnapshot, space: Space, rankings: Rankings) -> None:
        self._snapshot = snapshot
        self._space = space
        self._rankings = rankings
        self._moment = snapshot.t.embeddings.position(space.id)

    @property
    def t(self) -> Transaction:
        """The transaction of the snapshot."""
        return self._snapshot.t

    def search(
        self, vector: NDArray[np.float32], count: int, among: NDArray[np.int64] | None = None, *, exact: bool = False
    ) -> Neighbours:
        """Search as `IndexSnapshot` does. What a part of a ranking is asked of, is cut off the ranking that is kept."""
        chosen = None if among is None else hashlib.blake2b(among.tobytes(), digest_size=16).digest()
        key = (self._space.id, self._moment, vector.tobytes(), chosen)
        kept = self._rankings.get(key) if exact else None
        if kept is not None:
            return Neighbours(kept.photo_ids[:count], kept.cosines[:count])
        found = self._snapshot.search(vector, count, among, exact=exact)
        # Fewer than asked for are all there are, too: photos without an embedding are not found.
        if exact and (len(found.photo_ids) < count or count >= self._all(among)):
            self._rankings.put(key, found)
        return found

    def _all(self, among: NDArray[np.int64] | None) -> int:
        return self.t.photos.count() if among is None else len(among)


def _bytes(ranking: Neighbours) -> int:
    return int(ranking.photo_ids.nbytes + ranking.cosines.nbytes)
