"""From texts to vectors, in torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from indexer.models.backends.devices import choose, pass_threads
from indexer.models.checkpoints.checkpoint import Checkpoint
from indexer.models.tokenizers.tokenizer import Tokenizer

from .towers import TextModel

_BATCH = 32


class TextTower:
    """A checkpoint's text tower, loaded. Always float32: text is cheap, and scores stay exact."""

    def __init__(self, checkpoint: Checkpoint, device: str | None = None, tokenizer: Tokenizer | None = None) -> None:
        self._dimension = checkpoint.dimension
        self._tokenizer = tokenizer or Tokenizer(checkpoint)
        self._device, _ = choose(checkpoint, device, "float32")
        self._model = TextModel(checkpoint, self._device)
        self._passes = pass_threads(self._device)

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of length one, float32 (n, d). A text that is too long for the model is cut, and still ended."""
        return self.encode(self._tokenizer.tokens(texts))

    def encode(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Vectors of length one, float32 (n, d), of token ids, int64 (n, text_length)."""
        some = [ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH)]
        # One text is quicker with all threads at it.
        parts = list(self._passes.map(self._pass, some)) if len(some) > 1 else [self._pass(each) for each in some]
        return np.concatenate(parts) if parts else np.empty((0, self._dimension), np.float32)

    @torch.inference_mode()
    def _pass(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        pooled = self._model(torch.from_numpy(ids).to(self._device))
        unit: NDArray[np.float32] = torch.nn.functional.normalize(pooled, dim=-1).cpu().numpy()
        return unit
