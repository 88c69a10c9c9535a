"""Two spaces side by side: the cost of a second one, and of a switch.

    python benchmarks/speed/spaces.py second FOLDER --model CHECKPOINT --other CHECKPOINT
    python benchmarks/speed/spaces.py switch 100000

`second` indexes a folder into one space, into both at once, and then into the second one alone, and compares that with
encoding alone, in CPU-seconds of this process and its readers. `switch` makes a library of random embeddings in two
spaces with the shipped vocabulary's size, and measures the switch and the rollback.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from indexer import Destination, PipelineRequest, ProcessReaders, fill_space, index_folders
from indexer.decode import read_photo
from indexer.models import Checkpoint, open_checkpoint
from indexer.models.siglip.torch_encoders import SiglipImageEncoder
from photos.config import load
from photos.library import OpenLibrary
from photos.operations.models.spaces import roll_back_model, switch_model
from query.similarity import TextVectors
from query.tagging import retag
from store import Catalog, Facts, LabelDefinition, Space, SpaceIdentity, Stamp, VocabularyDefinition

DIMENSION, LABELS, PART = 768, 500, 10_000


class Silent:
    """Takes the indexer's events and does nothing."""

    def report(self, event: object) -> None:
        """Ignore *event*."""


def cpu() -> float:
    """Return the CPU-seconds of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def measured(work: Callable[[], object]) -> float:
    """Return the CPU-seconds of *work*."""
    before = cpu()
    work()
    return cpu() - before


class Trial:
    """A folder that is indexed into one space or two."""

    def __init__(self, folder: Path, checkpoints: tuple[Checkpoint, Checkpoint]) -> None:
        self.folder = folder
        self.checkpoints = checkpoints
        self.encoders = [SiglipImageEncoder(each, precision="float32") for each in checkpoints]
        self.files = sorted(path for path in folder.rglob("*") if path.is_file())

    def pixels(self, which: int) -> list[np.ndarray]:
        """Return the pixels of all pictures for one of the checkpoints."""
        return [read_photo(path.read_bytes(), self.checkpoints[which].preprocessing).pixels for path in self.files]

    def index(self, catalog: Catalog, *, both: bool) -> None:
        """Index the folder into the first space, or into both."""
        first, second = self._spaces(catalog)
        with catalog.write() as t:
            added = t.folders.add(os.fsencode(self.folder))
        beside = Destination(second, lambda: self.encoders[1], None) if both else None
        preprocessings = [each.preprocessing for each in self.checkpoints]
        with ProcessReaders(preprocessings[0], 1, preprocessings[1] if both else None) as readers:
            index_folders(
                catalog,
                PipelineRequest(folders=[added], space=first),
                readers=readers,
                image_encoder=lambda: self.encoders[0],
                tagger=None,
                progress=Silent(),
                beside=beside,
            )

    def fill(self, catalog: Catalog) -> None:
        """Embed the photos in the second space."""
        _, second = self._spaces(catalog)
        with catalog.read() as t:
            lacking, folders = t.files.lacking_embedding(second.id), t.folders.all()
        with ProcessReaders(self.checkpoints[1].preprocessing, 1) as readers:
            destination = Destination(second, lambda: self.encoders[1], None)
            fill_space(catalog, destination, lacking, folders, readers=readers, progress=Silent())

    def _spaces(self, catalog: Catalog) -> list[Space]:
        with catalog.write() as t:
            return [t.spaces.ensure(each.identity("float32", each.weights_hash())) for each in self.checkpoints]


def second(folder: Path, model: Path, other: Path, rounds: int) -> None:
    """Measure the cost of a second space, in turns."""
    trial = Trial(folder, (open_checkpoint(model), open_checkpoint(other)))
    pixels = [trial.pixels(which) for which in (0, 1)]
    found: dict[str, list[float]] = {"first": [], "both": [], "fill": [], "encode first": [], "encode second": []}
    for _ in range(rounds):
        for which, name in enumerate(("encode first", "encode second")):
            found[name].append(measured(lambda which=which: trial.encoders[which].encode(pixels[which])))
        for both in (False, True):
            with tempfile.TemporaryDirectory() as name, Catalog.open(Path(name) / "catalog.db") as catalog:
                found["both" if both else "first"].append(measured(lambda: trial.index(catalog, both=both)))  # noqa: B023
                if not both:
                    found["fill"].append(measured(lambda: trial.fill(catalog)))
    least = {name: min(values) for name, values in found.items()}
    for name, value in least.items():
        print(f"{name:14} {value:8.2f} CPU-s, {value / least['first']:.2f} x the first add")
    shared = least["both"] - least["first"]
    print(f"the second space in a shared pass: {shared / least['encode second']:.3f} x encoding alone")
    print(f"try afterwards: {least['fill'] / least['first']:.3f} x the first add of the same photos")


def switch(photos: int) -> None:
    """Measure the switch and the rollback."""
    with tempfile.TemporaryDirectory() as name:
        library = OpenLibrary(load({"library": Path(name)}, dict(os.environ)))
        with library:
            spaces = _fill(library.catalog, photos)
            library.checkpoint_of = _no_checkpoint  # type: ignore[method-assign]
            with library.catalog.write() as t:
                t.library.set_space(spaces[0].id)
                t.library.set_model("one")
            times: dict[str, list[float]] = {"switch": [], "rollback": []}
            for space in spaces:
                library.index_of(space).refresh()
            calls = {"switch": lambda: switch_model(library, "two"), "rollback": lambda: roll_back_model(library)}
            for _ in range(9):
                for what, work in calls.items():
                    before = time.perf_counter()
                    work()
                    times[what].append(time.perf_counter() - before)
    for what, values in times.items():
        print(f"{what:9} {photos} photos: {1000 * statistics.median(values):7.1f} ms")


def _no_checkpoint(space: Space) -> Checkpoint:
    """Stand for the files of a checkpoint, which there are none of."""
    return space  # type: ignore[return-value]


def _fill(catalog: Catalog, photos: int) -> list[Space]:
    generator = np.random.default_rng(0)

    def random(count: int) -> np.ndarray:
        rows = generator.normal(size=(count, DIMENSION)).astype(np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    identity = SpaceIdentity("one", "1", "squash-256-bilinear-1", "float32", DIMENSION, 4.7, -16.0)
    with catalog.write() as t:
        spaces = [t.spaces.ensure(replace(identity, model=name, weights_hash=name), name) for name in ("one", "two")]
        folder = t.folders.add(b"/pictures")
    for start in range(0, photos, PART):
        vectors = random(PART), random(PART)
        with catalog.write() as t:
            for number in range(start, min(start + PART, photos)):
                photo_id = t.photos.add(number.to_bytes(32, "big"), 1, Facts(1, 1, "JPEG"))
                for space, rows in zip(spaces, vectors, strict=True):
                    t.embeddings.put(space.id, photo_id, rows[number - start])
                t.files.indexed(folder.id, b"%d" % number, Stamp(1, 2, 3, 4), photo_id)
    labels = tuple(LabelDefinition(f"label {n}", (f"label {n}",)) for n in range(LABELS))
    with catalog.write() as t:
        revision = t.vocabularies.put(VocabularyDefinition("main", labels))
    for space in spaces:
        texts = TextVectors(catalog, space, lambda: lambda some: random(len(some)))
        retag(catalog, space, revision, texts)
    return spaces


def main() -> None:
    """Measure what is asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = parser.add_subparsers(dest="part", required=True)
    one = parts.add_parser("second")
    one.add_argument("folder", type=Path)
    one.add_argument("--model", type=Path, required=True)
    one.add_argument("--other", type=Path, required=True)
    one.add_argument("--rounds", type=int, default=3)
    parts.add_parser("switch").add_argument("photos", type=int)
    arguments = parser.parse_args()
    if arguments.part == "second":
        second(arguments.folder.resolve(), arguments.model, arguments.other, arguments.rounds)
    else:
        switch(arguments.photos)


if __name__ == "__main__":
    main()
