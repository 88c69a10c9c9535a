"""Enters companions: files that belong to a photo which is decoded from another file."""

from __future__ import annotations

import os
from collections.abc import Sequence

from indexer.files.changes import Waiting
from store import Catalog, Folder, Outcome

#: Rows to a transaction.
_ROWS = 256


def link(catalog: Catalog, folder: Folder, found: Sequence[Waiting]) -> tuple[int, list[Waiting]]:
    """Enter the companions *found*, new or changed, beside their photos.

    Returns how many there are, and those whose photo could not be indexed, which are to stand for themselves.
    """
    linked = 0
    alone: list[Waiting] = []
    for first in range(0, len(found), _ROWS):
        with catalog.write() as t:
            if folder.id not in {known.id for known in t.folders.all()}:
                # It was removed, or taken into another one, since the pass began.
                return linked, alone
            for item in found[first : first + _ROWS]:
                assert item.companion_of is not None
                main = t.files.at(folder.id, main_of(item))
                if main is None or main.photo_id is None:
                    own = t.files.at(folder.id, item.path)
                    is_settled = own is not None and own.stamp == item.stamp and own.outcome is not Outcome.FAILED
                    alone += [] if is_settled else [item]
                    continue
                linked += 1
                t.files.companion(folder.id, item.path, item.stamp, item.companion_of)
    return linked, alone


def main_of(found: Waiting) -> bytes:
    """The path of the file that a companion belongs to."""
    assert found.companion_of is not None
    return os.path.join(os.path.dirname(found.path), found.companion_of)
