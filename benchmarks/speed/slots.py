"""CPU time for reading tags with a second vocabulary in force, for all or few photos: python slots.py PHOTOS."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from query.similarity import TextVectors
from query.tagging import photo_tags, retag, tag_counts
from store import Catalog, Facts, LabelDefinition, Space, SpaceIdentity, Stamp, VocabularyDefinition

DIMENSION, LABELS, FOLDERS, PART, FOUND = 64, 500, 100, 20_000, 10


class Encoder:
    """Encodes texts as random unit vectors."""

    def __init__(self) -> None:
        self.generator = np.random.default_rng(0)

    def encode_text(self, texts: list[str]) -> np.ndarray:
        """Return a vector for each text, float32 (n, d)."""
        rows = self.generator.normal(size=(len(texts), DIMENSION))
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def filled(catalog: Catalog, encoder: Encoder, photos: int) -> Space:
    """Make a library of *photos* photos, spread evenly over folders; returns its space."""
    with catalog.write() as t:
        space = t.spaces.ensure(SpaceIdentity("m", "h", "p", "float32", DIMENSION, float(np.log(30.0)), -10.0))
        folder = t.folders.add(b"/pictures")
    for start in range(0, photos, PART):
        with catalog.write() as t:
            count = min(PART, photos - start)
            for number, vector in enumerate(encoder.encode_text([""] * count), start):
                photo_id = t.photos.add(number.to_bytes(32, "big"), 1, Facts(1, 1, "JPEG"))
                t.embeddings.put(space.id, photo_id, vector)
                t.files.indexed(folder.id, b"%d/%d" % (number % FOLDERS, number), Stamp(1, 2, 3, 4), photo_id)
    return space


def put(catalog: Catalog, space: Space, texts: TextVectors, slot: str) -> None:
    """Tag with a new vocabulary in *slot*."""
    labels = tuple(LabelDefinition(f"{slot}{n}", (f"{slot}{n}",)) for n in range(LABELS))
    with catalog.write() as t:
        revision = t.vocabularies.put(VocabularyDefinition(slot or "main", labels))
    retag(catalog, space, revision, texts, slot=slot)


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds of *work*, the minimum of three runs."""
    found = []
    for _ in range(3):
        before = time.process_time()
        work()
        found.append(time.process_time() - before)
    return min(found)


def main(photos: int) -> None:
    """Make the library and read its tags, with the main vocabulary alone and with a second one in force."""
    with tempfile.TemporaryDirectory() as name, Catalog.open(Path(name) / "catalog.db") as catalog:
        encoder = Encoder()
        space = filled(catalog, encoder, photos)
        texts = TextVectors(catalog, space, lambda: encoder.encode_text)
        found = np.random.default_rng(1).choice(np.arange(1, photos + 1), FOUND, replace=False).tolist()

        def tell(what: str, unit: tuple[float, float] | None) -> tuple[float, float]:
            counts = seconds(lambda: tag_counts(catalog, space))
            search = seconds(lambda: photo_tags(catalog, space, found))
            ratios = "" if unit is None else f" ({counts / unit[0]:.2f} x and {search / unit[1]:.2f} x)"
            print(
                f"{what}: all counts {counts:.2f} s, tags of {FOUND} photos {1000 * search:.0f} ms{ratios}", flush=True
            )
            return counts, search

        put(catalog, space, texts, "")
        alone = tell("the main vocabulary alone", None)
        put(catalog, space, texts, "birds")
        tell("with a second one, everywhere", alone)
        for folders in ([os.path.join(b"/pictures", b"7")], [b"/pictures"]):
            with catalog.write() as t:
                t.slots.limit("birds", folders)
            tell(f"with a second one, in {os.fsdecode(folders[0])}", alone)
        print(f"the main vocabulary alone, again: {_again(catalog, space):.2f} s")


def _again(catalog: Catalog, space: Space) -> float:
    with catalog.write() as t:
        t.slots.drop("birds")
        t.scores.drop("birds")
    return seconds(lambda: tag_counts(catalog, space))


if __name__ == "__main__":
    main(int(sys.argv[1]))
