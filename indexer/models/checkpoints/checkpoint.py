"""A checkpoint's folder, described by its small files and by the header of its weights."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from indexer.models.errors import CheckpointDamaged, CheckpointUnsupported
from store import SpaceIdentity

from .config import Json, TransformerShape, positive_setting, read_json, section, transformer_shape
from .kinds import FLEXIBLE, check_form, check_kind, quantisation
from .preprocessing import (
    FlexiblePreprocessing,
    Preprocessing,
    patches_in,
    read_flexible_preprocessing,
    read_preprocessing,
)
from .published import ENGLISH, picture_work
from .tensor_files import TensorFiles

_INDEX = "model.safetensors.index.json"
_SINGLE = "model.safetensors"
_SCALE, _BIAS = "logit_scale", "logit_bias"
_TOKENIZERS = ("tokenizer.json", "spiece.model", "tokenizer.model")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A SigLIP or SigLIP 2 checkpoint, of fixed or flexible resolution (NaFlex)."""

    folder: Path
    #: The user's name for it: a hub id, a folder, or "demo".
    name: str
    dimension: int
    #: Pixels of a side; None if the resolution is flexible.
    image_size: int | None
    #: Tokens of every text, padding included.
    text_length: int
    #: Number of tokens that the text encoder has a row for.
    vocabulary: int
    #: The natural logarithm of the scale, and the bias: p = sigmoid(exp(scale) * cosine + bias).
    logit_scale: float
    #: None if the weights have no bias: then there are no probabilities.
    logit_bias: float | None
    preprocessing: Preprocessing | FlexiblePreprocessing
    text: TransformerShape
    vision: TransformerShape
    #: Pixels of a patch's side.
    patch_size: int
    #: Places in a row and in a column of the image encoder's table of positions.
    grid: int
    #: Parameters of the image encoder.
    vision_parameters: int
    weights: tuple[Path, ...] = field(repr=False)
    #: The precision of quantised weights, such as `bnb-int8`; None if they are not.
    quantisation: str | None = None

    def weights_stamp(self) -> str:
        """Identity of the weights' files, which changes with them. Reads none of the weights."""
        return stamp_of(self.weights)

    def weights_hash(self) -> str:
        """SHA-256 of the weights, hexadecimal. Reads them all: about a second for 1.5 GB from memory."""
        return hash_of(self.weights)

    @property
    def patches(self) -> int | None:
        """Patches that a picture has at most; None if the resolution is fixed."""
        return self.preprocessing.patches if isinstance(self.preprocessing, FlexiblePreprocessing) else None

    @property
    def work(self) -> int:
        """Multiplications for a picture, of the most patches that it may have."""
        return picture_work(self.vision, self.patch_size, self.patches or self.grid**2)

    def decoding(self, *, is_full: bool, patches: int | None = None) -> Checkpoint:
        """This checkpoint with JPEG pictures decoded at full size, or at reduced size.

        If its resolution is flexible, pictures get at most *patches* patches; None keeps the checkpoint's number.
        """
        changed = replace(self.preprocessing, is_full=is_full)
        if patches is not None and isinstance(changed, FlexiblePreprocessing):
            changed = replace(changed, patches=patches)
        return replace(self, preprocessing=changed)

    def seeing_as(self, preprocessing: str) -> Checkpoint:
        """This checkpoint with the preprocessing of that name, as far as a choice of its own makes it another one."""
        patches = patches_in(preprocessing)
        in_full = self.decoding(is_full=True, patches=patches)
        is_full = in_full.preprocessing.name == preprocessing
        return in_full if is_full else self.decoding(is_full=False, patches=patches)

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
    dimension = positive_setting(folder, vision, "hidden_size", 768)
    if (
        positive_setting(folder, text, "projection_size", positive_setting(folder, text, "hidden_size", 768))
        != dimension
    ):
        raise CheckpointDamaged(folder, "its text and image encoders make vectors of different lengths")
    image_size, patch_size, grid = _resolution(folder, config, vision)
    weights = weights_in(folder)
    scale, bias, parameters = _read_header(folder, weights)
    return Checkpoint(
        folder=folder,
        name=name or str(folder),
        dimension=dimension,
        image_size=image_size,
        text_length=positive_setting(folder, text, "max_position_embeddings", 64),
        vocabulary=positive_setting(folder, text, "vocab_size", ENGLISH),
        logit_scale=scale,
        logit_bias=bias,
        preprocessing=_preprocessing(folder, image_size, patch_size),
        text=transformer_shape(folder, text),
        vision=transformer_shape(folder, vision),
        patch_size=patch_size,
        grid=grid,
        vision_parameters=parameters,
        weights=weights,
        quantisation=quantisation(config),
    )


