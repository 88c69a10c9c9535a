"""A checkpoint's tokenizer, read from the cache if it is there, and otherwise by transformers."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from indexer.models.checkpoints.checkpoint import Checkpoint
from indexer.models.errors import CheckpointDamaged
from indexer.models.transformers_log import keep_transformers_off_stderr, without_warnings

from .cached_tokenizer import SpecialToken, cache_tokenizer, load_cached_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Tokenizer:
    """A checkpoint's tokenizer, loaded at its first use.

    It is cached in the folder *cache*, if one is given, so that later processes need not import transformers. Raises
    `CheckpointDamaged`.
    """

    def __init__(self, checkpoint: Checkpoint, cache: Path | None = None) -> None:
        self._checkpoint = checkpoint
        self._length = checkpoint.text_length
        self._cache = cache
        self._cached = None if cache is None else load_cached_tokenizer(checkpoint, cache)
        self._original: PreTrainedTokenizerBase | None = None

    def tokens(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Token ids for the model, int64 (n, text_length): with an end mark, and padded on the right."""
        ids = self._tokens([normalize(text) for text in texts])
        if ids.max(initial=0) >= self._checkpoint.vocabulary:
            reason = (
                f"its tokenizer gives the token {ids.max()}, and its text encoder knows {self._checkpoint.vocabulary}"
            )
            raise CheckpointDamaged(self._checkpoint.folder, reason)
        return ids

    def _tokens(self, normalized: list[str]) -> NDArray[np.int64]:
        if self._cached is not None:
            try:
                return self._cached.tokens(normalized)
            except SpecialToken:
                pass
        return _tokens(self._loaded(), normalized, self._length)

    def truncated(self, texts: Sequence[str]) -> list[bool]:
        """Return for each text whether it is longer than the model reads."""
        return [length > self._length for length in self._lengths([normalize(text) for text in texts])]

    def _lengths(self, normalized: list[str]) -> list[int]:
        if self._cached is not None:
            try:
                return self._cached.lengths(normalized)
            except SpecialToken:
                pass
        return _lengths(self._loaded(), normalized)

    def _loaded(self) -> PreTrainedTokenizerBase:
        if self._original is None:
            self._original = load_tokenizer(self._checkpoint)
            if self._cache is not None:
                cache_tokenizer(self._original, self._checkpoint, self._cache)
        return self._original


def normalize(text: str) -> str:
    """*text* as in SigLIP's training: NFC, lower case and single spaces.

    The tokenizer that transformers picks for a fixed-resolution SigLIP 2 does not lower-case by itself.
    """
    return " ".join(unicodedata.normalize("NFC", text).lower().split())


def load_tokenizer(checkpoint: Checkpoint) -> PreTrainedTokenizerBase:
    """Load the tokenizer with transformers, padding on the right.

    Runs no code of the checkpoint and uses no network. Raises `CheckpointDamaged`, also if it does not end texts.
    """
    from transformers import AutoTokenizer  # noqa: PLC0415 - takes seconds, and the cache needs none of it

    keep_transformers_off_stderr()
    try:
        with without_warnings():
            tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
                checkpoint.folder, local_files_only=True, trust_remote_code=False, padding_side="right"
            )
        row = _tokens(tokenizer, ["a"], checkpoint.text_length)[0]
    except Exception as error:  # parsers of damaged tokenizer files raise anything
        raise CheckpointDamaged(checkpoint.folder, f"its tokenizer cannot be read ({type(error).__name__})") from error
    # Ids of another model's tokenizer give vectors without any error. Marks that no text has may be beyond the table.
    if not checkpoint.vocabulary // 2 < len(tokenizer) < checkpoint.vocabulary * 2:
        reason = f"its tokenizer knows {len(tokenizer)} tokens and its text encoder {checkpoint.vocabulary}"
        raise CheckpointDamaged(checkpoint.folder, f"{reason}, so one of them is another model's")
    ends = np.flatnonzero(row == tokenizer.eos_token_id)
    if len(row) != checkpoint.text_length or not len(ends) or (row[ends[0] + 1 :] != tokenizer.pad_token_id).any():
        # Another ending or padding gives other vectors, without any error.
        raise CheckpointDamaged(checkpoint.folder, "its tokenizer does not end texts and pad them on the right")
    return tokenizer


def _tokens(tokenizer: PreTrainedTokenizerBase, normalized: list[str], length: int) -> NDArray[np.int64]:
    """Token ids, int64 (n, length): with an end mark, and padded."""
    if not normalized:
        return np.empty((0, length), np.int64)
    ids: NDArray[np.int64] = tokenizer(
        normalized,
        padding="max_length",
        max_length=length,
        truncation=True,
        return_attention_mask=False,
        return_tensors="np",
    )["input_ids"]
    return ids.astype(np.int64)


def _lengths(tokenizer: PreTrainedTokenizerBase, normalized: list[str]) -> list[int]:
    """Number of tokens of each text, its end mark included."""
    if not normalized:
        return []
    whole = tokenizer(normalized, truncation=False, return_attention_mask=False, verbose=False)["input_ids"]
    return [len(ids) for ids in whole]
