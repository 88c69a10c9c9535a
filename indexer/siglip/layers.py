"""The layers that both towers are made of, in torch, with the very operations of transformers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch.nn import functional

from .loading import TowerWeights
from .shapes import TowerShape

Step = Callable[[torch.Tensor], torch.Tensor]
#: Given a weight and a bias.
MakeLinear = Callable[[torch.Tensor, torch.Tensor], Step]


def _quick_gelu(states: torch.Tensor) -> torch.Tensor:
    return states * torch.sigmoid(1.702 * states)


_ACTIVATIONS: dict[str, Step] = {
    "gelu_pytorch_tanh": partial(functional.gelu, approximate="tanh"),
    "gelu": functional.gelu,
    "quick_gelu": _quick_gelu,
}


def linear(weight: torch.Tensor, bias: torch.Tensor) -> Step:
    """A linear layer in the precision of its weights."""
    return lambda states: functional.linear(states, weight, bias)


def norm(weights: TowerWeights, name: str, shape: TowerShape) -> Step:
    """The layer normalisation of that name."""
    weight, bias = weights(f"{name}.weight", shape.width), weights(f"{name}.bias", shape.width)
    return lambda states: functional.layer_norm(states, (shape.width,), weight, bias, shape.epsilon)


def perceptron(weights: TowerWeights, name: str, shape: TowerShape, make: MakeLinear) -> Step:
    """The two matrices of that name, and the activation between them."""
    into = make(weights(f"{name}.fc1.weight", shape.inner, shape.width), weights(f"{name}.fc1.bias", shape.inner))
    back = make(weights(f"{name}.fc2.weight", shape.width, shape.inner), weights(f"{name}.fc2.bias", shape.width))
    activation = _ACTIVATIONS[shape.activation]
    return lambda states: back(activation(into(states)))


class Encoder:
    """A tower's layers, one after the other; *make* makes their linear ones."""

    def __init__(self, weights: TowerWeights, shape: TowerShape, make: MakeLinear) -> None:
        self._layers = [_Layer(weights, f"encoder.layers.{number}", shape, make) for number in range(shape.layers)]

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        """What becomes of *states*, (n, tokens, width)."""
        for layer in self._layers:
            states = layer(states)
        return states


class _Layer:
    def __init__(self, weights: TowerWeights, name: str, shape: TowerShape, make: MakeLinear) -> None:
        def square(part: str) -> Step:
            full = f"{name}.self_attn.{part}"
            return make(weights(f"{full}.weight", shape.width, shape.width), weights(f"{full}.bias", shape.width))

        self._heads = shape.heads
        self._first, self._second = (norm(weights, f"{name}.layer_norm{number}", shape) for number in (1, 2))
        self._queries, self._keys, self._values = (square(part) for part in ("q_proj", "k_proj", "v_proj"))
        self._out = square("out_proj")
        self._perceptron = perceptron(weights, f"{name}.mlp", shape, make)

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        states = states + self._attention(self._first(states))
        return states + self._perceptron(self._second(states))

    def _attention(self, states: torch.Tensor) -> torch.Tensor:
        # Without a mask: a token may look at all of them, padding included, as SigLIP was trained.
        parts = (step(states) for step in (self._queries, self._keys, self._values))
        queries, keys, values = (part.view(*part.shape[:2], self._heads, -1).transpose(1, 2) for part in parts)
        found = functional.scaled_dot_product_attention(queries, keys, values)
        return self._out(found.transpose(1, 2).flatten(2))
