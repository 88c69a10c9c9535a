"""Cost of re-tagging a library on PostgreSQL, by one process and by workers, compared with an embedded library.

    python benchmarks/speed/server_retag.py [PHOTOS] [LABELS] [--rounds 3]

Both libraries have the same photos. Each step tags them with labels of which none were there before, and replaces the
tags of the step before; labels are read and calibrated before it. The embedded library reads embeddings from the rows
of its index, the one on the server from the server. CPU seconds are those of all threads of our processes, and of the
server's. With workers, units go to processes that have loaded what they need, each with a thread for each core
that it has for itself, and the ordinary re-tag then puts the labels in force. "Exclusive" workers store each part in a
transaction that excludes all others. The server is of the wheel that the tests use, without its syncs to the disk. At
the end, the tags of both libraries are compared.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import ClassVar

import numpy as np
from sqlalchemy import insert

sys.path.insert(0, str(Path(__file__).parents[2]))

from query.similarity import TextVectors
from query.tagging import ScoringUnit, UnitScorer, label_matrix, retag, retag_units
from query.tagging.learning.calibration import calibrate
from query.tagging.scoring.scorer import columns_in_force
from store import (
    MAIN_SLOT,
    Catalog,
    FaissIndex,
    LabelDefinition,
    MappedRows,
    Revision,
    Space,
    SpaceIdentity,
    Vectors,
    VocabularyDefinition,
)
from store.sql import schema
from store.sql.dialect import utc_now
from tests.store.postgres import Server, started

DIMENSION, CLUSTERS, PART = 768, 400, 20_000
CORES = len(os.sched_getaffinity(0))
TICK = os.sysconf("SC_CLK_TCK")


def vectors_of(seeds: Sequence[int], side: float) -> np.ndarray:
    """Return a unit vector for each seed, float32 (n, d), in clusters with an offset in common."""
    shared = np.random.default_rng(0)
    centres = shared.normal(size=(CLUSTERS, DIMENSION)).astype(np.float32)
    rows = centres[np.array(seeds) % CLUSTERS] * np.float32(0.35) + np.float32(side) * shared.normal(size=DIMENSION)
    rows += np.stack([np.random.default_rng(seed).standard_normal(DIMENSION, np.float32) for seed in seeds])
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def encode_text(texts: list[str]) -> np.ndarray:
    """Return a vector for each text, float32 (n, d), the same in every run."""
    return vectors_of([zlib.crc32(text.encode()) for text in texts], 0.3)


def fill(catalog: Catalog, photos: int) -> Space:
    """Make a library of *photos* photos; returns its space."""
    now = utc_now()
    with catalog.write() as t:
        space = t.spaces.ensure(SpaceIdentity("m", "h", "p", "float32", DIMENSION, float(np.log(112.0)), -16.0))
        t.library.set_space(space.id)
        folder = t.folders.add(b"/pictures")
    photo = {"size": 1, "width": 4000, "height": 3000, "format": "JPEG", "added_at": now}
    file = {"folder_id": folder.id, "size": 1, "mtime_ns": 1, "ctime_ns": 1, "inode": 1, "outcome": "indexed"}
    for start in range(0, photos, PART):
        numbers = range(start + 1, min(start + PART, photos) + 1)
        with catalog.write() as t:
            rows = [{**photo, "id": n, "content_hash": n.to_bytes(32, "big")} for n in numbers]
            t.connection.execute(insert(schema.photo), rows)
            t.connection.execute(insert(schema.file), [{**file, "path": b"%d.jpg" % n, "photo_id": n} for n in numbers])
            t.embeddings.put_all(space.id, Vectors(np.array(numbers), vectors_of(numbers, -0.1)))
    return space


class ExclusiveCatalog(Catalog):
    """A catalog whose parts exclude each other, like everything else that writes."""

    write_beside = Catalog.write


class Worker:
    """One process that scores units, as a worker does."""

    scorer: ClassVar[UnitScorer]

    @classmethod
    def start(cls, address: str, *, is_exclusive: bool, threads: int) -> None:
        """Open the catalog, and load what scoring takes."""
        import torch

        torch.set_num_threads(threads)
        cls.scorer = UnitScorer((ExclusiveCatalog if is_exclusive else Catalog).open(address))

    @classmethod
    def score(cls, unit: ScoringUnit) -> float:
        """Score a unit, and return its CPU seconds."""
        before = time.process_time()
        cls.scorer.score(unit)
        return time.process_time() - before


def ready(number: int) -> int:
    """Return *number* when every worker has started: each takes one of these."""
    time.sleep(1)
    return number


def server_seconds(postmaster: int) -> float:
    """Return the CPU seconds of the server so far: of its first process and its children, also those that ended."""
    total = 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text("utf-8").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        own, of_children = (int(fields[at]) + int(fields[at + 1]) for at in (11, 13))
        if int(status.parent.name) == postmaster:
            total += own + of_children
        elif int(fields[1]) == postmaster:
            total += own
    return total / TICK


@dataclass(frozen=True)
class Cost:
    """Wall-clock seconds, and CPU seconds of our processes and of the server."""

    wall: float
    ours: float
    server: float


class Bench:
    """A library, and re-tags of it with labels that are new each time."""

    def __init__(self, catalog: Catalog, space: Space, labels: int, postmaster: int | None = None) -> None:
        self.catalog, self.space = catalog, space
        self.texts = TextVectors(catalog, space, lambda: encode_text)
        self._labels = labels
        self._postmaster = postmaster

    def prepared(self, step: int) -> Revision:
        """Make the vocabulary of a step, with its vectors and its calibration."""
        names = [f"{step}-{number}" for number in range(self._labels)]
        definition = VocabularyDefinition("v", tuple(LabelDefinition(name, (name,)) for name in names))
        with self.catalog.write() as t:
            revision = t.vocabularies.put(definition)
            is_calibrated = t.calibrations.current(self.space.id) is not None
        if not is_calibrated:
            calibrate(self.catalog, self.space, label_matrix(self.catalog, self.space, revision, self.texts))
        columns_in_force(self.catalog, self.space, revision, self.texts)
        return revision

    def alone(self, step: int) -> Cost:
        """Return the cost of a re-tag by this process."""
        revision = self.prepared(step)
        return self._measured(lambda: retag(self.catalog, self.space, revision, self.texts) and 0.0)

    def shared(self, step: int, pool: ProcessPoolExecutor) -> Cost:
        """Return the cost of a re-tag by the workers of *pool*, which this process ends."""
        revision = self.prepared(step)

        def work() -> float:
            units = retag_units(self.catalog, self.space, revision, self.texts, lambda _t, _units: None).units
            seconds = sum(pool.map(Worker.score, units))
            retag(self.catalog, self.space, revision, self.texts)
            return seconds

        return self._measured(work)

    def digest(self) -> str:
        """Return a digest of all tags: photos, places of labels in the vocabulary, and cosines."""
        found = hashlib.sha256()
        with self.catalog.read() as t:
            scoring = t.scores.current(self.space.id, MAIN_SLOT)
            assert scoring is not None
            for kept in t.scores.scan(scoring.id):
                for part in (kept.photo_ids, scoring.places(kept.label_ids), kept.cosines):
                    found.update(np.ascontiguousarray(part).tobytes())
        return found.hexdigest()

    def _measured(self, work: Callable[[], float]) -> Cost:
        wall, ours, server = time.perf_counter(), time.process_time(), self._server()
        others = work()
        return Cost(time.perf_counter() - wall, time.process_time() - ours + others, self._server() - server)

    def _server(self) -> float:
        return 0.0 if self._postmaster is None else server_seconds(self._postmaster)


@contextmanager
def workers(address: str, count: int, *, is_exclusive: bool = False) -> Iterator[ProcessPoolExecutor]:
    """Yield *count* processes that have started, and share the cores."""
    start = partial(Worker.start, is_exclusive=is_exclusive, threads=max(1, CORES // count))
    with ProcessPoolExecutor(count, get_context("spawn"), start, (address,)) as pool:
        list(pool.map(ready, range(count)))
        yield pool


def show(what: str, costs: Sequence[Cost], base: Sequence[Cost]) -> None:
    """Print the median cost of a step, and the median of its ratios to the embedded re-tag of the same round."""
    wall, ours, server = (
        statistics.median(getattr(each, name) for each in costs) for name in ("wall", "ours", "server")
    )
    walls = [one.wall / other.wall for one, other in zip(costs, base, strict=True)]
    cpus = [(one.ours + one.server) / other.ours for one, other in zip(costs, base, strict=True)]
    ratios = f"{statistics.median(walls):>8.2f}{statistics.median(cpus):>8.2f}"
    print(f"{what:<34}{wall:>8.2f}{ours:>8.2f}{server:>8.2f}{ratios}", flush=True)


def main() -> None:
    """Make both libraries, and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=int, nargs="?", default=100_000)
    parser.add_argument("labels", type=int, nargs="?", default=6500)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pg-")))
        server: Server = stack.enter_context(started(data))
        postmaster = int((data / "data" / "postmaster.pid").read_text("utf-8").split()[0])
        address = stack.enter_context(server.database())
        embedded = stack.enter_context(Catalog.open(folder / "catalog.db", MappedRows(folder)))
        remote = stack.enter_context(Catalog.open(address))
        one = Bench(embedded, fill(embedded, arguments.photos), arguments.labels)
        FaissIndex(folder, embedded, one.space).refresh()
        other = Bench(remote, fill(remote, arguments.photos), arguments.labels, postmaster)
        server.run("VACUUM ANALYZE", address.rpartition("?")[0].rpartition("/")[2])
        run(one, other, address, arguments.rounds)


def run(one: Bench, other: Bench, address: str, rounds: int) -> None:
    """Measure all steps, in so many rounds after one that is not counted."""
    steps: dict[str, list[Cost]] = {}
    for number in range(rounds + 1):
        found = {"embedded, one process": one.alone(10 * number), "server, one process": other.alone(10 * number)}
        for count, is_exclusive in ((1, False), (2, False), (2, True)):
            name = f"server, {count} {'exclusive ' if is_exclusive else ''}worker{'s' * (count > 1)}"
            with workers(address, count, is_exclusive=is_exclusive) as pool:
                found[name] = other.shared(10 * number + count + is_exclusive, pool)
        for name, cost in found.items():
            if number:
                steps.setdefault(name, []).append(cost)
    print(f"{'':<34}{'wall s':>8}{'our CPU':>8}{'server':>8}{'wall':>8}{'CPU':>8}")
    for name, costs in steps.items():
        show(name, costs, steps["embedded, one process"])
    one.alone(10 * rounds + 3)
    print("the same tags:", one.digest() == other.digest())


if __name__ == "__main__":
    main()
