"""Time the search for near pairs in a synthetic library against the full product: python duplicates.py PHOTOS.

Printed are CPU seconds and the growth of peak memory. The rows have the dimension of a base checkpoint and, like
embeddings of pictures, a common mean and a spectrum that falls as one over the number of the component; one in fifty is
a copy of another with some noise.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from query.similarity import near_pairs
from store import Catalog, Facts, FaissIndex, MappedRows, Space, SpaceIdentity, Stamp

DIMENSION, LEAST, PART, BLOCK = 768, 0.95, 5000, 2048


def rows(count: int) -> NDArray[np.float32]:
    """Return unit vectors, float32 (n, d)."""
    random = np.random.default_rng(0)
    scale = 1 / np.sqrt(np.arange(1, DIMENSION + 1))
    made = random.normal(size=(count, DIMENSION)).astype(np.float32) * scale.astype(np.float32)
    made[:, 0] += 1.5
    copies = random.choice(count, count // 50, replace=False)
    others = np.setdiff1d(np.arange(count), copies)
    made[copies] = made[random.choice(others, len(copies))] + 0.01 * random.normal(size=(len(copies), DIMENSION))
    unit: NDArray[np.float32] = made / np.linalg.norm(made, axis=1, keepdims=True)
    return unit


def fill(catalog: Catalog, matrix: NDArray[np.float32]) -> Space:
    """Make a library of photos with these embeddings."""
    with catalog.write() as t:
        space = t.spaces.ensure(SpaceIdentity("m", "h", "p", "float32", DIMENSION, float(np.log(112.0)), -16.0))
        folder = t.folders.add(b"/photos")
    for start in range(0, len(matrix), PART):
        with catalog.write() as t:
            for number, row in enumerate(matrix[start : start + PART], start):
                photo_id = t.photos.add(number.to_bytes(32, "big"), 1, Facts(4000, 3000, "JPEG"))
                t.embeddings.put(space.id, photo_id, row)
                t.files.indexed(folder.id, str(number).encode(), Stamp(1, 2, 3, number), photo_id)
    return space


def product(matrix: NDArray[np.float32]) -> int:
    """Return the number of pairs by the full product, computed in blocks."""
    found = 0
    for start in range(0, len(matrix), BLOCK):
        for other in range(start, len(matrix), BLOCK):
            near = matrix[start : start + BLOCK] @ matrix[other : other + BLOCK].T >= LEAST
            found += int(np.triu(near, 1).sum() if other == start else near.sum())
    return found


def main() -> None:
    """Make the library and measure."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with Catalog.open(folder / "catalog.sqlite3", MappedRows(folder / "index")) as catalog:
            matrix = rows(count)
            space = fill(catalog, matrix)
            FaissIndex(folder / "index", catalog, space).refresh()
            matrix = matrix.astype(np.float16).astype(np.float32)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            started = time.process_time()
            pairs = near_pairs(catalog, space, range(1, count + 1), LEAST)
            ours = time.process_time() - started
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            started = time.process_time()
            whole = product(matrix)
            theirs = time.process_time() - started
    print(f"{count} photos, {len(pairs)} pairs (by the full product {whole})")
    print(f"near pairs {ours:.1f} CPU s, full product {theirs:.1f} CPU s: {theirs / ours:.1f} times as fast")
    print(f"peak memory grew by {grown / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
