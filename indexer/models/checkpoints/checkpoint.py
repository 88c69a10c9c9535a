"""A checkpoint's folder: what it is, read from its small files and from the weights' header."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from indexer.models.errors import CheckpointDamaged, CheckpointUnsupported
from store import SpaceIdentity

from .preprocessing import Preprocessing
from .safetensors_map import MappedArrays
from .settings import Json, number, read_json, real, section
from .shapes import TowerShape, tower_shape

#: Pillow's numbers for the filters that SigLIP checkpoints use: 3 in version 1, 2 in SigLIP 2.
_RESAMPLE = {2: "bilinear", 3: "bicubic"}
_INDEX = "model.safetensors.index.json"
_SINGLE = "model.safetensors"
_CHANNELS = 3
_SCALARS = frozenset({"logit_scale", "logit_bias"})
_TOKENIZERS = ("tokenizer.json", "spiece.model", "tokenizer.model")
_PROCESSOR = "its image processor"
_CODE = "it needs to run code of its own, which is never done"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A fixed-resolution SigLIP or SigLIP 2 checkpoint."""

    folder: Path
    #: What the user called it: a hub id, a folder, or "demo".
    name: str
    dimension: int
    image_size: int
    #: Tokens of every text, padding included.
    text_length: int
    #: The natural logarithm of the scale, and the bias: p = sigmoid(exp(scale) * cosine + bias).
    logit_scale: float
    logit_bias: float
    preprocessing: Preprocessing
    text: TowerShape
    vision: TowerShape
    #: Pixels of a patch's side.
    patch_size: int
    #: Parameters of the image tower.
    vision_parameters: int
    weights: tuple[Path, ...] = field(repr=False)

    def weights_stamp(self) -> str:
        """What changes, without reading them, when the weights' files do."""
        parts = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in self.weights]
        return json.dumps(parts)

    def weights_hash(self) -> str:
        """SHA-256 of the weights, hexadecimal. Reads them all: about a second for 1.5 GB from memory."""
        digests = []
        for path in self.weights:
            with path.open("rb") as file:
                digests.append(hashlib.file_digest(file, "sha256").hexdigest())
        return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()

    def identity(self, precision: str, weights_hash: str) -> SpaceIdentity:
        """The space that embeddings of *precision* lie in."""
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
    """The checkpoint in *folder*. Reads no weights but the scale and the bias.

    Raises `CheckpointUnsupported` or `CheckpointDamaged`.
    """
    config = check_settings(folder)
    text, vision = section(folder, config, "text_config"), section(folder, config, "vision_config")
    dimension = number(folder, vision, "hidden_size", 768)
    if number(folder, text, "projection_size", number(folder, text, "hidden_size", 768)) != dimension:
        raise CheckpointDamaged(folder, "its text and image towers end in vectors of different length")
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
        preprocessing=_preprocessing(folder, image_size),
        text=tower_shape(folder, text),
        vision=tower_shape(folder, vision),
        patch_size=number(folder, vision, "patch_size", 16),
        vision_parameters=parameters,
        weights=weights,
    )


def check_settings(folder: Path) -> Json:
    """What config.json says, if the kind of model it describes can be used. Needs none of the folder's large files.

    Raises `CheckpointUnsupported` or `CheckpointDamaged`.
    """
    config = read_json(folder, "config.json")
    _check_kind(folder, config)
    vision = section(folder, config, "vision_config")
    if vision.get("vision_use_head") is False:
        raise CheckpointUnsupported(folder, "its image tower has no pooling head, so a picture has no single vector")
    for name in ("tokenizer_config.json", "preprocessor_config.json", "processor_config.json"):
        if (folder / name).is_file() and "auto_map" in read_json(folder, name):
            raise CheckpointUnsupported(folder, _CODE)
    if not any((folder / name).is_file() for name in _TOKENIZERS):
        raise CheckpointDamaged(folder, "tokenizer.json is missing")
    _preprocessing(folder, number(folder, vision, "image_size", 224))
    for tower in (vision, section(folder, config, "text_config")):
        tower_shape(folder, tower)
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
    """Scale, bias and the image tower's parameters."""
    scalars: dict[str, float] = {}
    parameters, has_text = 0, False
    for path in weights:
        try:
            with safe_open(path, framework="np") as file:
                for key in file.keys():  # noqa: SIM118 - this is no dict
                    has_text = has_text or key.startswith("text_model.")
                    if key.startswith("vision_model."):
                        parameters += int(np.prod(file.get_slice(key).get_shape()))
                    elif key in _SCALARS:
                        scalars[key] = float(MappedArrays([path]).floats(key).reshape(-1)[0])
        except (SafetensorError, OSError, ValueError, LookupError) as error:
            raise CheckpointDamaged(folder, f"{path.name} cannot be read ({error})") from error
    if not parameters or not has_text or len(scalars) != len(_SCALARS):
        raise CheckpointDamaged(folder, "its weights lack a tower, the scale or the bias")
    if not all(math.isfinite(value) for value in scalars.values()):
        raise CheckpointDamaged(folder, "its scale or bias is no number")
    return scalars["logit_scale"], scalars["logit_bias"], parameters


def _preprocessing(folder: Path, image_size: int) -> Preprocessing:
    settings = _processor_settings(folder)
    if settings.get("do_resize") is False or settings.get("do_center_crop"):
        raise CheckpointUnsupported(folder, "its image processor does not squash pictures into a square")
    size = settings.get("size")
    if isinstance(size, dict):
        size = size.get("height") if size.get("height") == size.get("width") else None
    if size != image_size:
        raise CheckpointDamaged(folder, f"its image processor makes other pictures than {image_size} x {image_size}")
    resample = settings.get("resample")
    if not isinstance(resample, int) or resample not in _RESAMPLE:
        raise CheckpointUnsupported(folder, f"its pictures are resized by filter {resample!r}, not bilinear or bicubic")
    scaled, normalised = settings.get("do_rescale") is not False, settings.get("do_normalize") is not False
    std = _channels(folder, settings.get("image_std")) if normalised else (1.0, 1.0, 1.0)
    if not all(std):
        raise CheckpointDamaged(folder, "its image processor divides by zero")
    return Preprocessing(
        size=image_size,
        resample=_RESAMPLE[resample],
        rescale=real(folder, _PROCESSOR, settings.get("rescale_factor", 1 / 255)) if scaled else 1.0,
        mean=_channels(folder, settings.get("image_mean")) if normalised else (0.0, 0.0, 0.0),
        std=std,
    )


def _processor_settings(folder: Path) -> Json:
    if (folder / "preprocessor_config.json").is_file():
        return read_json(folder, "preprocessor_config.json")
    nested = read_json(folder, "processor_config.json").get("image_processor")
    if not isinstance(nested, dict):
        raise CheckpointDamaged(folder, "preprocessor_config.json is missing")
    return nested


def _channels(folder: Path, values: object) -> tuple[float, float, float]:
    if not isinstance(values, list) or len(values) != _CHANNELS:
        raise CheckpointDamaged(folder, "its image processor's mean or deviation is missing")
    red, green, blue = (real(folder, _PROCESSOR, value) for value in values)
    return red, green, blue
