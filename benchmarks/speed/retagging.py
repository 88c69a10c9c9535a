"""Times a re-tag of a made-up library beside the product alone, in bfloat16: python retagging.py PHOTOS [LABELS]."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from query import TextVectors, retag
from store import (
    Catalog,
    Facts,
    LabelDefinition,
    MappedRows,
    Space,
    SpaceIdentity,
    Stamp,
    VectorIndex,
    VocabularyDefinition,
)

DIMENSION, CLUSTERS, ROWS, PART = 768, 400, 4096, 20_000


class Encoder:
    """Encodes texts as random unit vectors in clusters, as those of photos are, and a little to one side."""

    def __init__(self) -> None:
        self.generator = np.random.default_rng(0)
        self.centres = self.generator.normal(size=(CLUSTERS, DIMENSION))
        self.side = self.generator.normal(size=DIMENSION)

    def vectors(self, count: int, side: float) -> np.ndarray:
        """So many unit vectors, float32."""
        centres = self.centres[self.generator.integers(0, CLUSTERS, count)]
        rows = centres * 0.35 + self.generator.normal(size=(count, DIMENSION)) + side * self.side
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    def encode_text(self, texts: list[str]) -> np.ndarray:
        """A vector for each."""
        return self.vectors(len(texts), 0.3)


def filled(catalog: Catalog, encoder: Encoder, photos: int) -> Space:
    """The space of a library of so many photos."""
    with catalog.write() as t:
        space = t.spaces.ensure(SpaceIdentity("m", "h", "p", "float32", DIMENSION, float(np.log(112.0)), -16.0))
        folder = t.folders.add(b"/pictures")
    for start in range(0, photos, PART):
        with catalog.write() as t:
            for number, vector in enumerate(encoder.vectors(min(PART, photos - start), -0.1), start):
                photo_id = t.photos.add(number.to_bytes(32, "big"), 1, Facts(1, 1, "JPEG"))
                t.embeddings.put(space.id, photo_id, vector)
                t.files.indexed(folder.id, b"%d" % number, Stamp(1, 2, 3, 4), photo_id)
    return space


def timed(catalog: Catalog, space: Space, texts: TextVectors, labels: int, what: str, unit: float) -> None:
    """Re-tag with so many labels and say how long it took, also as a multiple of *unit*, seconds."""
    definition = VocabularyDefinition("v", tuple(LabelDefinition(f"l{n}", (f"l{n}",)) for n in range(labels)))
    with catalog.write() as t:
        revision = t.vocabularies.put(definition)
    report = retag(catalog, space, revision, texts)
    whole = report.scoring_seconds + report.writing_seconds
    print(f"{what}: {whole:.2f} s, {whole / unit:.2f} x the product, of it scoring {report.scoring_seconds:.2f} s")
    print(f"  before it, labels and calibration: {report.encoding_seconds:.2f} s", flush=True)


def product(photos: int, labels: int) -> float:
    """Seconds that the product alone takes, in bfloat16: the quicker of two."""
    one, other = (torch.randn(count, DIMENSION).bfloat16() for count in (ROWS, labels))
    seconds = []
    for _ in range(2):
        started = time.perf_counter()
        for _ in range(0, photos, ROWS):
            one @ other.T
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def memory() -> float:
    """Peak of the process's own memory so far, without what is mapped, in MB."""
    status = Path("/proc/self/status").read_text("utf-8")
    return sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")) / 1024


def main(photos: int, labels: int) -> None:
    """Make the library, tag it twice, and once more with one label more."""
    encoder = Encoder()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        catalog = Catalog.open(folder / "catalog.db", MappedRows(folder))
        space = filled(catalog, encoder, photos)
        VectorIndex(folder, catalog, space).refresh()
        texts = TextVectors(catalog, space, lambda: encoder)
        unit = product(photos, labels)
        print(f"the product alone: {unit:.2f} s")
        timed(catalog, space, texts, labels, "first, with what is usual for each label", unit)
        timed(catalog, space, texts, labels, "nothing changed", unit)
        timed(catalog, space, texts, labels + 1, "one label more", unit)
        timed(catalog, space, texts, labels // 2, "half of them", unit)
        timed(catalog, space, texts, labels, "all", unit)
        print(f"the product alone, again: {product(photos, labels):.2f} s; own memory at the end {memory():.0f} MB")
        catalog.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 6500)
