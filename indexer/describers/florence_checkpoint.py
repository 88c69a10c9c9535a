"""A folder that holds Florence-2 in the form of transformers, described by its small files and its weights' header."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from indexer.models import CheckpointDamaged, Hub, ModelUnknown, download, locate
from indexer.models.checkpoints.checkpoint import hash_of, weights_in
from indexer.models.checkpoints.config import Json, read_json
from indexer.models.checkpoints.tensor_files import TensorFiles
from store.errors import is_shown

from .errors import WrongCheckpoint

#: Type of the model in config.json.
KIND: Final = "florence2"
#: Whose conversion is native to transformers.
OWNER: Final = "florence-community"
USUAL: Final = f"{OWNER}/Florence-2-base-ft"
PUBLISHED: Final = tuple(f"{OWNER}/Florence-2-{each}" for each in ("base", "base-ft", "large", "large-ft"))
#: Tokens for the places of boxes, `<loc_0>` and so on.
LOCATIONS: Final = 1_000
_MICROSOFT: Final = "microsoft/florence-2"
_CODE: Final = "it is in the original form, which runs code of its own and does not work with this version"
_LARGE_WIDTH: Final = 1024
_SETTINGS: Final = ("config.json", "preprocessor_config.json", "processor_config.json", "tokenizer_config.json")


@dataclass(frozen=True, slots=True)
class FlorenceCheckpoint:
    """A Florence-2 checkpoint that can be used."""

    folder: Path
    #: Name and hash of the weights, such as `florence-2-base-ft@1a2b3c4d5e6f`.
    name: str
    #: Parameters in all, and of the image encoder.
    parameters: int
    vision_parameters: int
    weights: tuple[Path, ...] = field(repr=False)
    quantisation: str | None = None


def is_florence(reference: str) -> bool:
    """Return whether *reference*, the id of a repository, is that of a Florence-2."""
    return "florence-2" in reference.casefold()


def find_florence(
    reference: str,
    models: Path,
    hub: Hub | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Path:
    """The folder of the checkpoint called *reference*: a folder, or the id of a repository that was downloaded.

    With a *hub*, one that is missing is downloaded into the folder *models*, as `indexer.models.download` does.
    Raises `WrongCheckpoint`, `ModelMissing`, and with a hub what a download raises.
    """
    folder = Path(os.path.expanduser(reference))
    if not folder.is_dir():
        if reference.casefold().startswith(_MICROSOFT):
            raise WrongCheckpoint(reference, _CODE, instead_of(reference))
        if hub is not None:
            return download(
                reference, models, hub, progress, check=check_florence_settings, open_whole=open_florence_checkpoint
            )
    try:
        return locate(reference, models, {})
    except ModelUnknown as error:
        # Its own sentence would name a SigLIP.
        raise WrongCheckpoint(reference, "it is no folder and no id of a repository", USUAL) from error


def instead_of(name: str, width: int | None = None) -> str:
    """The published checkpoint in the right form that is most like the one of that *name*, or of that *width*."""
    said = name.casefold()
    size = "large" if "large" in said or width == _LARGE_WIDTH else "base"
    # A model that was trained further for one purpose is nearest to the one that was trained for many.
    is_plain = said.endswith(("florence-2-base", "florence-2-large"))
    return f"{OWNER}/Florence-2-{size}{'' if is_plain else '-ft'}"


def check_florence_settings(folder: Path) -> Json:
    """Read config.json and check that this is a Florence-2 that can be used. Needs none of the folder's large files.

    Raises `WrongCheckpoint` or `CheckpointDamaged`.
    """
    config = read_json(folder, "config.json")
    if config.get("model_type") != KIND:
        kind = config.get("model_type")
        reason = f"it is a {str(kind)!r} and no Florence-2" if kind else "its config.json names no type of model"
        raise WrongCheckpoint(str(folder), reason, USUAL)
    instead = instead_of(folder.name.replace("--", "/"), _width(config))
    for name in _SETTINGS:
        if (folder / name).is_file() and "auto_map" in read_json(folder, name):
            raise WrongCheckpoint(str(folder), _CODE, instead)
    if "vision_config" not in config or "text_config" not in config:
        raise CheckpointDamaged(folder, "config.json lacks a model's sizes")
    known = _tokens(folder)
    if not {f"<loc_{number}>" for number in range(LOCATIONS)} <= known:
        raise WrongCheckpoint(str(folder), "its tokenizer lacks the tokens of places (<loc_0> to <loc_999>)", instead)
    if "<image>" not in known:
        raise WrongCheckpoint(str(folder), "its tokenizer lacks the token of pictures (<image>)", instead)
    return config


def open_florence_checkpoint(folder: Path, name: str | None = None) -> FlorenceCheckpoint:
    """Open the checkpoint in *folder*, called *name*, for a hash of its weights: a second or two from memory.

    Raises `WrongCheckpoint`, `CheckpointUnsupported` or `CheckpointDamaged`.
    """
    check_florence_settings(folder)
    weights = weights_in(folder)
    parameters, vision = _counted(folder, weights)
    called = re.split(r"--|/", name or folder.name)[-1].casefold() or "florence-2"
    # The name of a folder may be bytes that are no text, which cannot be stored, or break a line.
    called = "".join(mark if is_shown(mark) else "_" for mark in called)
    return FlorenceCheckpoint(folder, f"{called}@{hash_of(weights)[:12]}", parameters, vision, weights)


def _width(config: Json) -> int | None:
    text = config.get("text_config")
    width = text.get("d_model") if isinstance(text, dict) else None
    return width if isinstance(width, int) else None


def _tokens(folder: Path) -> set[str]:
    tokenizer = read_json(folder, "tokenizer.json")
    added, model = tokenizer.get("added_tokens"), tokenizer.get("model")
    known = {str(each.get("content")) for each in added if isinstance(each, dict)} if isinstance(added, list) else set()
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    return known | set(vocabulary) if isinstance(vocabulary, dict) else known


def _counted(folder: Path, weights: tuple[Path, ...]) -> tuple[int, int]:
    """Parameters in all, and of the image encoder."""
    parameters = vision = 0
    for path in weights:
        try:
            files = TensorFiles([path])
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise CheckpointDamaged(folder, f"{path.name} cannot be read ({error})") from error
        for name in files:
            size = math.prod(files.shape(name))
            parameters += size
            vision += size if "vision_tower." in name else 0
    if not vision or vision == parameters:
        raise CheckpointDamaged(folder, "its weights lack the image encoder or the language model")
    return parameters, vision
