"""A checkpoint's folder, described by its small files and by the header of its weights."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from indexer.models.errors import CheckpointDamaged, CheckpointUnsupported
from store import SpaceIdentity

from .config import Json, TransformerShape, number, read_json, section, transformer_shape
from .preprocessing import Preprocessing, read_preprocessing
from .safetensors_map import MappedArrays

_INDEX = "model.safetensors.index.json"
_SINGLE = "model.safetensors"
_SCALARS = frozenset({"logit_scale", "logit_bias"})
_TOKENIZERS = ("tokenizer.json", "spiece.model", "tokenizer.model")
_CODE = "it needs to run code of its own, which is never done"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A fixed-resolution SigLIP or SigLIP 2 checkpoint."""

    folder: Path
    #: The user's name for it: a hub id, a folder, or "demo".
    name: str
    dimension: int
    image_size: int
    #: Tokens of every text, padding included.
    text_length: int
    #: The natural logarithm of the scale, and the bias: p = sigmoid(exp(scale) * cosine + bias).
    logit_scale: float
    logit_bias: float
    preprocessing: Preprocessing
    text: TransformerShape
    vision: TransformerShape
    #: Pixels of a patch's side.
    patch_size: int
    #: Parameters of the image encoder.
    vision_parameters: int
    weights: tuple[Path, ...] = field(repr=False)

    def weights_stamp(self) -> str:
        """Identity of the weights' files, which changes with them. Reads none of the weights."""
        parts = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in self.weights]
        return json.dumps(parts)

    def weights_hash(self) -> str:
        """SHA-256 of the weights, hexadecimal. Reads them all: about a second for 1.5 GB from memory."""
        digests = []
        for path in self.weights:
            with path.open("rb") as file:
                digests.append(hashlib.file_digest(file, "sha256").hexdigest())
        return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()

    def decoding(self, *, is_full: bool) -> Checkpoint:
        """This checkpoint with JPEG pictures decoded at full size, or at reduced size."""
        return replace(self, preprocessing=replace(self.preprocessing, is_full=is_full))

    def identity(self, precision: str, weights_hash: str) -> SpaceIdentity:
        """Identity of the space of embeddings in *precision*."""
        return SpaceIdentity(
            model=self.name,
            weights_hash=weights_hash,
            preprocessing=self.preprocessing.name,
            precision=precision,
            dimension=self.dimension,
            logit_scale=self.logit_scale,
            logit_bias=self.logit_bias,
        )


def open_checkpoint(folder: Path, name: str | None = None) -> Checkpoint:
    """Open the checkpoint in *folder*. Of the weights, only the scale and the bias are read.

    Raises `CheckpointUnsupported` or `CheckpointDamaged`.
    """
    config = check_settings(folder)
    text, vision = section(folder, config, "text_config"), section(folder, config, "vision_config")
    dimension = number(folder, vision, "hidden_size", 768)
    if number(folder, text, "projection_size", number(folder, text, "hidden_size", 768)) != dimension:
        raise CheckpointDamaged(folder, "its text and image encoders make vectors of different lengths")
    image_size = number(folder, vision, "image_size", 224)
    weights = _weights(folder)
    scale, bias, parameters = _read_header(folder, weights)
    return Checkpoint(
        folder=folder,
        name=name or str(folder),
        dimension=dimension,
        image_size=image_size,
        text_length=number(folder, text, "max_position_embeddings", 64),
        logit_scale=scale,
        logit_bias=bias,
        preprocessing=read_preprocessing(folder, image_size),
        text=transformer_shape(folder, text),
        vision=transformer_shape(folder, vision),
        patch_size=number(folder, vision, "patch_size", 16),
        vision_parameters=parameters,
        weights=weights,
    )


def check_settings(folder: Path) -> Json:
    """Read config.json and check that this kind of model can be used. Needs none of the folder's large files.

    Raises `CheckpointUnsupported` or `CheckpointDamaged`.
    """
    config = read_json(folder, "config.json")
    _check_kind(folder, config)
    vision = section(folder, config, "vision_config")
    if vision.get("vision_use_head") is False:
        raise CheckpointUnsupported(folder, "its image encoder has no pooling head, so a picture has no single vector")
    for name in ("tokenizer_config.json", "preprocessor_config.json", "processor_config.json"):
        if (folder / name).is_file() and "auto_map" in read_json(folder, name):
            raise CheckpointUnsupported(folder, _CODE)
    if not any((folder / name).is_file() for name in _TOKENIZERS):
        raise CheckpointDamaged(folder, "tokenizer.json is missing")
    read_preprocessing(folder, number(folder, vision, "image_size", 224))
    for each in (vision, section(folder, config, "text_config")):
        transformer_shape(folder, each)
    return config


def _check_kind(folder: Path, config: Json) -> None:
    kind = config.get("model_type")
    if kind == "siglip2":
        raise CheckpointUnsupported(
            folder, "it is of flexible resolution (NaFlex), which comes in a later version; use a fixed-resolution one"
        )
    if kind != "siglip":
        raise CheckpointUnsupported(folder, f"it is {kind!r} and not a SigLIP model")
    if "auto_map" in config:
        raise CheckpointUnsupported(folder, _CODE)
    if "quantization_config" in config:
        raise CheckpointUnsupported(folder, "it is quantised, which comes in a later version")


def _weights(folder: Path) -> tuple[Path, ...]:
    if (folder / _SINGLE).is_file():
        return (folder / _SINGLE,)
    if (folder / _INDEX).is_file():
        names = read_json(folder, _INDEX).get("weight_map")
        if not isinstance(names, dict) or not names:
            raise CheckpointDamaged(folder, f"{_INDEX} names no weights")
        files = sorted({str(name) for name in names.values()})
        for name in files:
            if Path(name).name != name or not (folder / name).is_file():
                raise CheckpointDamaged(folder, f"{name} is missing")
        return tuple(folder / name for name in files)
    pickles = sorted(
        path.name for pattern in ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl") for path in folder.glob(pattern)
    )
    if pickles:
        raise CheckpointUnsupported(
            folder,
            f"its weights ({pickles[0]}) are not in safetensors form, and other forms can run code when they are read",
        )
    raise CheckpointDamaged(folder, f"{_SINGLE} is missing")


def _read_header(folder: Path, weights: tuple[Path, ...]) -> tuple[float, float, int]:
    """Scale, bias and the number of the image encoder's parameters."""
    scalars: dict[str, float] = {}
    parameters, has_text = 0, False
    for path in weights:
        try:
            with safe_open(path, framework="np") as file:
                for key in file.keys():  # noqa: SIM118 - not a dict
                    has_text = has_text or key.startswith("text_model.")
                    if key.startswith("vision_model."):
                        parameters += int(np.prod(file.get_slice(key).get_shape()))
                    elif key in _SCALARS:
                        scalars[key] = float(MappedArrays([path]).floats(key).reshape(-1)[0])
        except (SafetensorError, OSError, ValueError, LookupError) as error:
            raise CheckpointDamaged(folder, f"{path.name} cannot be read ({error})") from error
    if not parameters or not has_text or len(scalars) != len(_SCALARS):
        raise CheckpointDamaged(folder, "its weights lack an encoder, the scale or the bias")
    if not all(math.isfinite(value) for value in scalars.values()):
        raise CheckpointDamaged(folder, "its scale or bias is no number")
    return scalars["logit_scale"], scalars["logit_bias"], parameters
