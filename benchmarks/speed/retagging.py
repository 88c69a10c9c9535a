"""Times a re-tag of a made-up library beside the product alone, in bfloat16: python retagging.py PHOTOS [LABELS]."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from query import TextVectors, retag
from store import Catalog, Facts, LabelDefinition, Space, SpaceIdentity, Stamp, VocabularyDefinition

DIMENSION, CLUSTERS, ROWS = 768, 400, 4096


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


def filled(catalog: Catalog, vectors: np.ndarray) -> Space:
    """The space of a library with a photo for each of *vectors*."""
    with catalog.write() as t:
        space = t.spaces.ensure(SpaceIdentity("m", "h", "p", "float32", DIMENSION, float(np.log(112.0)), -16.0))
        folder = t.folders.add(b"/pictures")
        for number, vector in enumerate(vectors):
            photo_id = t.photos.add(number.to_bytes(32, "big"), 1, Facts(1, 1, "JPEG"))
            t.embeddings.put(space.id, photo_id, vector)
            t.files.indexed(folder.id, b"%d" % number, Stamp(1, 2, 3, 4), photo_id)
    return space


def timed(catalog: Catalog, space: Space, texts: TextVectors, labels: int, what: str) -> None:
    """Re-tag with so many labels and say how long it took."""
    definition = VocabularyDefinition("v", tuple(LabelDefinition(f"l{n}", (f"l{n}",)) for n in range(labels)))
    with catalog.write() as t:
        revision = t.vocabularies.put(definition)
    report = retag(catalog, space, revision, texts)
    whole = report.scoring_seconds + report.writing_seconds
    print(f"{what}: {whole:.2f} s, of it scoring {report.scoring_seconds:.2f} s")
    print(f"  before it, labels and calibration: {report.encoding_seconds:.2f} s")


def main(photos: int, labels: int) -> None:
    """Make the library, tag it twice, and once more with one label more."""
    encoder = Encoder()
    with tempfile.TemporaryDirectory() as folder, Catalog.open(Path(folder) / "catalog.db") as catalog:
        vectors = encoder.vectors(photos, -0.1)
        space = filled(catalog, vectors)
        texts = TextVectors(catalog, space, lambda: encoder)
        timed(catalog, space, texts, labels, "first, with what is usual for each label")
        timed(catalog, space, texts, labels, "nothing changed")
        timed(catalog, space, texts, labels + 1, "one label more")
        timed(catalog, space, texts, labels // 2, "half of them")
        timed(catalog, space, texts, labels, "all")
        one, other = torch.from_numpy(vectors).bfloat16(), torch.randn(labels, DIMENSION).bfloat16()
        for _ in range(2):
            started = time.perf_counter()
            for start in range(0, photos, ROWS):
                one[start : start + ROWS] @ other.T
        print(f"the product alone: {time.perf_counter() - started:.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 6500)
