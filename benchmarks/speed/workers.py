"""Index a folder by one process with a library in a file, and by workers with one on a server, in one run.

    python benchmarks/speed/workers.py FOLDER --model CHECKPOINT [--workers 2] [--times 2] [--kill]

The baseline is what `photos add` does in one process with all cores. The workers are processes of their own on the same
cores, each with its part of the threads and readers. Both are measured from when the files to read are known to the end
of the last one: by the clock, and in processor time of all processes but the server's. So each process loads its model
within that time: take some hundred files. The embeddings and the scores of tags of all runs are compared. With --kill
one more run loses a worker in the middle, by SIGKILL. Photos are tagged with a few labels: a text encoder on a CPU
takes minutes for those included.

The server is one that the tests start, so this runs in a checkout; or that of PHOTOS_TEST_POSTGRES.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil

from indexer import FileDone, ReadingBegins
from photos.config import load
from photos.library import OpenLibrary
from photos.operations.indexing.index import AddRequest, add
from photos.operations.tagging.revisions import current_revision
from photos.operations.tagging.vocabularies import UseRequest, use_vocabulary
from store import MAIN_SLOT

LABELS = ("beach", "bird", "city", "dog", "flower", "forest", "mountain", "people", "river", "snow", "street", "sunset")


class Result(NamedTuple):
    """Photos a second by the clock, processor milliseconds a photo, and checksums of embeddings and scores."""

    rate: float
    cost: float
    checksums: tuple[str, str]


class Window:
    """Takes the indexer's events, and measures from the beginning of reading to the last file."""

    def __init__(self, processes: list[int], victim: int | None = None) -> None:
        self._processes = [psutil.Process(each) for each in processes]
        self._victim = victim
        self.done = self.total = 0
        self._begun: tuple[int, float, float] | None = None
        self._ended = (0, 0.0, 0.0)

    def report(self, event: object) -> None:
        """Take one event."""
        if isinstance(event, ReadingBegins):
            self.total = event.files
            self._begun = (0, time.perf_counter(), self._cpu())
        if isinstance(event, FileDone):
            self.done += 1
            self._ended = (self.done, time.perf_counter(), self._cpu())
            if self._victim is not None and self.done > self.total // 2:
                psutil.Process(self._victim).kill()
                self._victim = None

    def _cpu(self) -> float:
        seconds = 0.0
        for process in self._processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                for each in [process, *process.children(recursive=True)]:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        times = each.cpu_times()
                        seconds += times.user + times.system
        return seconds

    def figures(self) -> tuple[float, float]:
        """Return the files a second, and the processor milliseconds a file."""
        assert self._begun is not None
        files, clock, cpu = (end - start for end, start in zip(self._ended, self._begun, strict=True))
        return files / clock, 1000 * cpu / files


def checksums(library: OpenLibrary) -> tuple[str, str]:
    """Return checksums of the embeddings, and of the scores that tags are made of, by contents of photos."""
    embeddings, scores = [], []
    with library.catalog.read() as t:
        space = library.space
        ids = t.embeddings.ids(space.id).tolist()
        contents = {photo.id: photo.content_hash for photo in t.photos.get(ids)}
        for page in t.embeddings.scan(space.id):
            for photo_id, vector in zip(page.ids.tolist(), page.matrix, strict=True):
                embeddings.append(contents[photo_id] + vector.tobytes())
        scoring = t.scores.current(space.id, "")
        assert scoring is not None
        names = {label.id: label.definition.name for label in t.vocabularies.revision(scoring.revision_id).labels}
        kept = t.scores.of(scoring.id, ids)
        for photo_id, labels, cosines in zip(kept.photo_ids, kept.label_ids, kept.cosines, strict=True):
            pairs = [(names[label], cosine) for label, cosine in zip(labels.tolist(), cosines.tolist(), strict=True)]
            scores.append(contents[int(photo_id)] + repr(pairs).encode())
    both = (hashlib.sha256(b"".join(sorted(each))).hexdigest()[:12] for each in (embeddings, scores))
    return next(both), next(both)


def use_labels(library: OpenLibrary, folder: Path) -> None:
    """Tag with a few labels from now on."""
    words = folder / "labels.txt"
    words.write_text("\n".join(LABELS), "utf-8")
    use_vocabulary(library, UseRequest(vocabulary=str(words)))


def alone(folder: Path, model: str) -> Result:
    """Index by this process alone."""
    with tempfile.TemporaryDirectory() as place, OpenLibrary(load({"library": Path(place) / "library"}, {})) as library:
        use_labels(library, Path(place))
        window = Window([os.getpid()])
        add(library, AddRequest([str(folder)], model=model), window)
        return Result(*window.figures(), checksums(library))


@contextlib.contextmanager
def worker(address: str, folder: Path, share: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker in a process of its own."""
    own = str(max(1, (os.cpu_count() or 1) // share))
    command = [sys.executable, "-m", "photos", "--library", str(folder), "--catalog", address, "worker"]
    command += ["--threads", own, "--workers", own, "--silence", "5", "--log-level", "warning"]
    process = subprocess.Popen(command)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def by_workers(folder: Path, model: str, address: str, count: int, *, kill: bool = False) -> Result:
    """Index by *count* workers, of which one may be killed."""
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = load({"library": place / "library", "catalog": address, "queue": True}, {})
        library = stack.enter_context(OpenLibrary(settings))
        use_labels(library, place)
        # A worker needs tables to begin with.
        add(library, AddRequest([str(place)], model=model))
        space = library.space_if_any
        with library.catalog.read() as t:
            revision = current_revision(t, MAIN_SLOT)
        assert space is not None
        assert revision is not None
        # Labels are encoded here: with other numbers of threads their vectors differ in the last bits.
        library.tagger(space, revision, library.text_vectors(space)).prepare()
        workers = [stack.enter_context(worker(address, place / f"{number}", count)) for number in range(count)]
        pids = [each.pid for each in workers]
        # The workers are children of this process.
        window = Window([os.getpid()], pids[0] if kill else None)
        add(library, AddRequest([str(folder)]), window)
        return Result(*window.figures(), checksums(library))


def main() -> None:
    """Measure and print."""
    from tests.store.postgres import running

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--times", type=int, default=2)
    parser.add_argument("--kill", action="store_true")
    given = parser.parse_args()
    folder = given.folder.resolve()
    one: list[Result] = []
    many: list[Result] = []
    with running() as server:
        for _ in range(given.times):
            one.append(alone(folder, given.model))
            print(f"one process      {one[-1].rate:7.2f} photos/s  {one[-1].cost:7.1f} ms of processors", flush=True)
            with server.database() as address:
                many.append(by_workers(folder, given.model, address, given.workers))
            print(f"{given.workers} workers        {many[-1].rate:7.2f} photos/s  {many[-1].cost:7.1f} ms", flush=True)
        if given.kill:
            with server.database() as address:
                many.append(by_workers(folder, given.model, address, given.workers, kill=True))
            print("one worker killed in the middle: all files are indexed")
    pairs = list(zip(many, one, strict=False))
    print(f"throughput of workers {statistics.median(some.rate / own.rate for some, own in pairs):.2f} of one process")
    print(f"processor time        {statistics.median(some.cost / own.cost for some, own in pairs):.2f}")
    found = {each.checksums for each in (*one, *many)}
    print(f"embeddings and scores {'are the same in all runs' if len(found) == 1 else f'DIFFER: {sorted(found)}'}")


if __name__ == "__main__":
    main()
