"""Linear layers in torch: plain ones, and packed ones in bfloat16."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import torch
from torch.nn import functional

Layer = Callable[[torch.Tensor], torch.Tensor]

#: Rows that oneDNN expects a product to have, which decides the packed layout. Other numbers of rows work as well.
_ROWS = 512
#: oneDNN's names of the activations that it computes.
_FUSED = {None: ("none", ""), "gelu_pytorch_tanh": ("gelu", "tanh"), "gelu": ("gelu", "none")}


class MakeLinear(Protocol):
    """Makes a linear layer."""

    def __call__(self, weight: torch.Tensor, bias: torch.Tensor, activation: str | None = None) -> Layer:
        """A linear layer, and the activation of that name after it."""
        ...


@dataclass(frozen=True, slots=True)
class LinearLayers:
    """Makers of a model's linear layers: *linear*, and *patches* for the patch embedding.

    If *patches* is None, the patch embedding is a convolution, and matrices with one input stay separate, as in
    transformers. Otherwise they are concatenated.
    """

    linear: MakeLinear
    patches: MakeLinear | None = None


def _quick_gelu(states: torch.Tensor) -> torch.Tensor:
    return states * torch.sigmoid(1.702 * states)


ACTIVATIONS: dict[str, Layer] = {
    "gelu_pytorch_tanh": partial(functional.gelu, approximate="tanh"),
    "gelu": functional.gelu,
    "quick_gelu": _quick_gelu,
}


def linear(weight: torch.Tensor, bias: torch.Tensor, activation: str | None = None) -> Layer:
    """A linear layer in the precision of its weights."""
    if activation is None:
        return lambda states: functional.linear(states, weight, bias)
    follow = ACTIVATIONS[activation]
    return lambda states: follow(functional.linear(states, weight, bias))


PLAIN = LinearLayers(linear)
#: For accelerators, on which few large products take less time than many small ones.
JOINED = LinearLayers(linear, linear)


def packed_bfloat16(weight: torch.Tensor, bias: torch.Tensor, activation: str | None = None) -> Layer:
    """A linear layer in bfloat16 and the activation after it, in oneDNN's packed layout, for x86-64 CPUs.

    `functional.linear` packs a weight at each call, and computes the activation in a second pass. Both sum in float32;
    here the activation too is computed before anything is rounded.
    """
    weight, bias = weight.to(torch.bfloat16), bias.to(torch.bfloat16)
    packed = torch.ops.mkldnn._reorder_linear_weight(weight, _ROWS)  # noqa: SLF001 - it has no public name
    operation = torch.ops.mkldnn._linear_pointwise  # noqa: SLF001 - as above
    name, kind = _FUSED.get(activation, _FUSED[None])

    def layer(states: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = operation(states, packed, bias, name, [], kind)
        return result

    if activation in _FUSED:
        return layer
    follow = ACTIVATIONS[str(activation)]
    return lambda states: follow(layer(states))


PACKED_BFLOAT16 = LinearLayers(packed_bfloat16, packed_bfloat16)
