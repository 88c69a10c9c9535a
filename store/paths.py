"""Absolute paths as bytes: the relation of a path to a folder."""

from __future__ import annotations


def is_inside(path: bytes, folder: bytes) -> bool:
    """Return whether *path* lies below *folder*; both are absolute. No folder lies in itself."""
    start = folder.rstrip(b"/") + b"/"
    return path.startswith(start) and path != start
