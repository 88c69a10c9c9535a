"""Cost of re-tagging a synthetic library, compared with the matrix product alone in bfloat16.

    python benchmarks/speed/retagging.py [PHOTOS] [LABELS] [--library DIR]

Each step runs between two products, so that both see the same load of the machine. CPU seconds are those of all threads
of this process. Labels are read and calibrated before the step, and the cost is printed in a column of its own. Memory
is the sampled peak without mapped files, beyond that before the step. The library is made in DIR if given, where the
next run reuses it.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from sqlalchemy import insert

from query.similarity import TextVectors
from query.tagging import RetagReport, label_matrix, retag
from query.tagging.learning.calibration import calibrate
from query.tagging.scoring.scorer import columns_in_force
from query.vocabulary_design import preview_label
from store import (
    Catalog,
    FaissIndex,
    LabelDefinition,
    MappedRows,
    Revision,
    Space,
    SpaceIdentity,
    VocabularyDefinition,
)
from store.sql import schema

DIMENSION, CLUSTERS, ROWS, PART = 768, 400, 4096, 20_000
#: Photos that the product alone is timed with, and seconds between two looks at the memory.
SAMPLE, INTERVAL = 40_960, 0.02


class Encoder:
    """Encodes texts as random unit vectors in clusters, like those of photos, with an offset in common."""

    def __init__(self) -> None:
        self.generator = np.random.default_rng(0)
        self.centres = self.generator.normal(size=(CLUSTERS, DIMENSION)).astype(np.float32)
        self.side = self.generator.normal(size=DIMENSION).astype(np.float32)

    def vectors(self, count: int, side: float) -> np.ndarray:
        """Return *count* unit vectors, float32 (n, d)."""
        centres = self.centres[self.generator.integers(0, CLUSTERS, count)]
        rows = centres * np.float32(0.35) + np.float32(side) * self.side
        rows += self.generator.standard_normal(rows.shape, np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def encode_text(self, texts: list[str]) -> np.ndarray:
        """Return a vector for each text, float32 (n, d)."""
        return self.vectors(len(texts), 0.3)


def fill(catalog: Catalog, encoder: Encoder, photos: int) -> None:
    """Make a library of *photos* photos."""
    now = datetime.now(UTC).replace(tzinfo=None)
    with catalog.write() as t:
        space = t.spaces.ensure(SpaceIdentity("m", "h", "p", "float32", DIMENSION, float(np.log(112.0)), -16.0))
        folder = t.folders.add(b"/pictures")
    photo = {"size": 1, "width": 4000, "height": 3000, "format": "JPEG", "added_at": now}
    file = {"folder_id": folder.id, "size": 1, "mtime_ns": 1, "ctime_ns": 1, "inode": 1, "outcome": "indexed"}
    for start in range(0, photos, PART):
        numbers = range(start + 1, min(start + PART, photos) + 1)
        rows = encoder.vectors(len(numbers), -0.1)
        sums = [zlib.crc32(row.astype("<f2").tobytes()) for row in rows]
        # Row by row, as the indexer writes them, this would take minutes.
        tables = {
            schema.photo: [{**photo, "id": n, "content_hash": n.to_bytes(32, "big")} for n in numbers],
            schema.file: [{**file, "path": b"%d.jpg" % n, "photo_id": n} for n in numbers],
            schema.embedding: [
                {"space_id": space.id, "photo_id": n, "vector": row, "checksum": checksum}
                for n, row, checksum in zip(numbers, rows, sums, strict=True)
            ],
            schema.embedding_change: [{"space_id": space.id, "photo_id": n, "op": "put", "token": n} for n in numbers],
        }
        with catalog.write() as t:
            for table, values in tables.items():
                t.connection.execute(insert(table), values)


@dataclass(frozen=True)
class Cost:
    """Wall and CPU seconds, and peak memory in megabytes without mapped files."""

    wall: float
    cpu: float
    memory: float


def measured(work: Callable[[], object]) -> Cost:
    """Run *work* and return its cost."""
    ended, before, most = threading.Event(), own_memory(), [0.0]

    def look() -> None:
        while not ended.wait(INTERVAL):
            most[0] = max(most[0], own_memory())

    watching = threading.Thread(target=look)
    watching.start()
    wall, cpu = time.perf_counter(), cpu_seconds()
    work()
    wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    ended.set()
    watching.join()
    return Cost(wall, cpu, max(0.0, most[0] - before))


def own_memory() -> float:
    """Return the current memory of the process in megabytes, without mapped files."""
    status = Path("/proc/self/status").read_text("utf-8")
    return sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")) / 1024


def cpu_seconds() -> float:
    """Return the CPU seconds of the process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Product:
    """The product of all photos and all labels, in bfloat16, in blocks of as many photos as a re-tag takes."""

    def __init__(self, photos: int, labels: int) -> None:
        self._photos = photos
        self._one, self._other = (torch.randn(count, DIMENSION).bfloat16() for count in (ROWS, labels))
        self._run()

    def cost(self) -> Cost:
        """Return the current cost, extrapolated from a part of the photos."""
        cost, times = measured(self._run), self._photos / SAMPLE
        return Cost(cost.wall * times, cost.cpu * times, 0)

    def _run(self) -> None:
        for _ in range(0, SAMPLE, ROWS):
            self._one @ self._other.T


