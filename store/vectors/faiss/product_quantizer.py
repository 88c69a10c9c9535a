"""A quick look over large libraries: which rows are worth an exact one.

Each row is also kept as a product-quantizer code of four bits for every two dimensions, an eighth of its bytes, which
FAISS scans in registers (`IndexPQFastScan`). The candidates it names are compared exactly afterwards. A code that is
not loaded yet is no reason to wait: the exact scan answers until then.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import faiss
import numpy as np
from numpy.typing import NDArray

from .exact_scan import Found, Workers, alone, best, look_at

_BITS = 4
_CENTROIDS = 1 << _BITS
#: Rows that the codebook is made of: FAISS uses no more than 256 for each centroid.
_SAMPLE = 256 * _CENTROIDS
#: Loading the codes costs as much as so many exact scans more than quick ones do.
_PAYS_AFTER = 5
#: Rows that are encoded at once.
_PART = 4096


@dataclass(frozen=True, slots=True)
class Acceleration:
    """When there is a quick look, and how many rows it names.

    *from_rows*: 300 000 rows of 768 dimensions are scanned exactly in 15 milliseconds of one core; below, nothing is
    gained that anybody notices. Of the candidates, at least *candidates*, one in *one_in* rows, and *times* as many as
    were asked for: at a million rows, 5000, among which .999 of the true hundred nearest are (docs/performance.md).
    """

    from_rows: int = 300_000
    candidates: int = 2000
    one_in: int = 200
    times: int = 20

    def needed(self, rows: int, asked: int) -> int:
        """How many candidates are to be compared exactly, so that *asked* of *rows* are right."""
        return max(self.candidates, rows // self.one_in, self.times * asked)

    def suits(self, rows: int, dimension: int) -> bool:
        """Whether so many rows should have codes."""
        return rows >= max(self.from_rows, _CENTROIDS) and dimension % 2 == 0


class Codebook:
    """Makes codes of rows. `centroids`, float32 (d / 2, 16, 2)."""

    def __init__(self, centroids: NDArray[np.float32]) -> None:
        self.centroids = centroids
        self.dimension = centroids.shape[0] * 2

    @classmethod
    def trained(cls, rows: NDArray[np.uint8]) -> Codebook:
        """One that suits *rows*, uint8 (n, 2 d), half-precision, of which a sample is looked at."""
        dimension = rows.shape[1] // 2
        # Rows beside each other are of one day and alike: the sample is spread over all of them.
        chosen = np.linspace(0, len(rows) - 1, min(len(rows), _SAMPLE)).astype(np.int64)
        index = faiss.IndexPQ(dimension, dimension // 2, _BITS, faiss.METRIC_INNER_PRODUCT)
        # Few rows make a poor codebook, of which FAISS warns; candidates are then most of the rows anyway.
        index.pq.cp.min_points_per_centroid = 1
        alone(index.train, as_floats(rows[chosen]))
        return cls(faiss.vector_to_array(index.pq.centroids).reshape(dimension // 2, _CENTROIDS, 2))

    def encoded(self, rows: NDArray[np.uint8], workers: Workers) -> Iterator[NDArray[np.uint8]]:
        """The codes, uint8 (m, d / 4 rounded up), of half-precision *rows*, uint8 (n, 2 d), a part at a time."""
        index = self.index()

        def encode(part: NDArray[np.uint8]) -> NDArray[np.uint8]:
            codes: NDArray[np.uint8] = index.sa_encode(as_floats(part))
            return codes

        parts = [rows[start : start + _PART] for start in range(0, len(rows), _PART)]
        for start in range(0, len(parts), workers.threads):
            yield from workers.each(encode, parts[start : start + workers.threads])

    def index(self) -> faiss.IndexPQ:
        """An index of FAISS without rows."""
        index = faiss.IndexPQ(self.dimension, self.dimension // 2, _BITS, faiss.METRIC_INNER_PRODUCT)
        faiss.copy_array_to_vector(np.ascontiguousarray(self.centroids).reshape(-1), index.pq.centroids)
        index.is_trained = True
        return index


class Accelerator:
    """The quick look itself. *codes*, uint8 (n, m), are of *codebook*; `trained` is how many rows there were then."""

    def __init__(self, codebook: Codebook, codes: NDArray[np.uint8], trained: int, workers: Workers) -> None:
        self.codebook = codebook
        self.codes = codes
        self.trained = trained
        self._workers = workers
        self._parts: list[tuple[int, faiss.IndexPQFastScan]] | None = None
        self._lock = threading.Lock()
        self._asked = 0

    @property
    def is_ready(self) -> bool:
        """Whether the codes are loaded."""
        return self._parts is not None

    def encoded(self, rows: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
        """The codes of half-precision *rows*, uint8 (n, 2 d), a part at a time."""
        return self.codebook.encoded(rows, self._workers)

    def load(self) -> None:
        """Read the codes and arrange them for the scan: a fifth of a second for a million, and 192 bytes a row."""
        with self._lock:
            if self._parts is None:
                parts = self._workers.parts(*self.codes.shape)
                self._parts = self._workers.each(self._arranged, parts)

    def load_if_it_pays(self) -> None:
        """Load beside what goes on, once this was called often enough: who asks a few times does not want it."""
        self._asked += 1
        if self._asked >= _PAYS_AFTER and not self.is_ready and not self._lock.locked():
            threading.Thread(target=self._load_beside, name="accelerator", daemon=True).start()

    def _load_beside(self) -> None:
        # When the program is about to end, there are no more threads to be had.
        with suppress(RuntimeError):
            self.load()

    def candidates(self, query: NDArray[np.float32], count: int) -> NDArray[np.int64]:
        """Positions, int64 (count,), of rows that seem nearest to *query*, float32 (d,), nearest first."""
        self.load()
        assert self._parts is not None  # loaded

        def scan(part: tuple[int, faiss.Index]) -> Found:
            start, index = part
            cosines, positions = index.search(query[None], min(count, index.ntotal))
            return Found(positions[0] + start, cosines[0])

        return best(self._workers.each(scan, self._parts), count).positions

    def _arranged(self, part: slice) -> tuple[int, faiss.IndexPQFastScan]:
        flat = np.ascontiguousarray(self.codes[part])
        index = self.codebook.index()
        look_at(index, flat)
        return part.start, faiss.IndexPQFastScan(index)  # type: ignore[arg-type]  # the stubs know one constructor


def as_floats(codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Half-precision rows as bytes, uint8 (n, 2 d), as float32 (n, d)."""
    rows: NDArray[np.float32] = np.ascontiguousarray(codes).view("<f2").astype(np.float32)
    return rows
