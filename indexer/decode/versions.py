"""With what files are decoded: when that changes, files that could not be read are worth another look."""

from __future__ import annotations

from importlib.metadata import version

import pillow_heif

#: Counts up when this program comes to read what it refused before.
_OURS = 1


def decoders() -> str:
    """This program's decoder and the libraries that it stands on, with their versions."""
    heif = pillow_heif.libheif_version()
    return f"photos {_OURS}, pillow {version('pillow')}, libheif {heif}, rawpy {version('rawpy')}"
