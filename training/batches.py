"""Batches of pictures and texts with exact labels for every pair."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from photos.demo.captions import Caption, Fact, all_facts, caption, facts_of, finished, label, mutated, thing_phrase
from photos.demo.splits import scene_at

from .texts import everyday_words, false_text
from .tokenizer import LENGTH, PAD, ids

_SHIFT = 4


@dataclass(frozen=True, slots=True)
class Batch:
    """`pixels` (n, 3, s, s), `texts` ids (m, l) at `positions` (l,), `truth` (n, m), and the facts of both."""

    pixels: Tensor
    texts: Tensor
    positions: Tensor
    truth: Tensor
    picture_facts: Tensor
    text_facts: Tensor


class Batches:
    """An endless supply of batches."""

    def __init__(self, pictures: NDArray[np.uint8], tokenizer: Tokenizer, size: int, seed: int) -> None:
        self._pictures = pictures
        self._size = size
        self._tokenizer = tokenizer
        self._everyday = everyday_words()
        self._column = {fact: number for number, fact in enumerate(all_facts())}
        self._scenes = [scene_at("train", index) for index in range(len(pictures))]
        self._facts = np.stack([self.columns(facts_of(scene)) for scene in self._scenes])
        self._ids: dict[str, list[int]] = {}
        self.random = Random(seed)

    def use(self, tokenizer: Tokenizer) -> None:
        """Replace the tokenizer."""
        self._tokenizer = tokenizer
        self._ids.clear()

    def columns(self, facts: frozenset[Fact]) -> NDArray[np.float32]:
        """Return *facts* as a row of zeros and ones."""
        row = np.zeros(len(self._column), np.float32)
        row[[self._column[fact] for fact in facts]] = 1
        return row

    def draw(self, *, full_length: bool) -> Batch:
        """Return a random batch. Unless *full_length*, texts skip most of their padding positions."""
        chosen = self.random.choices(range(len(self._scenes)), k=self._size)
        pixels = self._augmented(torch.from_numpy(self._pictures[chosen]))
        said = self._texts(chosen)
        text_facts = np.stack([self.columns(one.facts) for one in said])
        picture_facts = self._facts[chosen]
        truth = (picture_facts @ text_facts.T) == text_facts.sum(1)
        false = [false_text(self.random, self._everyday) for _ in range(self._size // 8)]
        truth = np.concatenate([truth, np.zeros((self._size, len(false)), bool)], 1)
        text_facts = np.concatenate([text_facts, np.zeros((len(false), len(self._column)), np.float32)])
        texts, positions = self._padded([one.text for one in said] + false, full_length=full_length)
        return Batch(
            pixels,
            texts,
            positions,
            torch.from_numpy(truth.astype(np.float32)),
            torch.from_numpy(picture_facts),
            torch.from_numpy(text_facts),
        )

    def _texts(self, chosen: list[int]) -> list[Caption]:
        random = self.random
        said: dict[str, Caption] = {}

        def add(one: Caption) -> None:
            said[one.text] = one

        for number, index in enumerate(chosen):
            scene = self._scenes[index]
            add(caption(random, scene))
            if number % 2:
                add(caption(random, mutated(random, scene)))
            else:
                add(finished(random, label(random, scene)))
            if scene.things and number % 2:
                add(finished(random, thing_phrase(random, random.choice(scene.things))))
        return list(said.values())

    def _augmented(self, pictures: Tensor) -> Tensor:
        random = self.random
        pixels = pictures.float().div_(127.5).sub_(1).permute(0, 3, 1, 2)
        if random.random() < 0.5:
            pixels = pixels.flip(3)
        size = pixels.shape[-1]
        down, across = random.randint(0, 2 * _SHIFT), random.randint(0, 2 * _SHIFT)
        pixels = functional.pad(pixels, (_SHIFT,) * 4, mode="replicate")[
            :, :, down : down + size, across : across + size
        ]
        gain = torch.empty(len(pixels), 1, 1, 1).uniform_(0.9, 1.1)
        offset = torch.empty(len(pixels), 1, 1, 1).uniform_(-0.06, 0.06)
        return (pixels * gain + offset).clamp_(-1, 1)

    def _padded(self, texts: list[str], *, full_length: bool) -> tuple[Tensor, Tensor]:
        rows = [self._pieces(text) for text in texts]
        longest = LENGTH - 1 if full_length else min(LENGTH - 1, max(len(row) for row in rows))
        table = np.full((len(rows), LENGTH), PAD, np.int64)
        for number, row in enumerate(rows):
            table[number, : len(row)] = row
        if full_length:
            positions = list(range(LENGTH))
        else:
            rest = range(longest, LENGTH - 1)
            positions = [*range(longest), *sorted(self.random.sample(rest, min(4, len(rest)))), LENGTH - 1]
        return torch.from_numpy(table[:, positions]), torch.tensor(positions)

    def _pieces(self, text: str) -> list[int]:
        if text not in self._ids:
            self._ids[text] = ids(self._tokenizer, text)
        return self._ids[text]
