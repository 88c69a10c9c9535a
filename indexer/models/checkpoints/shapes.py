"""The sizes of a tower, from its section of config.json."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from indexer.models.errors import CheckpointDamaged, CheckpointUnsupported

from .settings import Json, number, real

#: What every published SigLIP has between the two matrices of a layer.
USUAL: Final = "gelu_pytorch_tanh"
ACTIVATIONS: Final = (USUAL, "gelu", "quick_gelu")


@dataclass(frozen=True, slots=True)
class TowerShape:
    """Sizes of a token's state and of what a layer makes of it, how many layers, and heads in each."""

    width: int
    inner: int
    layers: int
    heads: int
    #: What a normalisation adds to the variance.
    epsilon: float
    #: One of `ACTIVATIONS`.
    activation: str


def tower_shape(folder: Path, settings: Json) -> TowerShape:
    """The shape that a tower's *settings* describe; what they leave out is as in transformers.

    Raises `CheckpointUnsupported` or `CheckpointDamaged`.
    """
    width, heads = number(folder, settings, "hidden_size", 768), number(folder, settings, "num_attention_heads", 12)
    if width % heads:
        raise CheckpointDamaged(folder, f"config.json says that states of {width} numbers have {heads} heads")
    activation = settings.get("hidden_act", USUAL)
    if activation not in ACTIVATIONS:
        raise CheckpointUnsupported(folder, f"its layers use the activation {activation!r}")
    return TowerShape(
        width=width,
        inner=number(folder, settings, "intermediate_size", 3072),
        layers=number(folder, settings, "num_hidden_layers", 12),
        heads=heads,
        epsilon=real(folder, "config.json", settings.get("layer_norm_eps", 1e-6)),
        activation=str(activation),
    )
