"""Cost of a search in a large library, compared with reading the bytes of its rows once.

    python benchmarks/speed/index.py [ROWS] [DIMENSION] [--folder DIR] [--rounds 30]

Makes a catalog of ROWS photos (a million of 768 dimensions takes 4 GB of disk and some minutes), in DIR if given, where
the next run reuses it. Vectors are synthetic: 2000 clusters of Pareto-distributed sizes, eight parts each, a
power-law spectrum in random directions, and a common mean. Queries have the same distribution, like pictures, or
another mean, like texts. Wall and CPU milliseconds are the minimum of many alternating rounds; reading uses as many
threads as searching.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from store import Catalog, FaissIndex, Neighbours, Space, SpaceIdentity, VectorIndex
from store.vectors.faiss.index_files import IndexFiles
from store.vectors.faiss.index_rows import Rows

COUNT = 100
PART = 20_000
QUERIES = 100
CLUSTERS, SUBCLUSTERS = 2000, 8
SHARES = (0.01, 0.1, 0.3, 0.9)
Floats = NDArray[np.float32]


class Vectors:
    """Draws unit vectors of *dimension* dimensions."""

    def __init__(self, dimension: int) -> None:
        self.random = np.random.default_rng(0)
        spectrum = (np.arange(dimension) + 1.0) ** -0.45
        self.spectrum = (spectrum / np.linalg.norm(spectrum)).astype(np.float32)
        self.turned = np.linalg.qr(self.random.normal(size=(dimension, dimension)))[0].astype(np.float32)
        self.means = [self._direction(dimension) * np.float32(0.8), self._direction(dimension)]
        sizes = self.random.pareto(1.2, CLUSTERS) + 1
        self.shares = sizes / sizes.sum()
        clusters = self._around(np.zeros((1, dimension), np.float32), CLUSTERS, 1)
        self.centres = self._around(clusters, SUBCLUSTERS, 0.7)

    def pictures(self, count: int) -> Floats:
        """Draw vectors like the rows, float32 (*count*, d)."""
        return self._unit(self._drawn(count) + self.means[0])

    def texts(self, count: int) -> Floats:
        """Draw vectors that are far from all rows but nearer to some, float32 (*count*, d)."""
        return self._unit(np.float32(0.27) * self._drawn(count) + self.means[1])

    def _drawn(self, count: int) -> Floats:
        chosen = self.random.choice(CLUSTERS, count, p=self.shares) * SUBCLUSTERS
        chosen += self.random.integers(0, SUBCLUSTERS, count)
        drawn: Floats = self._around(self.centres[chosen], 1, 0.7) @ self.turned
        return drawn

    def _around(self, centres: Floats, each: int, spread: float) -> Floats:
        noise = self.random.standard_normal((len(centres), each, len(self.spectrum)), np.float32)
        around: Floats = centres[:, None] + np.float32(spread) * noise * self.spectrum
        return around.reshape(-1, len(self.spectrum))

    def _direction(self, dimension: int) -> Floats:
        return self._unit(self.random.standard_normal((1, dimension), np.float32))[0]

    @staticmethod
    def _unit(rows: Floats) -> Floats:
        unit: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


def make(path: Path, rows: int, dimension: int) -> None:
    """Make a catalog of *rows* photos, and queries beside it."""
    vectors = Vectors(dimension)
    with Catalog.open(path) as catalog:
        with catalog.write() as t:
            space = t.spaces.ensure(identity(dimension))
            folder = t.folders.add(b"/pictures")
        for start in range(0, rows, PART):
            with catalog.write() as t:
                put(
                    t.connection.exec_driver_sql,
                    space.id,
                    folder.id,
                    start + 1,
                    vectors.pictures(min(PART, rows - start)),
                )
    np.save(path.with_suffix(".pictures.npy"), vectors.pictures(QUERIES))
    np.save(path.with_suffix(".texts.npy"), vectors.texts(QUERIES))


def put(execute: Callable[..., object], space_id: int, folder_id: int, first: int, matrix: Floats) -> None:
    """Insert photos from id *first* on. One by one, as the indexer writes them, a million would take an hour."""
    raw = [row.tobytes() for row in matrix.astype("<f2")]
    numbered = list(enumerate(raw, first))
    execute(
        "INSERT INTO photo (id, content_hash, size, width, height, format, added_at)"
        " VALUES (?, ?, 1, 4000, 3000, 'JPEG', '2026-01-01 00:00:00.000000')",
        [(n, n.to_bytes(32, "big")) for n, _ in numbered],
    )
    execute(
        "INSERT INTO file (folder_id, path, size, mtime_ns, ctime_ns, inode, outcome, photo_id)"
        " VALUES (?, ?, 1, 1, 1, 1, 'indexed', ?)",
        [(folder_id, b"%d.jpg" % n, n) for n, _ in numbered],
    )
    embed(execute, space_id, numbered)


def embed(execute: Callable[..., object], space_id: int, numbered: list[tuple[int, bytes]]) -> None:
    """Insert or replace the embeddings of these photos."""
    execute(
        "INSERT OR REPLACE INTO embedding (space_id, photo_id, vector, checksum) VALUES (?, ?, ?, ?)",
        [(space_id, n, row, zlib.crc32(row)) for n, row in numbered],
    )
    execute(
        "INSERT INTO embedding_change (space_id, photo_id, op, token) VALUES (?, ?, 'put', ?)",
        [(space_id, n, n) for n, _ in numbered],
    )


def identity(dimension: int) -> SpaceIdentity:
    """Return the identity of a space of *dimension* dimensions."""
    return SpaceIdentity("synthetic", "hash", "none", "float32", dimension, 4.7, -16.0)


class Reader:
    """Reads bytes once, in several threads."""

    def __init__(self, rows: NDArray[np.uint8]) -> None:
        flat = rows.reshape(-1)
        aligned = flat[-flat.ctypes.data % 8 :]
        words = aligned[: len(aligned) // 8 * 8].view(np.uint64)
        self.threads = min(len(os.sched_getaffinity(0)), 8)
        self._parts = np.array_split(words, self.threads)
        self._pool = ThreadPoolExecutor(self.threads)

    def read(self) -> None:
        """Sum the bytes, which is faster than memory delivers them."""
        list(self._pool.map(np.sum, self._parts))


def spent(work: Callable[[], object]) -> tuple[float, float]:
    """Return the wall and CPU milliseconds of *work*."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000


