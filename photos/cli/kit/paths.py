"""Words on the command line that are paths."""

from __future__ import annotations

import os
from typing import Final

#: Starts of words that are paths, also where there is no such file now.
_PATH_STARTS: Final = ("./", "../", "~/", "/")


def is_path(word: str) -> bool:
    """Return whether *word* is the path of a file or a folder, or is written as one: `./a`, `a/`, `a.jpg`."""
    from indexer.files.picture_names import is_picture_name

    if os.path.exists(word) or word.startswith(_PATH_STARTS):
        return True
    # A filter may end so, too: name:*.jpg.
    return ":" not in word and (word.endswith("/") or is_picture_name(os.fsencode(word)))
