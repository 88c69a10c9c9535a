"""Precision and recall of labels taught by example, compared with their texts alone.

    python benchmarks/quality/teaching.py

Uses drawn scenes that training never saw, with known content, and the `demo` checkpoint. There are three kinds of
labels: words that the checkpoint knows (beach); combinations of a place and something else with the place as their name
("our beach" for the beach at sunset); and both of these with a meaningless name. Examples are drawn at random from the
photos that show the thing, counterexamples from the most similar photos that do not; neither is counted. Precision,
recall and F1 are means over labels at the threshold that the program sets. AP, average precision, does not depend on a
threshold.

The constants of the method were chosen by these figures, on the scenes of library 0. Nothing was chosen on the scenes
of `--library 1`.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from tagging import CHECKPOINT, strangers, vectors

from indexer.models import open_checkpoint
from indexer.models.siglip.torch_encoders import SiglipImageEncoder
from photos.demo.captions import facts_of
from photos.demo.splits import scene_at
from query.tagging import minimum_of, spread_of
from query.tagging.learning.taught_vector import Background, taught_vector
from training.pictures import seen
from training.quick import labels

#: Labels that are on fewer photos are not asked for.
ENOUGH = 18
#: The most alike of which counterexamples are drawn.
ALIKE = 20


@dataclass(frozen=True)
class Task:
    """One label: its kind, the photos that show it (n,), and the vector of its text (d,)."""

    kind: str
    truth: NDArray[np.bool_]
    text: NDArray[np.float32]


def tasks(count: int, library: int) -> tuple[NDArray[np.float32], list[Task]]:
    """Return the vectors of *count* photos, float32 (n, d), and the labels."""
    checkpoint = open_checkpoint(CHECKPOINT, "demo")
    scenes = [scene_at("test", index, library=library) for index in range(count)]
    known = labels()
    facts = [facts_of(scene) for scene in scenes]
    truth = np.array([[fact in of_one for _, _, fact in known] for of_one in facts])
    photos = SiglipImageEncoder(checkpoint, "cpu").encode(seen(scenes, checkpoint.preprocessing))
    texts = vectors(checkpoint, [name for _, name, _ in known])
    silent = vectors(checkpoint, strangers(300))
    found = []
    for at in range(len(known)):
        if truth[:, at].sum() >= ENOUGH:
            found += [Task("a word", truth[:, at], texts[at]), Task("a word, unnamed", truth[:, at], silent[at])]
    places, others = (
        [at for at, (group, _, _) in enumerate(known) if group in groups]
        for groups in ({"place"}, {"time", "weather", "thing"})
    )
    for place, other in product(places, others):
        both = truth[:, place] & truth[:, other]
        if both.sum() >= ENOUGH:
            found.append(Task("a combination, half named", both, texts[place]))
            found.append(Task("a combination, unnamed", both, silent[len(found) % len(silent)]))
    return photos, found


def average_precision(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Return the mean of the precisions at the ranks of the photos that show the label."""
    ranked = truth[np.argsort(-scores, kind="stable")]
    return float((np.cumsum(ranked)[ranked] / (np.flatnonzero(ranked) + 1)).mean())


def measured(scores: NDArray[np.float64], minimum: float, truth: NDArray[np.bool_]) -> tuple[float, ...]:
    """Return precision, recall, F1 and AP."""
    chosen = scores >= minimum
    right = (chosen & truth).sum()
    return (
        right / max(chosen.sum(), 1),
        right / truth.sum(),
        2 * right / (chosen.sum() + truth.sum()),
        average_precision(scores, truth),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--library", type=int, default=0)
    arguments = parser.parse_args()
    photos, found = tasks(arguments.pictures, arguments.library)
    identity = open_checkpoint(CHECKPOINT, "demo").identity("float32", "")
    background = Background(photos)
    rows: defaultdict[tuple[str, str], list[tuple[float, ...]]] = defaultdict(list)
    shares: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for number, task in enumerate(found):
        random = np.random.default_rng(number)
        shown = random.permutation(np.flatnonzero(task.truth))
        by_text = (photos @ task.text).astype(np.float64)
        minimum = minimum_of(spread_of(by_text.astype(np.float32)[:, np.newaxis])[0], identity)
        rows[task.kind, "text alone"].append(measured(by_text, minimum, task.truth))
        for count, against in ((1, 0), (3, 0), (3, 3), (10, 0), (10, 3)):
            examples = shown[:count]
            first = taught_vector(background, task.text, photos[examples], photos[:0])
            alike = np.argsort(-np.where(task.truth, -np.inf, photos @ first.vector))[:ALIKE]
            counter = random.choice(alike, against, replace=False)
            lesson = taught_vector(background, task.text, photos[examples], photos[counter])
            rest = np.ones(len(photos), np.bool_)
            rest[[*examples, *counter]] = False
            name = f"{count} yes" + (f", {against} no" if against else "")
            scores = (photos[rest] @ lesson.vector).astype(np.float64)
            assert lesson.minimum is not None
            rows[task.kind, name].append(measured(scores, lesson.minimum, task.truth[rest]))
            shares[task.kind, name].append(lesson.text_share)
            mean = photos[examples].mean(0)
            plain = measured((photos[rest] @ mean).astype(np.float64), 0, task.truth[rest])[3]
            blend = mean / np.linalg.norm(mean) + task.text
            mixed = measured((photos[rest] @ blend).astype(np.float64), 0, task.truth[rest])[3]
            rows[task.kind, name][-1] += (plain, mixed)
    print(f"{len(photos)} pictures, {len(found)} labels")
    for (kind, name), figures in rows.items():
        mean_of = np.mean(figures, 0)
        line = "  ".join(f"{what} {value:.2f}" for what, value in zip(("P", "R", "F1", "AP"), mean_of, strict=False))
        if name == "text alone":
            print(f"\n{kind} ({len(figures)})\n  {name:<12} {line}")
        else:
            share = float(np.mean(shares[kind, name]))
            print(
                f"  {name:<12} {line}  text's share {share:.2f}"
                f"  (AP of the mean of photos {mean_of[4]:.2f}, plus text {mean_of[5]:.2f})"
            )


if __name__ == "__main__":
    main()
