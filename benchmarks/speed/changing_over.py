"""Searches and writes a second of a library in a file and of one on a server, by the number of processes at each.

    python benchmarks/speed/changing_over.py [PHOTOS] [--dimension 768] [--seconds 8] [--address ADDRESS]

20 000 photos unless another number is given, with synthetic vectors, the same in both libraries. Writers replace the
embeddings of 64 photos in each transaction, like a batch of an indexer whose encoder costs nothing; searchers ask for
100 photos without a filter. Each is a process of its own with one thread, and all begin together. Waits are those of a
transaction, to its commit. The two libraries are asked in turn with the same numbers of processes; the baseline is the
file. On one machine the server's processes take cores from the others.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from index import Vectors, make
from server_library import add_photos, database, embed, identity, settle

from store import Catalog, Space, vector_index
from store import Vectors as Embeddings

#: Writers and searchers.
GRID = ((1, 0), (4, 0), (16, 0), (0, 1), (0, 8), (1, 1), (1, 8), (4, 8), (16, 16))
BATCH, COUNT, PART = 64, 100, 20_000
#: Seconds in which all processes are ready.
_LONGEST = 300.0


@dataclass(frozen=True)
class Place:
    """A library: the file or the address of its catalog, the folder of its index files, and two numbers."""

    catalog: str
    folder: str
    photos: int
    dimension: int

    @contextmanager
    def opened(self) -> Iterator[tuple[Catalog, Space]]:
        """Open the catalog, and read its space."""
        is_address = self.catalog.startswith("postgresql:")
        with Catalog.open(self.catalog if is_address else Path(self.catalog)) as catalog:
            with catalog.read() as t:
                space = t.spaces.all()[0]
            yield catalog, space


def write(place: Place, number: int, gate: Any, seconds: float, answers: Any) -> None:
    """Write until the time is over, and report the seconds of each transaction."""
    random = np.random.default_rng(number)
    rows = random.standard_normal((BATCH, place.dimension), np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    with place.opened() as (catalog, space):

        def step() -> None:
            ids = np.sort(random.choice(place.photos, BATCH, replace=False)).astype(np.int64) + 1
            with catalog.write() as t:
                t.embeddings.put_all(space.id, Embeddings(ids, rows))

        run(step, "write", gate, seconds, answers)


def search(place: Place, number: int, gate: Any, seconds: float, answers: Any) -> None:
    """Search until the time is over, and report the seconds of each search."""
    random = np.random.default_rng(1000 + number)
    with place.opened() as (catalog, space):
        index = vector_index(catalog, Path(place.folder), space)

        def step() -> None:
            query = random.standard_normal(place.dimension).astype(np.float32)
            with index.read() as snapshot:
                assert len(snapshot.search(query / np.linalg.norm(query), COUNT).photo_ids) == COUNT

        step()
        run(step, "search", gate, seconds, answers)


def run(step: Callable[[], None], kind: str, gate: Any, seconds: float, answers: Any) -> None:
    """Do *step* again and again until the time is over, from when all processes are ready."""
    gate.wait()
    times, errors = [], []
    end = time.perf_counter() + seconds
    while (begun := time.perf_counter()) < end:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - any error is the result
            errors.append(repr(error))
        else:
            times.append(time.perf_counter() - begun)
    answers.put((kind, times, errors))


def measure(place: Place, writers: int, searchers: int, seconds: float) -> str:
    """Let so many processes work side by side. Returns what they reached, in one line."""
    processes = multiprocessing.get_context("spawn")
    gate, answers = processes.Barrier(writers + searchers, timeout=_LONGEST), processes.Queue()
    work = [(write, number) for number in range(writers)] + [(search, number) for number in range(searchers)]
    running = [processes.Process(target=do, args=(place, number, gate, seconds, answers)) for do, number in work]
    for each in running:
        each.start()
    # One that fails before the others begin reports nothing, and breaks the gate for all.
    reports = [answers.get(timeout=2 * _LONGEST + seconds) for _ in running]
    for each in running:
        each.join()
    parts = []
    for kind, factor in (("write", BATCH), ("search", 1)):
        times = [each for what, found, _ in reports if what == kind for each in found]
        if times:
            middle, late = (1000 * float(np.quantile(times, share)) for share in (0.5, 0.95))
            parts.append(f"{factor * len(times) / seconds:>8.0f} {middle:>7.1f} {late:>8.1f}")
        else:
            parts.append(f"{'':>25}")
    errors = [error for _, _, found in reports for error in found]
    return "   ".join(parts) + (f"   {len(errors)} errors: {errors[0][:80]}" if errors else "")


def main() -> None:
    """Make both libraries, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=int, nargs="?", default=20_000)
    parser.add_argument("--dimension", type=int, default=768)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--address")
    options = parser.parse_args()
    # One thread each: the number of processes is what is varied.
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    # Waits for the disk count in both libraries, as they would.
    with tempfile.TemporaryDirectory() as name, database(options.address, "fsync=on", "full_page_writes=on") as watched:
        folder = Path(name)
        make(folder / "catalog.db", options.photos, options.dimension)
        drawing = Vectors(options.dimension)
        with Catalog.open(watched.address) as catalog:
            add_photos(catalog, options.photos)
            with catalog.write() as t:
                space = t.spaces.ensure(identity(options.dimension))
            for start in range(0, options.photos, PART):
                embed(catalog, space, drawing.pictures(min(PART, options.photos - start)), first=1 + start)
            vector_index(catalog, folder, space).refresh()
            settle(catalog)
        file = Place(str(folder / "catalog.db"), str(folder / "index"), options.photos, options.dimension)
        with file.opened() as (catalog, space):
            vector_index(catalog, Path(file.folder), space).refresh()
        server = Place(watched.address, str(folder), options.photos, options.dimension)
        columns = f"{'a second':>8} {'p50 ms':>7} {'p95 ms':>8}"
        print(f"{'':<34}{'embeddings: ' + columns}   searches: {columns}")
        for writers, searchers in GRID:
            for what, place in (("file", file), ("server", server)):
                line = measure(place, writers, searchers, options.seconds)
                print(f"{f'{writers} writing, {searchers} searching, {what}':<46}{line}", flush=True)


if __name__ == "__main__":
    main()
