"""Evaluation of a demo checkpoint: `python -m training.evaluate CHECKPOINT [--json FILE]`.

Uses pictures that training never saw, some with combinations that it never saw, and the program's own decoder and
encoders. The split is fixed by seeds, so figures of two checkpoints can be compared.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from indexer.models import Checkpoint, open_checkpoint
from indexer.models.siglip.torch_encoders import SiglipImageEncoder, TorchTextEncoder
from photos.demo.captions import Fact, facts_of, full_caption
from photos.demo.splits import held_out_scenes, scene_at

from .pictures import seen
from .questions import HELD_OUT, NEVER_SEEN, SCENES, THINGS, UNKNOWN
from .quick import labels

_RANDOM, _HELD_OUT, _CAPTIONS = 600, 160, 500
_FORMS = ("{}", "a photo of {}", "This is a photo of {}.", "program")
_PROGRAM = ("{}", "a photo of {}", "this is a photo of {}")
Floats = NDArray[np.float32]


class Evaluation:
    """Figures of one checkpoint over a fixed set of test pictures."""

    def __init__(self, checkpoint: Checkpoint, random: int = _RANDOM, held_out: int = _HELD_OUT) -> None:
        self.random = random
        self.scenes = [scene_at("test", index) for index in range(random)] + held_out_scenes(held_out)
        self.facts = [facts_of(scene) for scene in self.scenes]
        self._scale, self._bias = np.exp(np.float32(checkpoint.logit_scale)), np.float32(checkpoint.logit_bias)
        self._texts = TorchTextEncoder(checkpoint, "cpu")
        self.images = SiglipImageEncoder(checkpoint, "cpu").encode(seen(self.scenes, checkpoint.preprocessing))

    def tagging(self) -> dict[str, dict[str, float]]:
        """Return F1 at p >= 0.5, by form of the text and by group of labels, over the random scenes."""
        named = labels()
        truth = np.array([[fact in facts for _, _, fact in named] for facts in self.facts[: self.random]])
        found: dict[str, dict[str, float]] = {}
        for form in _FORMS:
            chosen = self._logits(self._label_vectors([label for _, label, _ in named], form))[: self.random] >= 0
            groups = dict.fromkeys(group for group, _, _ in named)
            found[form] = {
                group: _f1(*(table[:, [of == group for of, _, _ in named]] for table in (chosen, truth)))
                for group in groups
            }
        return found

    def retrieval(self, count: int = _CAPTIONS) -> dict[str, float]:
        """Return the recall of full captions among as many scenes: text to image, and image to text."""
        random = Random(9)
        captions: dict[str, int] = {}
        for number, scene in enumerate(self.scenes[: self.random]):
            if len(captions) < count:
                captions.setdefault(full_caption(random, scene).text, number)
        images = self.images[list(captions.values())]
        cosines = self._texts.encode_text(list(captions)) @ images.T
        own = np.diag(cosines)
        found: dict[str, float] = {}
        for name, ranks in (
            ("text to image", (cosines > own[:, None]).sum(1)),
            ("image to text", (cosines > own).sum(0)),
        ):
            found |= {f"{name} R@{k}": float((ranks < k).mean()) for k in (1, 5)}
        return found | {"captions": float(len(captions))}

    def questions(self, asked: dict[str, tuple[Fact, ...]]) -> dict[str, float]:
        """Return each question's precision at 10, or at the number of right pictures if lower; NaN if none."""
        found: dict[str, float] = {}
        for question, facts in asked.items():
            right = np.array([set(facts) <= of_scene for of_scene in self.facts])
            order = np.argsort(-(self._texts.encode_text([question])[0] @ self.images.T), kind="stable")
            found[question] = float(right[order[: min(10, right.sum())]].mean()) if right.any() else float("nan")
        return found

    def unknown(self, words: Sequence[str]) -> float:
        """Return the highest probability of any picture for any of *words*, which no picture shows."""
        logits = self._logits(self._label_vectors(words, "program"))
        return float(1 / (1 + np.exp(-logits.max())))

    def _logits(self, texts: Floats) -> Floats:
        logits: Floats = self.images @ texts.T * self._scale + self._bias
        return logits

    def _label_vectors(self, names: Sequence[str], form: str) -> Floats:
        if form != "program":
            return self._texts.encode_text([form.format(name) for name in names])
        mean = np.mean([self._texts.encode_text([each.format(name) for name in names]) for each in _PROGRAM], axis=0)
        unit: Floats = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        return unit


def _f1(chosen: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    return float(2 * (chosen & truth).sum() / max(1, chosen.sum() + truth.sum()))


def evaluate(folder: Path) -> dict[str, object]:
    """Return all figures of the checkpoint in *folder*."""
    evaluation = Evaluation(open_checkpoint(folder))
    scenes, things = evaluation.questions(SCENES), evaluation.questions(THINGS)
    held_out = evaluation.questions(HELD_OUT)
    return {
        "tagging F1 at p >= 0.5": evaluation.tagging(),
        "retrieval": evaluation.retrieval(),
        "precision at 10, scenes": scenes,
        "precision at 10, things": things,
        "precision at 10, mean": float(np.nanmean([*scenes.values(), *things.values()])),
        "precision at 10, held out": held_out,
        "precision at 10, held out, mean": float(np.nanmean(list(held_out.values()))),
        "highest probability of words used as false texts": evaluation.unknown(UNKNOWN),
        "highest probability of words never seen": evaluation.unknown(NEVER_SEEN),
    }


def show(figures: object, write: Callable[[str], None], indent: int = 0) -> None:
    """Write *figures* line by line."""
    assert isinstance(figures, dict)
    for name, value in figures.items():
        if isinstance(value, dict):
            write(" " * indent + str(name))
            show(value, write, indent + 2)
        else:
            write(f"{' ' * indent}{name:<44} {value:.3f}")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure a demo checkpoint on the fixed test pictures.")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures = evaluate(arguments.checkpoint)
    show(figures, print)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
