"""Linear layers in int8 for CPUs, by dynamic quantisation, which needs no calibration pictures.

Weights are int8 with one scale a row. Activations are quantised at each layer, each token by its own range
(vector-wise quantisation: Dettmers and others 2022, arXiv 2208.07339, section 3.1). The sums are exact.

There are two precisions. `int8` has weights and activations of 8 bits. `int8-narrow` has 7.5 bits each, with
activations between a token's least and greatest number, for processors that multiply those faster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch

from indexer.models.errors import DeviceUnavailable

from .devices import INT8, INT8_NARROW, packs_bfloat16
from .int8_products import NARROW, ROWS, SIGN, WIDE, Product, TimedProduct, fastest, in_floats
from .linear import ACTIVATIONS, Layer, LinearLayers, linear, packed_bfloat16

#: The least range of a row, for rows of zeros.
_LEAST = 1e-12
#: Narrow integers must gain this much, since they are a little less exact.
_CLEARLY = 1.25
#: Steps between a row's least and greatest narrow number: half a step less than fit, since zero falls on a step.
_STEPS = NARROW.most - 0.5


def int8_layers(precision: str) -> LinearLayers:
    """Makers of int8 layers for models in float32; *precision* is `int8` or `int8-narrow`.

    The patch embedding stays in floats: it is a thirtieth of the work, and every later layer inherits its error.
    """
    make = partial(quantised, precision=precision)
    return LinearLayers(make, _linear_bfloat16 if precision == INT8 and packs_bfloat16() else linear)


def quantised(weight: torch.Tensor, bias: torch.Tensor, activation: str | None = None, *, precision: str) -> Layer:
    """A linear layer with int8 weights and the activation after it, from float32 weights on the CPU."""
    return _QuantisedLinear(weight, bias, activation, precision)


def fastest_int8() -> str:
    """The precision, `int8` or `int8-narrow`, that a new space on this machine should have; found by trying.

    Raises `DeviceUnavailable` where neither is faster than float32.
    """
    return better_int8(fastest(WIDE), fastest(NARROW))


def better_int8(wide: TimedProduct, narrow: TimedProduct) -> str:
    """The better precision of two trials; see `fastest_int8`."""
    if narrow.seconds * _CLEARLY < wide.seconds:
        return INT8_NARROW
    if wide.make is in_floats:
        raise DeviceUnavailable(INT8, ("float32",))
    return INT8


def _linear_bfloat16(weight: torch.Tensor, bias: torch.Tensor, activation: str | None = None) -> Layer:
    layer = packed_bfloat16(weight, bias, activation)
    return lambda states: layer(states.to(torch.bfloat16)).float()


@dataclass(frozen=True, slots=True)
class _Whole:
    """Rows in integers: the unsigned bytes, (n, k), their scales and their zeros, each (n, 1).

    A number is its byte, less the range's zero, plus its row's zero, times its row's scale.
    """

    rows: torch.Tensor
    scale: torch.Tensor
    zero: torch.Tensor | None = None


class _QuantisedLinear:
    def __init__(self, weight: torch.Tensor, bias: torch.Tensor, activation: str | None, precision: str) -> None:
        self._round, numbers = (_in_narrow, NARROW) if precision == INT8_NARROW else (_in_wide, WIDE)
        scale = _largest(weight).div_(numbers.weight)
        whole = (weight / scale).round_().to(torch.int8)
        self._product: Product = fastest(numbers).make(whole, scale.view(-1), numbers)
        self._sums = whole.sum(1, dtype=torch.int32).float().mul_(scale.view(-1)).view(1, -1)
        self._bias = bias
        self._activation = None if activation is None else _activation_in_place(activation)

    def __call__(self, tokens: torch.Tensor) -> torch.Tensor:
        """Apply the layer to *tokens*, float32 (…, n)."""
        rows = tokens.reshape(-1, tokens.shape[-1])
        made = torch.empty(len(rows), len(self._bias))
        for start in range(0, len(rows), ROWS):
            self._multiply(rows[start : start + ROWS], made[start : start + ROWS])
        return made.view(*tokens.shape[:-1], -1)

    def _multiply(self, rows: torch.Tensor, into: torch.Tensor) -> None:
        whole = self._round(rows)
        product = self._product(whole.rows).mul_(whole.scale)
        bias = self._bias if whole.zero is None else torch.addmm(self._bias, whole.zero * whole.scale, self._sums)
        torch.add(product, bias, out=into)
        if self._activation is not None:
            self._activation(into)


def _largest(rows: torch.Tensor) -> torch.Tensor:
    return rows.abs().amax(1, keepdim=True).clamp_min_(_LEAST)


def _in_wide(rows: torch.Tensor) -> _Whole:
    scale = _largest(rows).div_(WIDE.most - WIDE.zero)
    signed = (rows * scale.reciprocal()).round_().to(torch.int8)
    return _Whole(signed.view(torch.uint8).bitwise_xor_(SIGN), scale)


def _in_narrow(rows: torch.Tensor) -> _Whole:
    # Zero stays exact, whatever the range: after GELU most numbers are near it.
    least, greatest = rows.amin(1, keepdim=True).clamp_max_(0), rows.amax(1, keepdim=True).clamp_min_(0)
    scale = greatest.sub_(least).clamp_min_(_LEAST).div_(_STEPS)
    inverse = scale.reciprocal()
    zero = (least * inverse).round_()
    # Through signed bytes, which torch makes eight times as fast as unsigned ones.
    signed = (rows * inverse).sub_(zero + SIGN).round_().to(torch.int8)
    return _Whole(signed.view(torch.uint8).bitwise_xor_(SIGN), scale, zero)


def _gelu_tanh(states: torch.Tensor) -> None:
    """Apply gelu_pytorch_tanh in place. 1 + tanh(x) is 2 sigmoid(2x), which torch computes in a third of the time."""
    gate = torch.addcmul(_GELU_FIRST, states, states, value=_GELU_THIRD)
    states.mul_(gate.mul_(states).sigmoid_())


def _activation_in_place(name: str) -> Callable[[torch.Tensor], None]:
    if name == "gelu_pytorch_tanh":
        return _gelu_tanh

    def activate(states: torch.Tensor) -> None:
        states.copy_(ACTIVATIONS[name](states))

    return activate


#: 2 sqrt(2 / pi), and 0.044715 times as much: Hendrycks and Gimpel 2016, arXiv 1606.08415.
_GELU_FIRST = torch.tensor(1.5957691216057308)
_GELU_THIRD = 0.044715 * 1.5957691216057308
