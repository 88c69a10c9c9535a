"""The layers that both towers are made of, in torch, with the very operations of transformers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import torch
from torch.nn import functional

from indexer.models.checkpoints.shapes import TowerShape
from indexer.models.checkpoints.weights import TowerWeights

Step = Callable[[torch.Tensor], torch.Tensor]


class MakeLinear(Protocol):
    """Makes a linear layer."""

    def __call__(self, weight: torch.Tensor, bias: torch.Tensor, activation: str | None = None) -> Step:
        """A linear layer, and the activation of that name after it."""
        ...


@dataclass(frozen=True, slots=True)
class Kit:
    """How a tower's matrices are made: by *linear*, and the one that looks at pixels by *patches*.

    If that is None, it is a convolution, and matrices of one input stay apart, as in transformers. Otherwise they are
    joined to one.
    """

    linear: MakeLinear
    patches: MakeLinear | None = None


def _quick_gelu(states: torch.Tensor) -> torch.Tensor:
    return states * torch.sigmoid(1.702 * states)


ACTIVATIONS: dict[str, Step] = {
    "gelu_pytorch_tanh": partial(functional.gelu, approximate="tanh"),
    "gelu": functional.gelu,
    "quick_gelu": _quick_gelu,
}


def linear(weight: torch.Tensor, bias: torch.Tensor, activation: str | None = None) -> Step:
    """A linear layer in the precision of its weights."""
    if activation is None:
        return lambda states: functional.linear(states, weight, bias)
    follow = ACTIVATIONS[activation]
    return lambda states: follow(functional.linear(states, weight, bias))


PLAIN = Kit(linear)


def norm(weights: TowerWeights, name: str, shape: TowerShape) -> Step:
    """The layer normalisation of that name."""
    weight, bias = weights(f"{name}.weight", shape.width), weights(f"{name}.bias", shape.width)
    return lambda states: functional.layer_norm(states, (shape.width,), weight, bias, shape.epsilon)


def perceptron(weights: TowerWeights, name: str, shape: TowerShape, make: MakeLinear) -> Step:
    """The two matrices of that name, and the activation between them."""
    into = make(
        weights(f"{name}.fc1.weight", shape.inner, shape.width),
        weights(f"{name}.fc1.bias", shape.inner),
        shape.activation,
    )
    back = make(weights(f"{name}.fc2.weight", shape.width, shape.inner), weights(f"{name}.fc2.bias", shape.width))
    return lambda states: back(into(states))


class Encoder:
    """A tower's layers, one after the other; *kit* makes their matrices."""

    def __init__(self, weights: TowerWeights, shape: TowerShape, kit: Kit) -> None:
        self._layers = [_Layer(weights, f"encoder.layers.{number}", shape, kit) for number in range(shape.layers)]

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        """What becomes of *states*, (n, tokens, width)."""
        for layer in self._layers:
            states = layer(states)
        return states


class _Layer:
    def __init__(self, weights: TowerWeights, name: str, shape: TowerShape, kit: Kit) -> None:
        def square(part: str) -> tuple[torch.Tensor, torch.Tensor]:
            full = f"{name}.self_attn.{part}"
            return weights(f"{full}.weight", shape.width, shape.width), weights(f"{full}.bias", shape.width)

        self._heads = shape.heads
        self._first, self._second = (norm(weights, f"{name}.layer_norm{number}", shape) for number in (1, 2))
        self._project = _projection([square(part) for part in ("q_proj", "k_proj", "v_proj")], kit)
        self._out = kit.linear(*square("out_proj"))
        self._perceptron = perceptron(weights, f"{name}.mlp", shape, kit.linear)

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        states = states + self._attention(self._first(states))
        return states + self._perceptron(self._second(states))

    def _attention(self, states: torch.Tensor) -> torch.Tensor:
        # Without a mask: a token may look at all of them, padding included, as SigLIP was trained.
        queries, keys, values = (in_heads(part, self._heads) for part in self._project(states))
        found = functional.scaled_dot_product_attention(queries, keys, values)
        return self._out(found.transpose(1, 2).flatten(2))


def in_heads(states: torch.Tensor, heads: int) -> torch.Tensor:
    """*states*, (n, tokens, width), as (n, heads, tokens, width / heads)."""
    return states.view(*states.shape[:2], heads, -1).transpose(1, 2)


def _projection(
    matrices: list[tuple[torch.Tensor, torch.Tensor]], kit: Kit
) -> Callable[[torch.Tensor], Sequence[torch.Tensor]]:
    """What several weights and biases make of one input, one after the other."""
    if kit.patches is None:
        steps = [kit.linear(weight, bias) for weight, bias in matrices]
        return lambda states: [step(states) for step in steps]
    joined = kit.linear(torch.cat([weight for weight, _ in matrices]), torch.cat([bias for _, bias in matrices]))
    return lambda states: joined(states).chunk(len(matrices), -1)
