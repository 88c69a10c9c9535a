"""Words on the command line that are paths."""

from __future__ import annotations

import os
from typing import Final

#: Starts of words that are paths, also where there is no such file now.
_PATH_STARTS: Final = ("./", "../", "~/", "/")


def is_path(word: str) -> bool:
    """Return whether *word* is the path of a file or a folder, or is written as one."""
    return os.path.exists(word) or word.startswith(_PATH_STARTS)
