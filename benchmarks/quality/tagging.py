"""Precision and recall of the calibrated tagging rule, compared with simpler rules.

    python benchmarks/quality/tagging.py

Uses drawn scenes that training never saw, with known content, and the `demo` checkpoint. Some of the labels are from
the default vocabulary and occur in no drawing. All rules get the same scores.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# `training` is in the checkout alone.
sys.path.insert(0, str(Path(__file__).parents[2]))

from indexer.models import Checkpoint, open_checkpoint
from indexer.models.siglip.torch_encoders import SiglipImageEncoder, TorchTextEncoder
from photos.demo.captions import Fact, facts_of
from photos.demo.splits import scene_at
from query.similarity import cosine_of
from query.tagging import minimum_of, spread_of
from query.vocabulary import fill_templates
from training.pictures import seen
from training.quick import labels
from training.retrieval import strangers

CHECKPOINT = Path(__file__).parents[2] / "photos" / "demo" / "checkpoint"


def vectors(checkpoint: Checkpoint, names: list[str]) -> NDArray[np.float32]:
    """Return a vector for each name, made as for labels of a vocabulary, float32 (n, d)."""
    encoder = TorchTextEncoder(checkpoint, "cpu")
    means = np.stack([encoder.encode_text(fill_templates([name])).mean(0) for name in names])
    unit: NDArray[np.float32] = means / np.linalg.norm(means, axis=1, keepdims=True)
    return unit


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=600)
    parser.add_argument("--strangers", type=int, default=300)
    arguments = parser.parse_args()
    checkpoint = open_checkpoint(CHECKPOINT, "demo")
    scenes = [scene_at("test", index) for index in range(arguments.pictures)]
    known: list[tuple[str, str, Fact]] = labels()
    facts = [facts_of(scene) for scene in scenes]
    truth = np.array([[fact in of_one for _, _, fact in known] for of_one in facts])
    truth = np.concatenate([truth, np.zeros((len(scenes), arguments.strangers), bool)], 1)
    images = SiglipImageEncoder(checkpoint, "cpu").encode(seen(scenes, checkpoint.preprocessing))
    cosines = images @ vectors(checkpoint, [label for _, label, _ in known] + strangers(arguments.strangers)).T
    identity = checkpoint.identity("float32", "")
    chosen = {f"fixed {p}": cosines >= cosine_of(p, identity) for p in (0.5, 0.1, 0.01, 0.001)}
    for count in (3, 5):
        chosen[f"top {count}"] = np.argsort(np.argsort(-cosines, 1), 1) < count
    chosen["calibrated"] = cosines >= np.array([minimum_of(each, identity) for each in spread_of(cosines)])
    print(f"{len(scenes)} pictures, {len(known)} labels that occur, {arguments.strangers} that do not")
    for name, table in chosen.items():
        right = (table & truth).sum()
        precision, recall = right / max(1, table.sum()), right / truth.sum()
        f1 = 2 * precision * recall / (precision + recall)
        print(f"{name:<12} precision {precision:.3f}  recall {recall:.3f}  F1 {f1:.3f}")


if __name__ == "__main__":
    main()
