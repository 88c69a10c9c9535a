"""Settings in the JSON files of a checkpoint's folder, each value checked, and the sizes of an encoder's layers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from indexer.models.errors import CheckpointDamaged, CheckpointUnsupported
from store.json_text import parse_json
from store.open_file import read_file

Json = Mapping[str, object]
#: The activation of every published SigLIP.
USUAL_ACTIVATION: Final = "gelu_pytorch_tanh"
#: Bytes of a file of settings; the longest, the list of the weights' names, has some hundred thousand.
_LARGEST: Final = 1 << 26
ACTIVATIONS: Final = (USUAL_ACTIVATION, "gelu", "quick_gelu")


@dataclass(frozen=True, slots=True)
class TransformerShape:
    """Sizes of a token's state and of a layer's inner state, and the numbers of layers and of heads in each."""

    width: int
    inner: int
    layers: int
    heads: int
    #: Added to the variance by a normalisation.
    epsilon: float
    #: One of `ACTIVATIONS`.
    activation: str


def transformer_shape(folder: Path, settings: Json) -> TransformerShape:
    """Read the shape from *settings*, a section of config.json; defaults are those of transformers.

    Raises `CheckpointUnsupported` or `CheckpointDamaged`.
    """
    width, heads = (
        positive_setting(folder, settings, "hidden_size", 768),
        positive_setting(folder, settings, "num_attention_heads", 12),
    )
    if width % heads:
        raise CheckpointDamaged(folder, f"config.json says that states of {width} numbers have {heads} heads")
    activation = settings.get("hidden_act", USUAL_ACTIVATION)
    if activation not in ACTIVATIONS:
        raise CheckpointUnsupported(folder, f"its layers use the activation {activation!r}")
    return TransformerShape(
        width=width,
        inner=positive_setting(folder, settings, "intermediate_size", 3072),
        layers=positive_setting(folder, settings, "num_hidden_layers", 12),
        heads=heads,
        epsilon=real(folder, "config.json", settings.get("layer_norm_eps", 1e-6)),
        activation=str(activation),
    )


def read_json(folder: Path, name: str) -> Json:
    """Read the object in that file. Raises `CheckpointDamaged`."""
    try:
        content = parse_json(read_file(folder / name, _LARGEST))
    except FileNotFoundError as error:
        raise CheckpointDamaged(folder, f"{name} is missing") from error
    except (OSError, ValueError) as error:
        raise CheckpointDamaged(folder, f"{name} cannot be read ({error})") from error
    if not isinstance(content, dict):
        raise CheckpointDamaged(folder, f"{name} holds no settings")
    return content


def section(folder: Path, config: Json, name: str) -> Json:
    """An object within config.json; an empty one if it is not there. Raises `CheckpointDamaged`."""
    found = config.get(name, {})
    if not isinstance(found, dict):
        raise CheckpointDamaged(folder, f"config.json has no {name}")
    return found


def positive_setting(folder: Path, settings: Json, name: str, default: int, file: str = "config.json") -> int:
    """A whole number greater than 0 in *settings*, which are those of *file*. Raises `CheckpointDamaged`."""
    value = settings.get(name)
    value = default if value is None else value
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise CheckpointDamaged(folder, f"{file} says {name} is {value!r}")
    return value


def real(folder: Path, file: str, value: object) -> float:
    """*value* as a float if it is a finite number; the error names *file*. Raises `CheckpointDamaged`."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise CheckpointDamaged(folder, f"{file} holds {value!r} where a number should be")
    return float(value)
