"""From texts to token ids: by the kept tokenizer where there is one, and else by transformers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from indexer.models.checkpoints.checkpoint import Checkpoint

from .kept_tokenizer import keep, kept_tokenizer
from .prompts import prepared
from .sentencepiece import SpecialToken

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Tokenizer:
    """A checkpoint's tokenizer, loaded when it is first asked.

    It is kept in the folder *kept*, if one is given, so that the next need not import transformers. Raises
    `CheckpointDamaged`.
    """

    def __init__(self, checkpoint: Checkpoint, kept: Path | None = None) -> None:
        self._checkpoint = checkpoint
        self._length = checkpoint.text_length
        self._folder = kept
        self._kept = None if kept is None else kept_tokenizer(checkpoint, kept)
        self._whole: PreTrainedTokenizerBase | None = None

    def tokens(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Token ids as the model sees them, int64 (n, text_length): ended, and padded on the right."""
        plain = [prepared(text) for text in texts]
        if self._kept is not None:
            try:
                return self._kept.tokens(plain)
            except SpecialToken:
                pass
        from .transformers import tokens_of  # noqa: PLC0415 - this loads transformers

        return tokens_of(self._loaded(), plain, self._length)

    def cut(self, texts: Sequence[str]) -> list[bool]:
        """Of each text, whether the model does not see the whole."""
        return [length > self._length for length in self._lengths([prepared(text) for text in texts])]

    def _lengths(self, plain: list[str]) -> list[int]:
        if self._kept is not None:
            try:
                return self._kept.lengths(plain)
            except SpecialToken:
                pass
        from .transformers import lengths_of  # noqa: PLC0415 - as above

        return lengths_of(self._loaded(), plain)

    def _loaded(self) -> PreTrainedTokenizerBase:
        if self._whole is None:
            from .transformers import load_tokenizer  # noqa: PLC0415 - as above

            self._whole = load_tokenizer(self._checkpoint)
            if self._folder is not None:
                keep(self._whole, self._checkpoint, self._folder)
        return self._whole
