"""Sizes of files and folders, in bytes and as text."""

from __future__ import annotations

from pathlib import Path


def folder_size(folder: Path) -> int:
    """Bytes of all files below *folder*; 0 if it does not exist."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def readable_size(size: float) -> str:
    """Bytes as text, in powers of ten: `1.5 GB`."""
    step = 1000
    for unit in ("bytes", "kB", "MB"):
        if size < step:
            return f"{size:.3g} {unit}"
        size /= step
    return f"{size:.1f} GB"
