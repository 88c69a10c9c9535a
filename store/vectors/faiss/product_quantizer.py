"""Shortlists for large libraries: which rows are worth an exact comparison.

Each row is also kept as a product-quantizer code of four bits for every two dimensions, an eighth of its bytes, which
FAISS scans in registers (`IndexPQFastScan`). The candidates of that scan are compared exactly afterwards. Codes and
their codebook are files attached to a generation of the index. Searches never wait for codes to be loaded: they are
exact until then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakKeyDictionary

import faiss
import numpy as np
from numpy.typing import NDArray

from store.private_files import as_catalog

from .index_files import UNUSABLE, IndexFiles
from .index_rows import SPARE, Chosen, FoundRows, Rows, Shortlist, Workers, alone, as_floats, best, show_codes

_BITS = 4
_CENTROIDS = 1 << _BITS
#: Rows that the codebook is made of: FAISS uses no more than 256 for each centroid.
_SAMPLE = 256 * _CENTROIDS
#: Loading the codes takes as long as this many searches save.
_SEARCHES_TO_PAY_OFF = 5
#: Rows that are encoded at once.
_PART = 4096
#: A new codebook is made when there are this many times the rows of the old one.
_RETRAIN_GROWTH = 2
#: Up to this share of the rows, an exact comparison of the chosen ones is cheaper.
_LEAST_SHARE = 0.1
#: The files of the codes, uint8 (rows, d / 4 rounded up), and of the codebook, float32 (d / 2, 16, 2).
_SUFFIXES = (".codes.npy", ".book.npy")


@dataclass(frozen=True, slots=True)
class Acceleration:
    """Sizes of shortlists, and of libraries that have them.

    *from_rows*: 300 000 rows of 768 dimensions are scanned exactly in 15 milliseconds of one core; below that,
    nobody notices a gain. A shortlist has at least *candidates* rows, one in *one_in*, and *times* as many as
    were asked for: at a million rows, 5000, among which .999 of the true hundred nearest are (docs/performance.md).
    """

    from_rows: int = 300_000
    candidates: int = 2000
    one_in: int = 200
    times: int = 20

    def needed(self, rows: int, asked: int) -> int:
        """Return how many of *rows* rows to compare exactly, so that *asked* are right."""
        return max(self.candidates, rows // self.one_in, self.times * asked)

    def suits(self, rows: int, dimension: int) -> bool:
        """Return whether so many rows should have codes."""
        return rows >= max(self.from_rows, _CENTROIDS) and dimension % 2 == 0


class Accelerator:
    """Makes, keeps and loads the codes of an index's generations. Threads may share it."""

    def __init__(self, files: IndexFiles, acceleration: Acceleration | None = None) -> None:
        self._files = files
        self._acceleration = acceleration or Acceleration()
        self._lock = threading.Lock()
        self._opened: WeakKeyDictionary[Rows, _Codes | None] = WeakKeyDictionary()

    def accelerates(self, rows: Rows) -> bool:
        """Return whether *rows* have codes."""
        return self._codes(rows) is not None

    def make(self, rows: Rows) -> Rows | None:
        """Make codes of *rows*, if they are many and have none. Returns the rows with codes; None if none were made.

        It takes two seconds for every hundred thousand rows.
        """
        if self.accelerates(rows) or not self._acceleration.suits(len(rows), rows.raw.shape[1] // 2):
            return None
        codebook = _Codebook.trained(rows.raw)
        return self._attach(rows, codebook, codebook.encoded(rows.raw, self._files.workers), len(rows))

    def carry(self, before: Rows, changed: NDArray[np.int64], write: Callable[[], Rows]) -> Rows:
        """Write a new generation with *write*, and give it the codes of the one *before*.

        Codes of photos that *changed* or are new are made. Returns the new rows, with codes if *before* had any and
        their codebook is not outgrown.
        """
        # Writing removes the files of the generation before, so its codes are mapped first.
        codes = self._codes(before)
        rows = write()
        if codes is None or len(before) >= _RETRAIN_GROWTH * codes.trained:
            return rows
        parts = self._codes_from_before(codes, before, rows, changed)
        return self._attach(rows, codes.codebook, parts, codes.trained) or rows

    def load(self, rows: Rows) -> None:
        """Load the codes of *rows*, if there are any: a fifth of a second for a million, and 192 bytes a row."""
        codes = self._codes(rows)
        if codes is not None:
            codes.load()

    def is_loaded(self, rows: Rows) -> bool:
        """Return whether *rows* have no codes that are not loaded."""
        codes = self._codes(rows)
        return codes is None or codes.is_loaded

    def shortlist(self, rows: Rows) -> Shortlist | None:
        """Return a shortlist, if the codes are loaded. From the fifth call on they are loaded in the background."""
        codes = self._codes(rows)
        if codes is None:
            return None
        codes.load_if_it_pays()
        return _CodesShortlist(codes, self._acceleration) if codes.is_loaded else None

    def _codes(self, rows: Rows) -> _Codes | None:
        with self._lock:
            if rows not in self._opened:
                self._opened[rows] = self._open(rows)
            return self._opened[rows]

    def _open(self, rows: Rows) -> _Codes | None:
        """The codes of *rows*; None if they are absent or damaged, which costs speed alone."""
        attached = self._files.attached(rows, _SUFFIXES)
        if attached is None:
            return None
        (codes_path, codebook_path), facts = attached
        try:
            codes = np.load(codes_path, mmap_mode="r", allow_pickle=False)
            codebook = _Codebook(np.load(codebook_path, allow_pickle=False))
            trained = int(facts["trained"])
        except UNUSABLE:
            return None
        fits = codes.shape[0] == len(rows) and 2 * codebook.dimension == rows.raw.shape[1]
        return _Codes(codebook, codes, trained, self._files.workers) if fits else None

    def _attach(self, rows: Rows, codebook: _Codebook, parts: Iterable[NDArray[np.uint8]], trained: int) -> Rows | None:
        """Write codes, *parts* of all *rows* in order, and open the rows again; None if they cannot be written."""

        def write(paths: Sequence[Path]) -> None:
            codes_path, codebook_path = paths
            with open(codes_path, "wb", opener=as_catalog) as file:
                shape = (len(rows), codebook.code_bytes)
                header = {"descr": "|u1", "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(file, header)
                file.writelines(np.ascontiguousarray(part).reshape(-1).data for part in parts)
            with open(codebook_path, "wb", opener=as_catalog) as file:
                np.save(file, codebook.centroids)

        if not self._files.attach(rows, _SUFFIXES, write, {"trained": trained}):
            return None
        opened = self._files.open()
        # Another process may have published its own generation meanwhile.
        return opened if opened is not None and opened.end == rows.end else None

    def _codes_from_before(
        self, codes: _Codes, before: Rows, rows: Rows, changed: NDArray[np.int64]
    ) -> Iterator[NDArray[np.uint8]]:
        for start in range(0, len(rows), _PART):
            wanted = rows.photo_ids[start : start + _PART]
            places = np.minimum(np.searchsorted(before.photo_ids, wanted), len(before) - 1)
            held = (before.photo_ids[places] == wanted) & ~np.isin(wanted, changed)
            part = np.empty((len(wanted), codes.codebook.code_bytes), np.uint8)
            part[held] = codes.codes[places[held]]
            if not held.all():
                new = rows.raw[start : start + _PART][~held]
                part[~held] = np.concatenate(list(codes.codebook.encoded(new, self._files.workers)))
            yield part


class _Codebook:
    """Makes codes of rows. `centroids`, float32 (d / 2, 16, 2)."""

    def __init__(self, centroids: NDArray[np.float32]) -> None:
        self.centroids = centroids
        self.dimension = centroids.shape[0] * 2
        self.code_bytes = (self.dimension + 3) // 4

    @classmethod
    def trained(cls, raw: NDArray[np.uint8]) -> _Codebook:
        """Train one on a sample of *raw*, half-precision rows, uint8 (n, 2 d)."""
        dimension = raw.shape[1] // 2
        # Neighbouring rows are of one day and alike, so the sample is spread over all of them.
        chosen = np.linspace(0, len(raw) - 1, min(len(raw), _SAMPLE)).astype(np.int64)
        index = faiss.IndexPQ(dimension, dimension // 2, _BITS, faiss.METRIC_INNER_PRODUCT)
        # Few rows make a poor codebook, and FAISS warns; candidates are then most of the rows anyway.
        index.pq.cp.min_points_per_centroid = 1
        alone(index.train, as_floats(raw[chosen]))
        return cls(faiss.vector_to_array(index.pq.centroids).reshape(dimension // 2, _CENTROIDS, 2))

    def encoded(self, raw: NDArray[np.uint8], workers: Workers) -> Iterator[NDArray[np.uint8]]:
        """Yield the codes, uint8 (m, d / 4 rounded up), of half-precision rows, uint8 (n, 2 d), a part at a time."""
        index = self.index()

        def encode(part: NDArray[np.uint8]) -> NDArray[np.uint8]:
            codes: NDArray[np.uint8] = index.sa_encode(as_floats(part))
            return codes

        parts = [raw[start : start + _PART] for start in range(0, len(raw), _PART)]
        for start in range(0, len(parts), workers.threads):
            yield from workers.each(encode, parts[start : start + workers.threads])

    def index(self) -> faiss.IndexPQ:
        """Return a FAISS index without rows."""
        index = faiss.IndexPQ(self.dimension, self.dimension // 2, _BITS, faiss.METRIC_INNER_PRODUCT)
        faiss.copy_array_to_vector(np.ascontiguousarray(self.centroids).reshape(-1), index.pq.centroids)
        index.is_trained = True
        return index


class _Codes:
    """The codes of one generation, uint8 (n, m), of *codebook*, which was made of *trained* rows."""

    def __init__(self, codebook: _Codebook, codes: NDArray[np.uint8], trained: int, workers: Workers) -> None:
        self.codebook = codebook
        self.codes = codes
        self.trained = trained
        self._workers = workers
        self._parts: list[tuple[int, faiss.IndexPQFastScan]] | None = None
        self._lock = threading.Lock()
        self._searches = 0

    @property
    def is_loaded(self) -> bool:
        """True if the codes are loaded."""
        return self._parts is not None

    def load(self) -> None:
        """Read the codes and arrange them for the scan."""
        with self._lock:
            if self._parts is None:
                parts = self._workers.parts(*self.codes.shape)
                self._parts = self._workers.each(self._scan_layout, parts)

    def load_if_it_pays(self) -> None:
        """Count a search, and load in the background from the fifth on."""
        self._searches += 1
        if self._searches >= _SEARCHES_TO_PAY_OFF and not self.is_loaded and not self._lock.locked():
            threading.Thread(target=self._load_in_background, name="accelerator", daemon=True).start()

    def candidates(self, query: NDArray[np.float32], count: int) -> NDArray[np.int64]:
        """Return positions, int64 (count,), of the rows that seem nearest to *query*, float32 (d,), nearest first."""
        self.load()
        assert self._parts is not None  # loaded

        def scan(part: tuple[int, faiss.Index]) -> FoundRows:
            start, index = part
            cosines, positions = index.search(query[None], min(count, index.ntotal))
            return FoundRows(positions[0] + start, cosines[0])

        return best(self._workers.each(scan, self._parts), count).positions

    def _load_in_background(self) -> None:
        # When the program is about to end, no more threads can be started.
        with suppress(RuntimeError):
            self.load()

    def _scan_layout(self, part: slice) -> tuple[int, faiss.IndexPQFastScan]:
        flat = np.ascontiguousarray(self.codes[part])
        index = self.codebook.index()
        show_codes(index, flat)
        return part.start, faiss.IndexPQFastScan(index)  # type: ignore[arg-type]  # the stubs know one constructor


@dataclass(frozen=True, slots=True)
class _CodesShortlist:
    """Finds the nearest rows by exact comparison of a shortlist of candidates."""

    codes: _Codes
    acceleration: Acceleration

    def nearest(self, rows: Rows, query: NDArray[np.float32], asked: int, chosen: Chosen) -> FoundRows | None:
        """Return the *asked* nearest of the *chosen* rows; None if an exact scan is the better way to them."""
        share = chosen.count / len(rows)
        if share <= _LEAST_SHARE:
            return None
        needed = min(self.acceleration.needed(len(rows), asked), chosen.count)
        scanned = needed if share == 1 else int(needed / share * SPARE)
        # A shortlist of most rows is a detour.
        if scanned > len(rows) // 2:
            return None
        candidates = self.codes.candidates(query, scanned)
        candidates = candidates[chosen.mask(candidates)]
        if len(candidates) < needed:
            return None
        return rows.scanner.nearest_of(query, asked, np.sort(candidates[:needed]))
