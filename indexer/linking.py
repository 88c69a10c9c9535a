"""Enters companions: files that belong to a photo which is decoded from another file."""

from __future__ import annotations

import os
from collections.abc import Sequence

from store import Catalog, Folder, Outcome

from .scan import Found
from .sidecars import annotated, is_sidecar, read_sidecar

#: Rows to a transaction.
_ROWS = 256


def link(catalog: Catalog, folder: Folder, found: Sequence[Found]) -> tuple[int, list[Found]]:
    """Enter the companions *found*, new or changed, beside their photos; what sidecars say becomes the photos' facts.

    Returns how many there are, and those whose photo could not be indexed, which are to stand for themselves.
    """
    linked = 0
    alone: list[Found] = []
    for first in range(0, len(found), _ROWS):
        with catalog.write() as t:
            for item in found[first : first + _ROWS]:
                assert item.companion_of is not None
                main = t.files.at(folder.id, os.path.join(os.path.dirname(item.path), item.companion_of))
                if main is None or main.photo_id is None:
                    own = t.files.at(folder.id, item.path)
                    is_settled = own is not None and own.stamp == item.stamp and own.outcome is not Outcome.FAILED
                    alone += [] if is_settled else [item]
                    continue
                linked += 1
                t.files.companion(folder.id, item.path, item.stamp, item.companion_of)
                if is_sidecar(item.path):
                    notes = read_sidecar(os.path.join(folder.path, item.path))
                    (photo,) = t.photos.get([main.photo_id])
                    t.photos.refresh(photo.id, annotated(photo.facts, notes))
    return linked, alone
