"""Linear layers in int8 for CPUs, by dynamic quantisation, which needs no calibration pictures.

Weights are int8 with one scale a row. Activations are quantised at each layer, each token by its own range
(vector-wise quantisation: Dettmers and others 2022, arXiv 2208.07339, section 3.1). The sums are exact.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch

from indexer.models.errors import DeviceUnavailable

from .devices import packs_bfloat16
from .linear import ACTIVATIONS, Layer, LinearLayers, linear, packed_bfloat16

#: The largest signed integer of 8 bits, and of 7.
_MOST, _FEWER = 127, 63
#: Tokens that are multiplied at once: their products stay in a core's cache, and more gain nothing.
ROWS = 256
#: The least range of a row, for rows of zeros.
_LEAST = 1e-12
#: Added to a signed byte to make it unsigned.
_OFFSET = 128

#: Multiplies int8 rows with a matrix; the result is float32, each column times its scale.
_Product = Callable[[torch.Tensor], torch.Tensor]


def quantised(weight: torch.Tensor, bias: torch.Tensor, activation: str | None = None) -> Layer:
    """A linear layer with int8 weights and the activation after it, from float32 weights on the CPU.

    Raises `DeviceUnavailable`.
    """
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        # Without it integer products are slower than float ones.
        raise DeviceUnavailable("int8", ("float32",))
    return _QuantisedLinear(weight, bias, activation)


def int8_layers() -> LinearLayers:
    """Makers of int8 layers for models in float32.

    The patch embedding stays in floats: it is a thirtieth of the work, and every later layer inherits its error.
    """
    return LinearLayers(quantised, _linear_bfloat16 if packs_bfloat16() else linear)


def _linear_bfloat16(weight: torch.Tensor, bias: torch.Tensor, activation: str | None = None) -> Layer:
    layer = packed_bfloat16(weight, bias, activation)
    return lambda states: layer(states.to(torch.bfloat16)).float()


class _QuantisedLinear:
    def __init__(self, weight: torch.Tensor, bias: torch.Tensor, activation: str | None) -> None:
        make = _packed if _has_packed() else _plain
        scale = _range(weight, _most_of(make))
        whole = (weight / scale).round_().to(torch.int8)
        self._product = make(whole, scale.view(-1))
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
        scale = _range(rows)
        whole = (rows * scale.reciprocal()).round_().to(torch.int8)
        made = torch.addcmul(self._bias, self._product(whole), scale, out=into)
        if self._activation is not None:
            self._activation(made)


def _range(rows: torch.Tensor, most: int = _MOST) -> torch.Tensor:
    """Divisors, (n, 1), that bring each row between -*most* and *most*."""
    return rows.abs().amax(1, keepdim=True).clamp_min_(_LEAST).div_(most)


@cache
def _most_of(make: Callable[[torch.Tensor, torch.Tensor], _Product]) -> int:
    """The largest weight with which products by *make* are exact.

    Processors without VNNI add pairs of products in 16 bits. With weights of 8 bits these overflow, whatever the
    operation; with 7 bits they are 2 x 255 x 63 at most.
    """
    whole = torch.full((ROWS, ROWS), _MOST, dtype=torch.int8)
    made = make(whole, torch.ones(ROWS))(whole.clone())
    return _MOST if bool((made == _MOST * _MOST * ROWS).all()) else _FEWER


def _has_packed() -> bool:
    """Return whether oneDNN multiplies bytes with a packed matrix on this processor."""
    return bool(torch.cpu._is_vnni_supported()) and hasattr(torch.ops.onednn, "qlinear_pointwise")  # noqa: SLF001 - no public name


def _packed(weight: torch.Tensor, scale: torch.Tensor) -> _Product:
    laid_out = torch.ops.onednn.qlinear_prepack(weight, [ROWS, weight.shape[1]])
    zeros = torch.zeros(len(scale), dtype=torch.int64)
    operation = torch.ops.onednn.qlinear_pointwise.default

    def product(rows: torch.Tensor) -> torch.Tensor:
        # In place: the same bits as adding 128 to signed numbers.
        shifted = rows.view(torch.uint8).bitwise_xor_(_OFFSET)
        made: torch.Tensor = operation(
            shifted, 1.0, _OFFSET, laid_out, scale, zeros, None, 1.0, 0, torch.float32, "none", [], ""
        )
        return made

    return product


def _plain(weight: torch.Tensor, scale: torch.Tensor) -> _Product:
    turned = weight.t()
    return lambda rows: torch._int_mm(rows, turned).float().mul_(scale)  # noqa: SLF001 - it has no public name


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
