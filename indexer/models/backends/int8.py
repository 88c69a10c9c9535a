"""An image tower's matrices in 8 bits, for CPUs: dynamic quantisation, which needs no pictures to calibrate on.

Weights are int8 with one scale a row; what flows through is scaled anew at each layer, each token by its own range
(vector-wise quantisation: Dettmers and others 2022, arXiv 2208.07339, section 3.1). Its sums are exact.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch

from indexer.models.errors import DeviceUnavailable
from indexer.models.siglip.layers import ACTIVATIONS, Kit, Step, linear

from .devices import packs_bfloat16
from .packed_bfloat16 import packed

#: The largest whole number of 8 bits with a sign, and of 7.
_MOST, _FEWER = 127, 63
#: Tokens that are multiplied at once: what is made of so many stays in a core's cache, and more gains nothing.
ROWS = 256
#: A row of zeros has no range.
_LEAST = 1e-12
#: Makes a whole number with a sign one without.
_OFFSET = 128

#: Rows of whole numbers, int8, become their products with a matrix, float32, each column times its scale.
_Product = Callable[[torch.Tensor], torch.Tensor]


def quantised(weight: torch.Tensor, bias: torch.Tensor, activation: str | None = None) -> Step:
    """A linear layer with int8 weights, and the activation of that name after it, made from one in float32 on the CPU.

    Raises `DeviceUnavailable`.
    """
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        # Without it the product of whole numbers is slower than that of floats.
        raise DeviceUnavailable("int8", ("float32",))
    return _QuantisedLinear(weight, bias, activation)


def quantising_kit() -> Kit:
    """A kit of `quantised` for towers in float32.

    The patch embedding stays in floats: it is a thirtieth of the work, and all that follows inherits its error.
    """
    return Kit(quantised, _rounded if packs_bfloat16() else linear)


def _rounded(weight: torch.Tensor, bias: torch.Tensor, activation: str | None = None) -> Step:
    step = packed(weight, bias, activation)
    return lambda states: step(states.to(torch.bfloat16)).float()


class _QuantisedLinear:
    def __init__(self, weight: torch.Tensor, bias: torch.Tensor, activation: str | None) -> None:
        make = _packed if _has_packed() else _plain
        scale = _range(weight, _most_of(make))
        whole = (weight / scale).round_().to(torch.int8)
        self._product = make(whole, scale.view(-1))
        self._bias = bias
        self._activation = _ACTIVATIONS.get(activation) if activation else None

    def __call__(self, tokens: torch.Tensor) -> torch.Tensor:
        """What the layer makes of *tokens*, float32 (…, n)."""
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
    """What each row is divided by, (n, 1), to lie between -*most* and *most*."""
    return rows.abs().amax(1, keepdim=True).clamp_min_(_LEAST).div_(most)


@cache
def _most_of(make: Callable[[torch.Tensor, torch.Tensor], _Product]) -> int:
    """The largest weight that products by *make* are exact with.

    Processors without VNNI add pairs of products in 16 bits. Those of weights of 8 bits overflow there, whatever
    operation is asked for; with 7 bits they are 2 x 255 x 63 at most.
    """
    whole = torch.full((ROWS, ROWS), _MOST, dtype=torch.int8)
    made = make(whole, torch.ones(ROWS))(whole.clone())
    return _MOST if bool((made == _MOST * _MOST * ROWS).all()) else _FEWER


def _has_packed() -> bool:
    """Whether oneDNN multiplies bytes on this processor by an operation that keeps a matrix laid out."""
    return bool(torch.cpu._is_vnni_supported()) and hasattr(torch.ops.onednn, "qlinear_pointwise")  # noqa: SLF001 - no public name


def _packed(weight: torch.Tensor, scale: torch.Tensor) -> _Product:
    laid_out = torch.ops.onednn.qlinear_prepack(weight, [ROWS, weight.shape[1]])
    zeros = torch.zeros(len(scale), dtype=torch.int64)
    operation = torch.ops.onednn.qlinear_pointwise.default

    def product(rows: torch.Tensor) -> torch.Tensor:
        # In place: the same bits as adding 128 to numbers with a sign.
        shifted = rows.view(torch.uint8).bitwise_xor_(_OFFSET)
        made: torch.Tensor = operation(
            shifted, 1.0, _OFFSET, laid_out, scale, zeros, None, 1.0, 0, torch.float32, "none", [], ""
        )
        return made

    return product


def _plain(weight: torch.Tensor, scale: torch.Tensor) -> _Product:
    turned = weight.t()
    return lambda rows: torch._int_mm(rows, turned).float().mul_(scale)  # noqa: SLF001 - it has no other name


def _gelu_tanh(states: torch.Tensor) -> None:
    """As torch's: 1 + tanh(x) is 2 sigmoid(2x), and torch computes that in a third of the time."""
    gate = torch.addcmul(_GELU_FIRST, states, states, value=_GELU_THIRD)
    states.mul_(gate.mul_(states).sigmoid_())


def _others(name: str) -> Callable[[torch.Tensor], None]:
    def activate(states: torch.Tensor) -> None:
        states.copy_(ACTIVATIONS[name](states))

    return activate


#: 2 sqrt(2 / pi), and 0.044715 times as much: Hendrycks and Gimpel 2016, arXiv 1606.08415.
_GELU_FIRST = torch.tensor(1.5957691216057308)
_GELU_THIRD = 0.044715 * 1.5957691216057308

#: By name, in place.
_ACTIVATIONS = {name: _gelu_tanh if name == "gelu_pytorch_tanh" else _others(name) for name in ACTIVATIONS}
