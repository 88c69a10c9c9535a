"""Weights in their files, read when transformers asks for them, and models of transformers that are made of them.

A slice of the library safetensors maps its file, and a file that is cut short then would end the process.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Final, Protocol

import torch

from indexer.models.backends.accelerators import is_memory_full
from indexer.models.checkpoints.tensor_files import TensorFiles
from indexer.models.errors import CheckpointDamaged

#: Types of weights in their files by the names of the format, and those of quantised ones, too.
STORED_FLOATS: Final = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
_TYPES: Final = {
    **STORED_FLOATS,
    "I8": torch.int8,
    "U8": torch.uint8,
    "I16": torch.int16,
    "I32": torch.int32,
    "I64": torch.int64,
    "BOOL": torch.bool,
}


class StoredWeight:
    """A weight in its file, with the methods of safetensors' slices that transformers calls; `[...]` reads it."""

    def __init__(self, files: TensorFiles, name: str) -> None:
        self._files = files
        self._name = name

    def get_dtype(self) -> str:
        """The format's name of its type."""
        return self._files.described(self._name).dtype

    def get_shape(self) -> list[int]:
        """Its shape."""
        return list(self._files.shape(self._name))

    def __getitem__(self, _whole: object) -> torch.Tensor:
        """The weight, in memory of its own. Raises `OSError`, and `ValueError` for an unknown type."""
        stored = self._files.described(self._name)
        if stored.dtype not in _TYPES:
            raise ValueError(f"{self._name} is in {stored.dtype}")
        buffer = torch.empty(stored.size, dtype=torch.uint8)
        self._files.fill(self._name, buffer.numpy())
        return buffer.view(_TYPES[stored.dtype]).reshape(stored.shape)


def stored_weights(paths: Iterable[Path], prefix: str = "") -> dict[str, StoredWeight]:
    """Return the weights in these files whose names begin with *prefix*, by name, for `from_pretrained(state_dict=…)`.

    Raises as `TensorFiles`.
    """
    files = TensorFiles(paths)
    return {name: StoredWeight(files, name) for name in files if name.startswith(prefix)}


class ModelClass(Protocol):
    """A class of models in transformers, as far as it is used here."""

    def from_pretrained(
        self, _folder: None, **options: object
    ) -> tuple[torch.nn.Module, Mapping[str, Collection[str]]]:
        """Make a model of weights that are handed over; with it, what was found of them."""
        ...


def load_model(
    model_class: ModelClass, folder: Path, options: Callable[[], Mapping[str, object]], may_lack: Collection[str] = ()
) -> torch.nn.Module:
    """Let transformers make a model of the checkpoint in *folder*, whose weights lack at most *may_lack*.

    *options* gives the arguments: the configuration, the weights as `state_dict`, and others. Raises
    `CheckpointDamaged`, also where *options* cannot read the checkpoint, and what a device out of memory raises.
    """
    try:
        model, found = model_class.from_pretrained(
            None, local_files_only=True, trust_remote_code=False, output_loading_info=True, **options()
        )
    except (RuntimeError, ValueError, OSError, KeyError, TypeError) as error:
        if is_memory_full(error):
            raise
        reason = str(error).strip().partition("\n")[0]
        raise CheckpointDamaged(folder, f"transformers cannot load it ({reason})") from error
    if missing := sorted(set(found["missing_keys"]).difference(may_lack)):
        raise CheckpointDamaged(folder, f"its weights lack {missing[0]}")
    return model
