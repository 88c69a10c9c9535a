"""The checkpoint's tokenizer as transformers loads it, quietly and offline."""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray
from transformers import AutoTokenizer, PreTrainedTokenizerBase
from transformers.utils import logging

from indexer.models.checkpoints.checkpoint import Checkpoint
from indexer.models.errors import CheckpointDamaged


def load_tokenizer(checkpoint: Checkpoint) -> PreTrainedTokenizerBase:
    """The tokenizer, padding on the right.

    No code of the checkpoint, no network. Raises `CheckpointDamaged`, also if it does not end texts.
    """
    _be_quiet()
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            checkpoint.folder, local_files_only=True, trust_remote_code=False, padding_side="right"
        )
        row = tokens_of(tokenizer, ["a"], checkpoint.text_length)[0]
    except Exception as error:  # damaged tokenizer files raise whatever their parsers do
        raise CheckpointDamaged(checkpoint.folder, f"its tokenizer cannot be read ({type(error).__name__})") from error
    ends = np.flatnonzero(row == tokenizer.eos_token_id)
    if len(row) != checkpoint.text_length or not len(ends) or (row[ends[0] + 1 :] != tokenizer.pad_token_id).any():
        # Another ending or padding gives other vectors, without any error.
        raise CheckpointDamaged(checkpoint.folder, "its tokenizer does not end texts and pad them on the right")
    return tokenizer


def tokens_of(tokenizer: PreTrainedTokenizerBase, prepared: list[str], length: int) -> NDArray[np.int64]:
    """Token ids of *prepared* texts, int64 (n, length): ended, and padded."""
    if not prepared:
        return np.empty((0, length), np.int64)
    ids: NDArray[np.int64] = tokenizer(
        prepared,
        padding="max_length",
        max_length=length,
        truncation=True,
        return_attention_mask=False,
        return_tensors="np",
    )["input_ids"]
    return ids.astype(np.int64)


def lengths_of(tokenizer: PreTrainedTokenizerBase, prepared: list[str]) -> list[int]:
    """How many tokens each of the *prepared* texts has, its end mark included."""
    if not prepared:
        return []
    whole = tokenizer(prepared, truncation=False, return_attention_mask=False, verbose=False)["input_ids"]
    return [len(ids) for ids in whole]


def _be_quiet() -> None:
    """Keep transformers' reports and bars off stderr; what matters is raised."""
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    # The tokenizers' threads warn when a process forks after they ran.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
