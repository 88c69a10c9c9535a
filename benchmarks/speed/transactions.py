"""Seconds for which each write transaction holds the catalog's lock, in a life of one large vocabulary.

    python benchmarks/speed/transactions.py --labels 40000 --photos 5000

It makes a library of photos with random embeddings, and runs the commands on vocabularies with an encoder of random
vectors: import, use, edit, roll back, rename all labels, drop. A transaction is timed from its granted lock to its end.
The table names the slowest ones, each with the function of the program that began it. Exit status 1 if one takes longer
than `--most`, half a second of CPU unless set: within that, nobody who writes at the same time has to wait for a
vocabulary. Time by the clock is shown beside it; on a busy machine it is longer.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, event
from sqlalchemy.pool import Pool

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from photos.config import load  # noqa: E402 - the checkout's own modules
from photos.library import OpenLibrary  # noqa: E402
from photos.operations.tagging.vocabularies import (  # noqa: E402
    UseRequest,
    drop_vocabulary,
    export_vocabulary,
    import_vocabulary,
    use_vocabulary,
)
from photos.operations.tagging.vocabulary_changes import (  # noqa: E402
    RollBackRequest,
    SaveLabelRequest,
    begin_edit,
    finish_edit,
    roll_back,
    save_edit,
    save_label,
)
from store import Facts, SpaceIdentity, Stamp  # noqa: E402

DIMENSION = 32
#: The rooms whose functions begin transactions.
PROGRAM = tuple(str(ROOT / name) for name in ("photos", "query", "indexer"))


@dataclass(frozen=True, slots=True)
class Timed:
    """A transaction: the step that it belongs to, the function that began it, and its seconds, by clock and of CPU."""

    step: str
    began_by: str
    seconds: float
    cpu: float


class Clock:
    """Times every write transaction of this process from now on."""

    def __init__(self) -> None:
        self.step = ""
        self.timed: list[Timed] = []
        self._open: dict[int, tuple[float, float, str]] = {}
        event.listen(Engine, "after_cursor_execute", self._begun)
        event.listen(Pool, "checkin", self._ended)

    def _begun(self, connection: Any, _cursor: object, statement: str, *_others: object) -> None:
        if statement == "BEGIN IMMEDIATE":
            ours = [frame for frame in traceback.extract_stack() if frame.filename.startswith(PROGRAM)]
            place = Path(ours[-1].filename).relative_to(ROOT)
            began = f"{place}:{ours[-1].name}"
            self._open[id(connection.connection.dbapi_connection)] = time.perf_counter(), time.thread_time(), began

    def _ended(self, connection: object, _record: object) -> None:
        began = self._open.pop(id(connection), None)
        if began is not None:
            start, cpu, place = began
            self.timed.append(Timed(self.step, place, time.perf_counter() - start, time.thread_time() - cpu))


class RandomEncoders:
    """An encoder that gives every text a random vector of its own."""

    def text(self, _checkpoint: object, _device: object) -> RandomEncoders:
        """Return an encoder for any checkpoint."""
        return self

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, float32 (n, d)."""
        rows = np.random.default_rng(len(texts)).normal(size=(len(texts), DIMENSION))
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


class TimedLibrary(OpenLibrary):
    """A library whose checkpoint is never opened."""

    def checkpoint_of(self, space: object) -> Any:
        """Return nothing."""
        del space


def filled(folder: Path, photos: int) -> OpenLibrary:
    """Make a library of *photos* with random embeddings."""
    library = TimedLibrary(load({"library": folder / "library"}, {}), RandomEncoders())  # type: ignore[arg-type]
    rows = np.random.default_rng(1).normal(size=(photos, DIMENSION)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    with library.catalog.write() as t:
        space = t.spaces.ensure(SpaceIdentity("random", "0" * 64, "none", "float32", DIMENSION, 100.0, -10.0))
        t.library.set_model("random")
        t.library.set_space(space.id)
        registered = t.folders.add(b"/photos")
        for number, row in enumerate(rows):
            photo = t.photos.add(number.to_bytes(32, "big"), 1, Facts(1, 1, "PNG"))
            t.embeddings.put(space.id, photo, row)
            t.files.indexed(registered.id, b"%d.png" % number, Stamp(1, 2, 3, 4), photo)
    return library


def live(library: OpenLibrary, folder: Path, labels: int, clock: Clock) -> None:
    """Run the commands of a vocabulary's life."""
    one, two = folder / "large.txt", folder / "other.txt"
    one.write_text("".join(f"label {number}\n" for number in range(labels)))
    two.write_text("".join(f"other {number} = a picture of {number}\n" for number in range(labels)))
    clock.step = "import"
    import_vocabulary(library, str(one))
    clock.step = "use"
    use_vocabulary(library, UseRequest(vocabulary=str(one)))
    clock.step = "use another"
    use_vocabulary(library, UseRequest(vocabulary=str(two), slot="other"))
    clock.step = "add a label"
    save_label(library, SaveLabelRequest("a new one", "a new one"))
    clock.step = "edit"
    draft = begin_edit(library, "large")
    edited = save_edit(library, draft, draft.text.replace("label 1", "changed 1"))
    assert edited is not None
    finish_edit(library, edited)
    clock.step = "roll back"
    roll_back(library, RollBackRequest())
    clock.step = "export and import"
    export_vocabulary(library, "large", str(folder / "again.txt"))
    import_vocabulary(library, str(folder / "again.txt"))
    clock.step = "drop"
    drop_vocabulary(library, "other")


def main() -> int:
    """Print the table; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=int, default=40_000)
    parser.add_argument("--photos", type=int, default=5_000)
    parser.add_argument("--most", type=float, default=0.5, help="seconds")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, filled(Path(name), options.photos) as library:
        clock = Clock()
        start = time.perf_counter()
        live(library, Path(name), options.labels, clock)
        seconds = time.perf_counter() - start
    slowest = sorted(clock.timed, key=lambda each: -each.seconds)
    sys.stdout.write(f"{len(slowest)} write transactions in {seconds:.1f} s\n")
    for each in slowest[:12]:
        sys.stdout.write(
            f"{1000 * each.seconds:8.0f} ms  {1000 * each.cpu:8.0f} ms of CPU  {each.step:18} {each.began_by}\n"
        )
    return int(max(each.cpu for each in slowest) > options.most)


if __name__ == "__main__":
    sys.exit(main())
