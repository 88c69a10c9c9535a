"""A temporary library that is changed by subprocesses and inspected through its catalog."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from store import MAIN_SLOT, Catalog, Outcome
from tests.photos.encoders import make_checkpoint
from tests.store.many import add_photos

ROOT = Path(__file__).parents[2]


class Library:
    """Pictures and the library that indexes them. Each picture has a different colour."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pictures = folder / "pictures"
        self.pictures.mkdir(parents=True)
        self.model = make_checkpoint(folder / "model")
        self.path = folder / "library"
        words = folder / "words.txt"
        words.write_text("red\ngreen\nblue\n")
        self.made = 0
        self.log = folder / "log"
        assert self.run("vocab", "use", words) == 0

    def make(self, count: int, below: str = "") -> None:
        """Draw *count* new pictures."""
        (self.pictures / below).mkdir(exist_ok=True)
        for _ in range(count):
            number = self.made
            self.made += 1
            colour = (number % 251, number // 251 % 251, 10 + number // 63001)
            Image.new("RGB", (20, 20), colour).save(self.pictures / below / f"{number:06}.png")

    def start(
        self,
        *arguments: object,
        limit: tuple[int, int] | None = None,
        below: Sequence[str] = (),
        program: Sequence[object] = ("tests.stress.program",),
    ) -> subprocess.Popen[bytes]:
        """Start the program, under a limit of the system's, one of `resource.RLIMIT_…` and its number, if any.

        *below* is the command line of a program that runs it, such as a tracer; *program* the module that runs instead
        of the program itself, and its own arguments.
        """
        # A file, because a pipe that nobody reads would fill up and block the program.
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*below, sys.executable, "-m", *map(str, program), "--library", self.path, *map(str, arguments)],
                cwd=ROOT,
                env={**os.environ, "OMP_NUM_THREADS": "1", "PHOTOS_PRECISION": "float32"},
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
                # No thread runs here, and the limit has to be in force before the program starts.
                preexec_fn=None if limit is None else partial(resource.setrlimit, limit[0], (limit[1], limit[1])),  # noqa: PLW1509
            )

    def run(self, *arguments: object) -> int:
        """Run the program to its end; returns its exit status."""
        status = self.start(*arguments).wait(timeout=3600)
        assert "Traceback" not in self.log.read_text(), self.log.read_text()
        return status

    def photos(self) -> dict[bytes, int]:
        """Return the ids of the committed photos by content hash."""
        with Catalog.open(self.path / "catalog.sqlite3") as catalog, catalog.read() as t:
            rows = t.connection.exec_driver_sql("SELECT content_hash, id FROM photo")
            return {row[0]: row[1] for row in rows}

    def indexed(self) -> int:
        """Return the number of indexed files."""
        with Catalog.open(self.path / "catalog.sqlite3") as catalog, catalog.read() as t:
            return t.files.counts().get(Outcome.INDEXED, 0)

    def add_synthetic(self, count: int) -> None:
        """Add *count* photos with random embeddings and no files on disk."""
        generator = np.random.default_rng(0)
        with Catalog.open(self.path / "catalog.sqlite3") as catalog, catalog.write() as t:
            space_id = t.library.space_id()
            assert space_id is not None
            rows = generator.normal(size=(count, t.spaces.get(space_id).identity.dimension)).astype(np.float32)
            folder = t.folders.all()[0]
            hashes = [b"unseen" + number.to_bytes(26, "big") for number in range(count)]
            paths = [b"unseen/%d" % number for number in range(count)]
            add_photos(t, space_id, folder.id, hashes, paths, rows / np.linalg.norm(rows, axis=1, keepdims=True))

    def check_tags(self) -> tuple[str, int]:
        """Return the vocabulary and revision in force. Checks that every photo has the best of its labels only."""
        with Catalog.open(self.path / "catalog.sqlite3") as catalog, catalog.read() as t:
            revision = t.vocabularies.revision(t.slots.current_revision_id("") or 0)
            scoring = t.scores.current(t.library.space_id() or 0, MAIN_SLOT)
            assert scoring is not None
            assert scoring.revision_id == revision.id
            assert t.scores.missing(scoring) == []
            labels = [label.id for label in revision.labels]
            for kept in t.scores.scan(scoring.id):
                assert kept.label_ids.shape[1] == min(32, len(labels))
                assert np.isin(kept.label_ids, labels).all()
            return revision.vocabulary, revision.number

    def check(self) -> None:
        """Check that each picture has exactly one file, photo, embedding and row of the index."""
        assert self.run("verify") == 0, self.log.read_text()
        with Catalog.open(self.path / "catalog.sqlite3") as catalog, catalog.read() as t:
            one = lambda query: t.connection.exec_driver_sql(query).scalar_one()  # noqa: E731 - used five times
            assert one("PRAGMA integrity_check") == "ok"
            assert one("SELECT count(*) FROM file WHERE outcome = 'indexed'") == self.made
            assert one("SELECT count(DISTINCT photo_id) FROM file") == self.made
            assert one("SELECT count(*) FROM photo") == self.made
            assert one("SELECT count(*) FROM embedding") == self.made


def wait_for(condition: Callable[[], bool], seconds: float) -> float:
    """Return the seconds until *condition* is true; fails after *seconds*."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() < start + seconds, f"the condition did not hold within {seconds:.0f} seconds"
        time.sleep(0.5)
    return time.monotonic() - start
