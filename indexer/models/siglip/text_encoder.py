"""From texts to vectors, by the quicker of two ways that give the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from indexer.models.backends.numpy_text import NumpyTextTower
from indexer.models.checkpoints.checkpoint import Checkpoint
from indexer.models.tokenizers.tokenizer import Tokenizer

if TYPE_CHECKING:
    from .torch_text_encoder import TextTower

#: Up to as many texts, computing in numpy costs less than importing torch.
_FEW = 16


class TextEncoder:
    """A checkpoint's texts: a few in numpy, and many in torch, where vectors are the same to 1e-6.

    torch is imported, after *before_torch* was called, for the first texts that are many, for any if the *device* is
    another than the CPU, and where numpy cannot do the tower. Once it is there it does everything. numpy has at most
    *threads* threads. The tokenizer is kept in the folder *kept*. Raises `CheckpointDamaged` and `DeviceUnavailable`.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        kept: Path,
        device: str | None = None,
        before_torch: Callable[[], None] = lambda: None,
        threads: int | None = None,
    ) -> None:
        self._checkpoint = checkpoint
        self._tokenizer = Tokenizer(checkpoint, kept)
        self._device = device
        self._before_torch = before_torch
        self._few = _numpy_tower(checkpoint, threads) if device in {None, "cpu"} else None
        self._many: TextTower | None = None

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of length one, float32 (n, d). A text that is too long for the model is cut, and still ended."""
        ids = self._tokenizer.tokens(texts)
        if self._few is not None and self._many is None and len(ids) <= _FEW:
            return self._few.encode(ids)
        return self._whole().encode(ids)

    def cut(self, texts: Sequence[str]) -> list[bool]:
        """Of each text, whether the model does not see the whole."""
        return self._tokenizer.cut(texts)

    def _whole(self) -> TextTower:
        if self._many is None:
            from .torch_text_encoder import TextTower  # noqa: PLC0415 - this loads torch

            self._before_torch()
            self._many = TextTower(self._checkpoint, self._device, self._tokenizer)
        return self._many


def _numpy_tower(checkpoint: Checkpoint, threads: int | None) -> NumpyTextTower | None:
    try:
        return NumpyTextTower(checkpoint, threads)
    except (OSError, ValueError):
        # What is wrong with it, if anything is, the other tower says better.
        return None