class Bench:
    """Steps on one library, each compared with the product."""

    def __init__(self, catalog: Catalog, space: Space, texts: TextVectors, photos: int, labels: int) -> None:
        self._catalog, self._space, self._texts, self._photos = catalog, space, texts, photos
        self._product = Product(photos, labels)
        self._before = self._product.cost()

    def retagged(self, what: str, names: range) -> Cost:
        """Re-tag with labels of these numbers; prints and returns the cost without reading and calibrating labels."""
        definition = VocabularyDefinition("v", tuple(LabelDefinition(f"l{n}", (f"l{n}",)) for n in names))
        with self._catalog.write() as t:
            revision = t.vocabularies.put(definition)
        first = measured(lambda: self._read_labels(revision))
        again = measured(lambda: self._read_labels(revision))
        reports: list[RetagReport] = []
        cost = measured(lambda: reports.append(retag(self._catalog, self._space, revision, self._texts)))
        report = reports[0]
        after = self._product.cost()
        wall, cpu = (self._before.wall + after.wall) / 2, (self._before.cpu + after.cpu) / 2
        self._before = after
        own, own_cpu = report.scoring_seconds + report.writing_seconds, max(cost.cpu - again.cpu, 0.001)
        print(
            f"{what:<30}{own:>8.2f}{own / wall:>9.2f}{own_cpu:>9.2f}{own_cpu / cpu:>9.2f}{first.cpu:>9.2f}"
            f"{cost.memory:>8.0f}{report.changed:>9}{self._photos / own:>10.0f}{self._photos / own_cpu:>10.0f}",
            flush=True,
        )
        return Cost(own, own_cpu, cost.memory)

    def _read_labels(self, revision: Revision) -> None:
        with self._catalog.read() as t:
            is_calibrated = t.calibrations.current(self._space.id) is not None
        if not is_calibrated:
            calibrate(self._catalog, self._space, label_matrix(self._catalog, self._space, revision, self._texts))
        columns_in_force(self._catalog, self._space, revision, self._texts)

    def tried(self) -> Cost:
        """Return the cost of `vocab try` without its start and the vector of its text."""
        vector = self._texts.label_vector("tried")
        return measured(lambda: preview_label(self._catalog, self._space, vector))


def main() -> None:
    """Make the library if necessary, and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=int, nargs="?", default=100_000)
    parser.add_argument("labels", type=int, nargs="?", default=6500)
    parser.add_argument("--library", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.library or Path(temporary)
        encoder = Encoder()
        is_new = not (folder / "catalog.db").exists()
        with Catalog.open(folder / "catalog.db", MappedRows(folder)) as catalog:
            if is_new:
                fill(catalog, encoder, arguments.photos)
            with catalog.read() as t:
                space = t.spaces.all()[0]
            FaissIndex(folder, catalog, space).refresh()
            # New labels: those of an earlier run would be tagged already.
            first = int(time.time()) % 10**6 * 10**5
            texts = TextVectors(catalog, space, lambda: encoder.encode_text)
            run(Bench(catalog, space, texts, arguments.photos, arguments.labels), first, arguments.labels)


def run(bench: Bench, first: int, labels: int) -> None:
    """Measure all steps: all labels, the same again, one more, one less, other labels, and a preview of one label."""
    print(
        f"{'':<30}{'wall s':>8}{'product':>9}{'CPU s':>9}{'product':>9}{'labels':>9}{'MB':>8}{'changed':>9}"
        f"{'a wall s':>10}{'a CPU s':>10}"
    )
    whole = bench.retagged("all labels", range(first, first + labels))
    bench.retagged("nothing changed", range(first, first + labels))
    for more in (1, 2, 3):
        one = bench.retagged("one label more", range(first, first + labels + more))
        print(f"    1/{whole.wall / one.wall:.0f} of all labels; in CPU seconds 1/{whole.cpu / one.cpu:.0f}")
    bench.retagged("one label less", range(first + 1, first + labels + 3))
    others = first + labels + 3
    bench.retagged("other labels", range(others, others + labels))
    for _ in range(2):
        cost = bench.tried()
        print(f"vocab try, without start and text: {cost.cpu:.2f} CPU seconds, {cost.wall:.2f} s, {cost.memory:.0f} MB")


if __name__ == "__main__":
    main()