def hash_of(weights: Sequence[Path]) -> str:
    """SHA-256 of files of weights, hexadecimal; of several, that of their digests."""
    digests = []
    for path in weights:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def stamp_of(weights: Sequence[Path]) -> str:
    """Identity of files of weights, which changes with them. Reads none of them."""
    return json.dumps([(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in weights])


def check_settings(folder: Path) -> Json:
    """Read config.json and check that this kind of model can be used. Needs none of the folder's large files.

    Raises `CheckpointUnsupported` or `CheckpointDamaged`.
    """
    if not (folder / "config.json").is_file():
        check_form(folder)
    config = read_json(folder, "config.json")
    check_kind(folder, config)
    vision = section(folder, config, "vision_config")
    if vision.get("vision_use_head") is False:
        raise CheckpointUnsupported(folder, "its image encoder has no pooling head, so a picture has no single vector")
    if not any((folder / name).is_file() for name in _TOKENIZERS):
        raise CheckpointDamaged(folder, "tokenizer.json is missing")
    image_size, patch_size, _ = _resolution(folder, config, vision)
    _preprocessing(folder, image_size, patch_size)
    for each in (vision, section(folder, config, "text_config")):
        transformer_shape(folder, each)
    return config


def _resolution(folder: Path, config: Json, vision: Json) -> tuple[int | None, int, int]:
    """Pixels of a picture's side, None if it is flexible, and of a patch's; places in a row of the positions' table."""
    patch = positive_setting(folder, vision, "patch_size", 16)
    if config.get("model_type") == FLEXIBLE:
        places = positive_setting(folder, vision, "num_patches", 256)
        grid = math.isqrt(places)
        if grid * grid != places:
            raise CheckpointDamaged(folder, f"its {places} positions are no square")
        return None, patch, grid
    image_size = positive_setting(folder, vision, "image_size", 224)
    return image_size, patch, image_size // patch


def _preprocessing(folder: Path, image_size: int | None, patch: int) -> Preprocessing | FlexiblePreprocessing:
    if image_size is None:
        return read_flexible_preprocessing(folder, patch)
    return read_preprocessing(folder, image_size)


def weights_in(folder: Path) -> tuple[Path, ...]:
    """Files of the weights in *folder*. Raises `CheckpointUnsupported` or `CheckpointDamaged`."""
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
    check_form(folder)
    pickles = sorted(
        path.name for pattern in ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl") for path in folder.glob(pattern)
    )
    if pickles:
        raise CheckpointUnsupported(
            folder,
            f"its weights ({pickles[0]}) are not in safetensors form, and other forms can run code when they are read",
        )
    raise CheckpointDamaged(folder, f"{_SINGLE} is missing")


def _read_header(folder: Path, weights: tuple[Path, ...]) -> tuple[float, float | None, int]:
    """Scale, bias if there is one, and the number of the image encoder's parameters."""
    scalars: dict[str, float] = {}
    parameters, has_text = 0, False
    for path in weights:
        try:
            # Each file by itself, to name the one that is damaged.
            file = TensorFiles([path])
            scalars |= {key: float(file.floats(key).reshape(-1)[0]) for key in (_SCALE, _BIAS) if key in file}
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise CheckpointDamaged(folder, f"{path.name} cannot be read ({error})") from error
        has_text = has_text or any(key.startswith("text_model.") for key in file)
        parameters += sum(math.prod(file.shape(key)) for key in file if key.startswith("vision_model."))
    if not parameters or not has_text or _SCALE not in scalars:
        raise CheckpointDamaged(folder, "its weights lack an encoder or the scale")
    if not all(math.isfinite(value) for value in scalars.values()):
        raise CheckpointDamaged(folder, "its scale or bias is no number")
    return scalars[_SCALE], scalars.get(_BIAS), parameters
