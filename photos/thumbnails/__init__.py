"""Thumbnails and previews of a library's photos: kept beside the catalog, and made in bounded processes.

Names listed here are loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .backlog import Backlog
    from .keeper import CacheKeeper
    from .shrinking import Missing, NoPicture
    from .thumbnails import PREVIEW_SIDES, PREVIEW_TYPE, THUMBNAIL_TYPE, Thumbnails

__all__ = [
    "PREVIEW_SIDES",
    "PREVIEW_TYPE",
    "THUMBNAIL_TYPE",
    "Backlog",
    "CacheKeeper",
    "Missing",
    "NoPicture",
    "Thumbnails",
]

_MODULES = {
    "backlog": ("Backlog",),
    "keeper": ("CacheKeeper",),
    "shrinking": ("Missing", "NoPicture"),
    "thumbnails": ("PREVIEW_SIDES", "PREVIEW_TYPE", "THUMBNAIL_TYPE", "Thumbnails"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}
assert set(_MODULE_OF) == set(__all__)


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)
    globals()[name] = value
    return value
