"""An image tower's matrices in bfloat16 as oneDNN wants them, for x86-64 CPUs.

`functional.linear` lays a weight out anew at each call, and goes through what a matrix makes once more for the
activation. Sums are in float32 in both, and here the activation too is computed before anything is rounded.
"""

from __future__ import annotations

import torch

from indexer.models.siglip.layers import ACTIVATIONS, Kit, Step

#: Rows that a product is expected to have, which decides how a weight is laid out. Others are multiplied as well.
_ROWS = 512
#: oneDNN's names of the activations that it computes.
_FUSED = {None: ("none", ""), "gelu_pytorch_tanh": ("gelu", "tanh"), "gelu": ("gelu", "none")}


def packed(weight: torch.Tensor, bias: torch.Tensor, activation: str | None = None) -> Step:
    """A linear layer, and the activation of that name after it, in bfloat16 on the CPU."""
    weight, bias = weight.to(torch.bfloat16), bias.to(torch.bfloat16)
    laid_out = torch.ops.mkldnn._reorder_linear_weight(weight, _ROWS)  # noqa: SLF001 - it has no other name
    operation = torch.ops.mkldnn._linear_pointwise  # noqa: SLF001 - as above
    name, kind = _FUSED.get(activation, _FUSED[None])

    def step(states: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = operation(states, laid_out, bias, name, [], kind)
        return made

    if activation in _FUSED:
        return step
    follow = ACTIVATIONS[str(activation)]
    return lambda states: follow(step(states))


PACKED = Kit(packed, packed)
