"""An image tower's matrices in 8 bits, for CPUs: dynamic quantisation, which needs no pictures to calibrate on.

Weights are int8 with one scale a row; what flows through is scaled anew at each layer, each token by its own range
(vector-wise quantisation: Dettmers and others 2022, arXiv 2208.07339, section 3.1). Its sums are exact.
"""

from __future__ import annotations

import torch

from .errors import DeviceUnavailable
from .layers import Step

#: The largest whole number of 8 bits with a sign.
_MOST = 127
#: Tokens that are multiplied at once: what is made of so many stays in a core's cache, and more gains nothing.
_ROWS = 256
#: A row of zeros has no range.
_LEAST = 1e-12


def quantised(weight: torch.Tensor, bias: torch.Tensor) -> Step:
    """A linear layer with int8 weights, made from one in float32 on the CPU. Raises `DeviceUnavailable`."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        # Without it the product of whole numbers is slower than that of floats.
        raise DeviceUnavailable("int8", ("float32",))
    return _QuantisedLinear(weight, bias)


class _QuantisedLinear:
    def __init__(self, weight: torch.Tensor, bias: torch.Tensor) -> None:
        scale = _range(weight)
        self._weight = (weight / scale).round_().to(torch.int8).t()
        self._scale = scale.view(-1)
        self._bias = bias

    def __call__(self, tokens: torch.Tensor) -> torch.Tensor:
        """What the layer makes of *tokens*, float32 (…, n)."""
        rows = tokens.reshape(-1, tokens.shape[-1])
        made = torch.empty(len(rows), len(self._scale))
        for start in range(0, len(rows), _ROWS):
            self._multiply(rows[start : start + _ROWS], made[start : start + _ROWS])
        return made.view(*tokens.shape[:-1], -1)

    def _multiply(self, rows: torch.Tensor, into: torch.Tensor) -> None:
        scale = _range(rows)
        whole = torch._int_mm((rows / scale).round_().to(torch.int8), self._weight)  # noqa: SLF001 - it has no other name
        into.copy_(whole).mul_(scale).mul_(self._scale)
        into.add_(self._bias)


def _range(rows: torch.Tensor) -> torch.Tensor:
    """What each row is divided by, (n, 1), to lie between -127 and 127."""
    return rows.abs().amax(1, keepdim=True).clamp_min_(_LEAST).div_(_MOST)
