"""Arguments of the library's methods: paths, photos, and lists of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

from photos.config import PATCHES
from photos.operations.searching.photos import PhotoReference

_Value = TypeVar("_Value")
#: Path of a file or a folder.
AnyPath = str | os.PathLike[str]
#: A photo's id, or the path of one of its files.
AnyPhoto = PhotoReference | AnyPath


def several(values: Sequence[_Value]) -> Sequence[_Value]:
    """Return *values*. Raises `TypeError` for a single text or path, which would pass for a list of its letters."""
    if isinstance(values, str | bytes | os.PathLike):
        raise TypeError(f"give a list, even of one: [{values!r}]")
    return values


def path_texts(values: Sequence[AnyPath]) -> tuple[str, ...]:
    """Return *values* as texts. Raises `TypeError` for a single one."""
    return tuple(os.fspath(path) for path in several(values))


def photo_references(values: Sequence[AnyPhoto]) -> tuple[PhotoReference, ...]:
    """Return *values* as ids and texts. Raises `TypeError` for a single path."""
    return tuple(os.fspath(each) if isinstance(each, str | os.PathLike) else int(each) for each in several(values))


def known_patches(value: int | None) -> int | None:
    """Return *value*. Raises `ValueError` for a number of patches that the command line would not take."""
    if value is not None and value not in PATCHES:
        raise ValueError(f"patches must be one of {', '.join(map(str, PATCHES))}, not {value!r}")
    return value
