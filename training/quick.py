"""Quick figures of a model in training, over drawn test scenes."""

from __future__ import annotations

from random import Random

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional
from transformers import SiglipModel

from photos.demo import words
from photos.demo.captions import Fact, facts_of, full_caption, name_of
from photos.demo.draw import draw_training
from photos.demo.scene import KINDS
from photos.demo.splits import scene_at

from .tokenizer import LENGTH, PAD, ids

_COUNT = 300


def labels() -> list[tuple[str, str, Fact]]:
    """Return group, label and fact of each label for measuring tagging."""
    named: list[tuple[str, str, Fact]] = []
    for group, table in (("place", words.PLACE_NAMES), ("time", words.TIME_NAMES), ("weather", words.WEATHER_NAMES)):
        named += [(group, names[0], (group, key)) for key, names in table.items()]
    for kind, colours in KINDS.items():
        named.append(("thing", name_of(kind), ("thing", kind)))
        named += [("coloured", f"{colour} {name_of(kind)}", ("coloured", kind, colour)) for colour in colours]
    return named


def padded(tokenizer: Tokenizer, texts: list[str]) -> Tensor:
    """Return token ids of *texts*, (n, 64)."""
    table = np.full((len(texts), LENGTH), PAD, np.int64)
    for row, text in zip(table, texts, strict=True):
        pieces = ids(tokenizer, text)
        row[: len(pieces)] = pieces
    return torch.from_numpy(table)


class Quick:
    """F1 at p >= 0.5 by group, and recall of full captions among 300 scenes."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        scenes = [scene_at("test", index) for index in range(_COUNT)]
        pictures = np.stack([draw_training(scene) for scene in scenes])
        self._pixels = torch.from_numpy(pictures).float().div(127.5).sub(1).permute(0, 3, 1, 2)
        self._labels = labels()
        self._truth = np.array([[fact in facts_of(scene) for _, _, fact in self._labels] for scene in scenes])
        self._prompts = padded(tokenizer, [f"this is a photo of {label}." for _, label, _ in self._labels])
        random = Random(3)
        self._captions = padded(tokenizer, [full_caption(random, scene).text for scene in scenes])

    def figures(self, model: SiglipModel) -> str:
        """Return the figures as one line."""
        model.train(mode=False)
        with torch.inference_mode():
            images = functional.normalize(model.vision_model(pixel_values=self._pixels).pooler_output, dim=-1)
            prompts = functional.normalize(model.text_model(input_ids=self._prompts).pooler_output, dim=-1)
            captions = functional.normalize(model.text_model(input_ids=self._captions).pooler_output, dim=-1)
            logits = images @ prompts.T * model.logit_scale.exp() + model.logit_bias
        chosen = (logits > 0).numpy()
        line = [f"scale {model.logit_scale.exp().item():.1f} bias {model.logit_bias.item():.2f}"]
        for group in ("place", "time", "weather", "thing", "coloured"):
            columns = [number for number, (of, _, _) in enumerate(self._labels) if of == group]
            right = (chosen[:, columns] & self._truth[:, columns]).sum()
            line.append(f"{group} {2 * right / max(1, chosen[:, columns].sum() + self._truth[:, columns].sum()):.3f}")
        ranks = ((captions @ images.T) > (captions @ images.T).diag()[:, None]).sum(1)
        line.append(f"R@1 {(ranks < 1).float().mean():.3f} R@5 {(ranks < 5).float().mean():.3f}")
        return "  ".join(line)
