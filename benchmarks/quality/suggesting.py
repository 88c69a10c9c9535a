"""Recall of suggestions: labels removed from a vocabulary that are suggested again.

    python benchmarks/quality/suggesting.py

A library of drawn scenes that training never saw, tagged with the `demo` vocabulary less a few labels. The word list is
`photographic` with the removed labels. For each removed label, the place of the label, or of a word that contains it,
among the suggestions is printed. Colours come first, because `demo` has no labels for them.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

from tagging import CHECKPOINT

from indexer.models import open_checkpoint
from indexer.models.siglip.torch_encoders import SiglipImageEncoder, TorchTextEncoder
from photos.demo.splits import scene_at
from query.similarity import TextVectors
from query.tagging import retag
from query.vocabulary import shipped_vocabulary
from query.vocabulary_design import suggest_labels
from store import Catalog, Facts, Stamp, VocabularyDefinition
from training.pictures import seen

GROUPS = (
    (),
    ("snow", "snowfall", "snowy field", "cat", "windmill"),
    ("bird", "umbrella", "palm tree"),
    ("forest", "fog", "dog"),
    ("beach", "desert", "night"),
    ("lighthouse", "hot air balloon", "harbour"),
)


def fill(catalog: Catalog, count: int) -> TextVectors:
    """Fill *catalog* with drawn scenes; returns the text vectors of its space."""
    checkpoint = open_checkpoint(CHECKPOINT, "demo")
    scenes = [scene_at("test", index) for index in range(count)]
    photos = SiglipImageEncoder(checkpoint, "cpu").encode(seen(scenes, checkpoint.preprocessing))
    with catalog.write() as t:
        space = t.spaces.ensure(checkpoint.identity("float32", "squash"))
        folder = t.folders.add(b"/drawn")
        for number, vector in enumerate(photos):
            photo_id = t.photos.add(number.to_bytes(32, "big"), 1, Facts(1, 1, "JPEG"))
            t.embeddings.put(space.id, photo_id, vector)
            t.files.indexed(folder.id, b"%d.jpg" % number, Stamp(1, 1, 1, number), photo_id)
    return TextVectors(catalog, space, lambda: TorchTextEncoder(checkpoint, "cpu").encode_text)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--count", type=int, default=16)
    arguments = parser.parse_args()
    whole = shipped_vocabulary("demo")
    words = shipped_vocabulary("photographic")
    with tempfile.TemporaryDirectory() as folder, Catalog.open(Path(folder) / "catalog.db") as catalog:
        texts = fill(catalog, arguments.pictures)
        with catalog.read() as t:
            space = t.spaces.get(1)
        came = asked = 0
        for removed in GROUPS:
            labels = tuple(label for label in whole.labels if label.name not in removed)
            left = replace(whole, name="part", labels=labels)
            with catalog.write() as t:
                revision = t.vocabularies.put(left)
            retag(catalog, space, revision, texts)
            known = {label.name for label in words.labels}
            more = tuple(label for label in whole.labels if label.name in removed and label.name not in known)
            found = suggest_labels(
                catalog, space, left, VocabularyDefinition("words", words.labels + more), texts, arguments.count
            )
            names = [gap.labels[0][0] for gap in found.named]
            places = {
                label: next((at for at, name in enumerate(names, 1) if label in name.split(" and ")[0]), None)
                for label in removed
            }
            came += sum(place is not None for place in places.values())
            asked += len(places)
            print(f"without {', '.join(removed) or 'nothing'}: {', '.join(names)}")
            print(f"  places {places}")
        print(f"{came} of {asked} came back among the first {arguments.count}")


if __name__ == "__main__":
    main()
