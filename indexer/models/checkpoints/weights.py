"""A tower's weights as tensors."""

from __future__ import annotations

import torch
from safetensors import SafetensorError, safe_open

from indexer.models.errors import CheckpointDamaged

from .checkpoint import Checkpoint

#: What weights are loaded as, and pixels given in. A tower of 8 bits is made from one of float32.
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16, "int8": torch.float32}


class TowerWeights:
    """The weights of one tower, by the names that they have below *tower*, on *device* and in *precision*.

    Those stored in float32 stay in the mapped file if they are wanted so on the CPU. Weights of the other tower are not
    read. Raises `CheckpointDamaged`.
    """

    def __init__(self, checkpoint: Checkpoint, tower: str, device: str, precision: str) -> None:
        self._folder = checkpoint.folder
        self._tower = tower
        self._device = device
        self._dtype = DTYPES[precision]
        try:
            files = [safe_open(path, framework="pt") for path in checkpoint.weights]
        except (SafetensorError, OSError) as error:
            raise CheckpointDamaged(self._folder, f"its weights cannot be read ({error})") from error
        self._file_of = {
            name: file
            for file in files
            for name in file.keys()  # type: ignore[no-untyped-call]  # noqa: SIM118 - this is no dict
        }

    def __call__(self, name: str, *shape: int) -> torch.Tensor:
        """The weight of that name, which must be of that *shape*; 0 stands for any size."""
        full = f"{self._tower}.{name}"
        if full not in self._file_of:
            raise CheckpointDamaged(self._folder, f"its weights lack {full}")
        try:
            tensor: torch.Tensor = self._file_of[full].get_tensor(full)  # type: ignore[no-untyped-call]
        except (SafetensorError, OSError) as error:
            raise CheckpointDamaged(self._folder, f"{full} cannot be read ({error})") from error
        if len(tensor.shape) != len(shape) or any(
            wanted not in {0, size} for wanted, size in zip(shape, tensor.shape, strict=True)
        ):
            raise CheckpointDamaged(self._folder, f"{full} is {tuple(tensor.shape)} and not {shape}")
        return tensor.to(self._device, self._dtype)
