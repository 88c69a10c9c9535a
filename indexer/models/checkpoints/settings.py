"""What the JSON files of a checkpoint's folder say, each value checked where it is read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path

from indexer.models.errors import CheckpointDamaged

Json = Mapping[str, object]


def read_json(folder: Path, name: str) -> Json:
    """The object in that file. Raises `CheckpointDamaged`."""
    try:
        content = json.loads((folder / name).read_text("utf-8"))
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


def number(folder: Path, settings: Json, name: str, default: int) -> int:
    """A whole number greater than 0 in config.json. Raises `CheckpointDamaged`."""
    value = settings.get(name)
    value = default if value is None else value
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise CheckpointDamaged(folder, f"config.json says {name} is {value!r}")
    return value


def real(folder: Path, where: str, value: object) -> float:
    """*value*, which stands *where*, if it is a finite number. Raises `CheckpointDamaged`."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise CheckpointDamaged(folder, f"{where} holds {value!r} where a number should be")
    return float(value)
