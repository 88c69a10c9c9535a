"""An image tower's matrices in 8 bits, for CPUs: dynamic quantisation, which needs no pictures to calibrate on.

Weights are int8 with one scale a row; what flows through is scaled anew at each layer, each token by its own range
(vector-wise quantisation: Dettmers and others 2022, arXiv 2208.07339, section 3.1). Its sums are exact.
"""

from __future__ import annotations

import torch

from .errors import DeviceUnavailable

#: The largest whole number of 8 bits with a sign.
_MOST = 127
#: Tokens that are multiplied at once: what is made of so many stays in a core's cache, and more gains nothing.
_ROWS = 256
#: A row of zeros has no range.
_LEAST = 1e-12


class QuantisedLinear(torch.nn.Module):
    """A linear layer with int8 weights, for float32 on the CPU."""

    weight: torch.Tensor
    scale: torch.Tensor
    bias: torch.Tensor | None

    def __init__(self, layer: torch.nn.Linear) -> None:
        super().__init__()
        weight = layer.weight.detach()
        scale = _range(weight)
        self.register_buffer("weight", (weight / scale).round_().to(torch.int8).t())
        self.register_buffer("scale", scale.view(-1))
        self.register_buffer("bias", None if layer.bias is None else layer.bias.detach())

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """What the layer makes of *tokens*, float32 (…, n)."""
        rows = tokens.reshape(-1, tokens.shape[-1])
        made = torch.empty(len(rows), len(self.scale))
        for start in range(0, len(rows), _ROWS):
            self._multiply(rows[start : start + _ROWS], made[start : start + _ROWS])
        return made.view(*tokens.shape[:-1], -1)

    def _multiply(self, rows: torch.Tensor, into: torch.Tensor) -> None:
        scale = _range(rows)
        whole = torch._int_mm((rows / scale).round_().to(torch.int8), self.weight)  # noqa: SLF001 - it has no other name
        into.copy_(whole).mul_(scale).mul_(self.scale)
        if self.bias is not None:
            into.add_(self.bias)


def quantise(tower: torch.nn.Module) -> None:
    """Make every linear layer of *tower*, in float32 on the CPU, one of 8 bits. Raises `DeviceUnavailable`."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        # Without it the product of whole numbers is slower than that of floats.
        raise DeviceUnavailable("int8", ("float32",))
    for name, child in list(tower.named_children()):
        # No subclasses: that of the pooling head is only read by its owner.
        if type(child) is torch.nn.Linear:
            setattr(tower, name, QuantisedLinear(child))
        else:
            quantise(child)


def _range(rows: torch.Tensor) -> torch.Tensor:
    """What each row is divided by, (n, 1), to lie between -127 and 127."""
    return rows.abs().amax(1, keepdim=True).clamp_min_(_LEAST).div_(_MOST)
