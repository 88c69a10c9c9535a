"""From texts to vectors, by the quicker of two ways that give the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .checkpoint import Checkpoint
from .kept_tokenizer import KeptTokenizer, kept_tokenizer
from .numpy_tower import NumpyTextTower
from .sentences import SpecialToken

#: Up to as many texts, computing in numpy costs less than importing torch and transformers.
_FEW = 16


class Tower(Protocol):
    """A text tower, tokenizer included."""

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, float32 (n, d)."""
        ...

    def cut(self, texts: Sequence[str]) -> list[bool]:
        """Of each text, whether the model does not see the whole."""
        ...


class TextEncoder:
    """A checkpoint's texts: a few by numpy, many by transformers' tower, whose vectors are the same to 1e-5.

    transformers' is made, by *make_tower*, for the first texts that are many, and for any if the tokenizer was not kept
    in *kept* or the checkpoint is of a kind that numpy does not do. Once it is there it does everything.
    """

    def __init__(self, checkpoint: Checkpoint, kept: Path, make_tower: Callable[[], Tower]) -> None:
        self._checkpoint = checkpoint
        self._kept = kept
        self._make_tower = make_tower
        self._tower: Tower | None = None
        self._quick: tuple[KeptTokenizer, NumpyTextTower] | None = None

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of length one, float32 (n, d). A text that is too long for the model is cut, and still ended."""
        quick = self._quick_for(texts)
        if quick is not None:
            tokenizer, tower = quick
            try:
                return tower.encode(tokenizer.tokens(texts))
            except SpecialToken:
                pass
        return self._whole().encode_text(texts)

    def cut(self, texts: Sequence[str]) -> list[bool]:
        """Of each text, whether the model does not see the whole."""
        quick = self._quick_for(texts)
        if quick is not None:
            try:
                return quick[0].cut(texts)
            except SpecialToken:
                pass
        return self._whole().cut(texts)

    def _quick_for(self, texts: Sequence[str]) -> tuple[KeptTokenizer, NumpyTextTower] | None:
        if self._tower is not None or len(texts) > _FEW:
            return None
        if self._quick is None:
            tokenizer = kept_tokenizer(self._checkpoint, self._kept)
            try:
                self._quick = None if tokenizer is None else (tokenizer, NumpyTextTower(self._checkpoint))
            except (OSError, ValueError):
                # What is wrong with it, if anything is, the other tower says better.
                self._quick = None
        return self._quick

    def _whole(self) -> Tower:
        if self._tower is None:
            self._quick = None
            self._tower = self._make_tower()
        return self._tower
