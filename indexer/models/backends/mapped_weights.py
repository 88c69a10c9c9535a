"""Weights that transformers leaves mapped from their files."""

from __future__ import annotations

import torch

from indexer.models.device_names import CPU


def copy_out_of_files(model: torch.nn.Module) -> None:
    """Copy weights on the CPU, which are still mapped from their files: one that is cut short ends the process."""
    copies: dict[tuple[object, ...], torch.Tensor] = {}

    def copied(tensor: torch.Tensor) -> torch.Tensor:
        key = (tensor.data_ptr(), tensor.dtype, tensor.shape, tensor.stride())
        if key not in copies:
            copies[key] = tensor.detach().clone()
        return copies[key]

    for each in (*model.parameters(), *model.buffers()):
        if each.device.type != CPU:
            continue
        each.data = copied(each.data)
        # bitsandbytes keeps scales beside its weights, and what they were quantised by.
        for holder in (each, state := getattr(each, "quant_state", None), getattr(state, "state2", None)):
            for name, value in [] if holder is None else list(vars(holder).items()):
                if isinstance(value, torch.Tensor):
                    setattr(holder, name, copied(value))