def once(what: str, work: Callable[[], object]) -> None:
    """Print the time of doing *work* once."""
    wall, cpu = spent(work)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{what:<60}{wall / 1000:>9.2f}s{cpu / 1000:>9.2f}s CPU, {peak:.1f} GiB peak so far", flush=True)


def in_turns(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, tuple[float, float]]:
    """Return the minimum wall and CPU milliseconds of each."""
    measured: dict[str, list[tuple[float, float]]] = {what: [] for what in works}
    for _ in range(rounds):
        for what, work in works.items():
            measured[what].append(spent(work))
    return {what: (min(wall for wall, _ in all_), min(cpu for _, cpu in all_)) for what, all_ in measured.items()}


def search(
    index: VectorIndex, query: Floats, count: int, among: NDArray[np.int64] | None = None, *, exact: bool = False
) -> Neighbours:
    """Search the index as it is now, its reads from the catalog included."""
    with index.read() as snapshot:
        return snapshot.search(query, count, among, exact=exact)


def recall(index: VectorIndex, queries: Floats) -> tuple[float, float]:
    """Return the mean and the least share of the true nearest photos that are found."""
    shares = [
        len(np.intersect1d(search(index, query, COUNT).photo_ids, search(index, query, COUNT, exact=True).photo_ids))
        / COUNT
        for query in queries
    ]
    return float(np.mean(shares)), float(np.min(shares))


