"""From texts to vectors, by transformers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoTokenizer, PreTrainedTokenizerBase
from transformers.models.siglip.modeling_siglip import SiglipTextModel

from .checkpoint import Checkpoint
from .devices import choose, pass_threads
from .errors import CheckpointDamaged
from .kept_tokenizer import keep
from .loading import be_quiet, load_tower
from .prompts import prepared

_BATCH = 32


class TextTower:
    """A checkpoint's text tower and tokenizer, loaded. Always float32: text is cheap, and scores stay exact.

    The tokenizer is kept in the folder *kept*, if one is given, for whoever has only a few texts.
    """

    def __init__(self, checkpoint: Checkpoint, device: str | None = None, kept: Path | None = None) -> None:
        be_quiet()
        self._length = checkpoint.text_length
        self._dimension = checkpoint.dimension
        self._tokenizer = _load_tokenizer(checkpoint)
        if kept is not None:
            keep(self._tokenizer, checkpoint, kept)
        self._device, _ = choose(checkpoint, device, "float32")
        self._model = load_tower(SiglipTextModel, checkpoint, self._device, "float32")
        self._passes = pass_threads(self._device)

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of length one, float32 (n, d). A text that is too long for the model is cut, and still ended."""
        some = [texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH)]
        # One text is quicker with all threads at it.
        parts = list(self._passes.map(self._pass, some)) if len(some) > 1 else [self._pass(each) for each in some]
        return np.concatenate(parts) if parts else np.empty((0, self._dimension), np.float32)

    def tokens(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Token ids as the model sees them, int64 (n, text_length): ended, and padded on the right."""
        return _tokens(self._tokenizer, texts, self._length)

    def cut(self, texts: Sequence[str]) -> list[bool]:
        """Of each text, whether the model does not see the whole."""
        if not texts:
            return []
        plain = [prepared(text) for text in texts]
        whole = self._tokenizer(plain, truncation=False, return_attention_mask=False, verbose=False)["input_ids"]
        return [len(ids) > self._length for ids in whole]

    @torch.inference_mode()
    def _pass(self, texts: Sequence[str]) -> NDArray[np.float32]:
        ids = torch.from_numpy(self.tokens(texts)).to(self._device)
        # Ids alone: the tower was trained without an attention mask and reads its last position, padding or not.
        pooled = self._model(input_ids=ids).pooler_output
        unit: NDArray[np.float32] = torch.nn.functional.normalize(pooled, dim=-1).cpu().numpy()
        return unit


def _tokens(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], length: int) -> NDArray[np.int64]:
    ids: NDArray[np.int64] = tokenizer(
        [prepared(text) for text in texts],
        padding="max_length",
        max_length=length,
        truncation=True,
        return_attention_mask=False,
        return_tensors="np",
    )["input_ids"]
    return ids.astype(np.int64)


def _load_tokenizer(checkpoint: Checkpoint) -> PreTrainedTokenizerBase:
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            checkpoint.folder, local_files_only=True, trust_remote_code=False, padding_side="right"
        )
        row = _tokens(tokenizer, ["a"], checkpoint.text_length)[0]
    except Exception as error:  # damaged tokenizer files raise whatever their parsers do
        raise CheckpointDamaged(checkpoint.folder, f"its tokenizer cannot be read ({type(error).__name__})") from error
    ends = np.flatnonzero(row == tokenizer.eos_token_id)
    if len(row) != checkpoint.text_length or not len(ends) or (row[ends[0] + 1 :] != tokenizer.pad_token_id).any():
        # Another ending or padding gives other vectors, without any error.
        raise CheckpointDamaged(checkpoint.folder, "its tokenizer does not end texts and pad them on the right")
    return tokenizer
