"""Loading one tower of a checkpoint through transformers, quietly and offline."""

from __future__ import annotations

import os
from typing import TypeVar, cast

import torch
from transformers import PreTrainedModel
from transformers.utils import logging

from .checkpoint import Checkpoint
from .errors import CheckpointDamaged

Tower = TypeVar("Tower", bound=PreTrainedModel)

#: What weights are loaded as, and pixels given in. A tower of 8 bits is made from one of float32.
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16, "int8": torch.float32}


def be_quiet() -> None:
    """Keep transformers' reports and bars off stderr; what matters is raised."""
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    # The tokenizers' threads warn when a process forks after they ran.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def load_tower(kind: type[Tower], checkpoint: Checkpoint, device: str, precision: str) -> Tower:
    """The tower of that class, in evaluation mode. Weights of the other tower are not read.

    Only safetensors, no code of the checkpoint, no network. Raises `CheckpointDamaged` when a weight is missing.
    """
    be_quiet()
    try:
        loaded = kind.from_pretrained(
            checkpoint.folder,
            dtype=DTYPES[precision],
            attn_implementation="sdpa",
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except Exception as error:  # a config that makes no sense raises whatever its reader does
        raise CheckpointDamaged(checkpoint.folder, _first_line(error)) from error
    tower, report = cast("tuple[Tower, dict[str, list[object]]]", loaded)
    if report["missing_keys"] or report["mismatched_keys"]:
        wrong = sorted(str(key) for key in [*report["missing_keys"], *report["mismatched_keys"]])
        raise CheckpointDamaged(checkpoint.folder, f"its weights lack {wrong[0]}")
    tower.to(device)  # type: ignore[arg-type]  # the decorator hides what it takes
    tower.eval()  # type: ignore[no-untyped-call]
    return tower


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