def measure_searches(index: VectorIndex, rows: Rows, pictures: Floats, texts: Floats, rounds: int) -> None:
    """Print the time of searches compared with reading, and their recall."""
    reader = Reader(rows.raw)
    random = np.random.default_rng(1)
    query = iter(np.tile(np.concatenate([pictures, texts]), (rounds, 1)))
    works: dict[str, Callable[[], object]] = {
        f"reading the rows, {reader.threads} threads": reader.read,
        "exact": lambda: search(index, next(query), COUNT, exact=True),
        "with a shortlist": lambda: search(index, next(query), COUNT),
    }
    for share in SHARES:
        among = rows.photo_ids[random.random(len(rows)) < share]
        for how, exact in (("exact", True), ("with a shortlist", False)):
            works[f"among {share:.0%}, {how}"] = lambda among=among, exact=exact: search(
                index,  # type: ignore[misc]
                next(query),
                COUNT,
                among,
                exact=exact,
            )
    measured = in_turns(works, rounds)
    reading, exactly = (measured[what] for what in list(works)[:2])
    print(f"\n{'':<32}{'ms':^16}{'of reading':^16}{'of exact':^16}")
    print(f"{'search of 100':<32}" + f"{'wall':>8}{'CPU':>8}" * 3)
    for what, times in measured.items():
        ratios = [time / base for bases in (reading, exactly) for time, base in zip(times, bases, strict=True)]
        print(f"{what:<32}{times[0]:>8.2f}{times[1]:>8.2f}" + "".join(f"{ratio:>8.3f}" for ratio in ratios))
    print(f"\n{'recall@100 with a shortlist':<32}{'mean':>9}{'least':>9}")
    for what, queries in (("queries like pictures", pictures), ("queries like texts", texts)):
        mean, least = recall(index, queries)
        print(f"{what:<32}{mean:>9.4f}{least:>9.2f}", flush=True)


def measure(folder: Path, catalog: Catalog, space: Space, rounds: int) -> None:
    """Measure and print."""
    index = FaissIndex(folder / "index", catalog, space)
    pictures, texts = np.load(folder / "catalog.pictures.npy"), np.load(folder / "catalog.texts.npy")
    if not index.status().valid:
        once("the file of rows, from the catalog", lambda: search(index, pictures[0], 1))
    if not index.status().accelerated:
        once("the codes", index.refresh)
    files = IndexFiles(folder / "index", space)
    opening = in_turns({"opening": files.open}, rounds)["opening"]
    print(f"opening the files: {opening[0]:.1f} ms, {opening[1]:.1f} CPU ms")
    once("the first search, exact, without loaded codes", lambda: search(index, pictures[0], COUNT))
    once("loading the codes", index.warm)
    rows = files.open()
    assert rows is not None  # just made
    measure_searches(index, rows, pictures, texts, rounds)
    change(catalog, space, rows)
    once("\na new file after 5 % of the rows changed", lambda: search(index, pictures[0], 1))


def change(catalog: Catalog, space: Space, rows: Rows) -> None:
    """Give one photo in twenty the vector of another photo."""
    chosen = rows.photo_ids[::20]
    with catalog.write() as t:
        numbered = [(int(n), row.tobytes()) for n, row in zip(chosen, rows.raw[1::20], strict=False)]
        embed(t.connection.exec_driver_sql, space.id, numbered)


def main() -> None:
    """Make the catalog if there is none, and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", type=int, nargs="?", default=1_000_000)
    parser.add_argument("dimension", type=int, nargs="?", default=768)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--rounds", type=int, default=30)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "catalog.db"
        if not path.with_suffix(".texts.npy").exists():
            make(path, arguments.rows, arguments.dimension)
        with Catalog.open(path) as catalog:
            with catalog.write() as t:
                space = t.spaces.ensure(identity(arguments.dimension))
            measure(folder, catalog, space, arguments.rounds)


if __name__ == "__main__":
    main()
