"""Requests to read files: those that a survey found, and those that the catalog knows."""

from __future__ import annotations

import os
from collections.abc import Iterable

from indexer.workers.file_reader import Purpose, ReadRequest
from store import File, Folder, Stamp


def read_request(folder: Folder, path: bytes, stamp: Stamp, purpose: Purpose = Purpose.PHOTO) -> ReadRequest:
    """The request to read the file at *path*, relative to *folder*."""
    return ReadRequest(folder.id, path, os.path.join(folder.path, path), stamp, purpose)


def requests_for(
    files: Iterable[File],
    folders: Iterable[Folder],
    already: Iterable[ReadRequest] = (),
    purpose: Purpose = Purpose.PHOTO,
) -> list[ReadRequest]:
    """Requests for those of *files* that are in *folders* and exist, without those that are read *already*."""
    by_id = {folder.id: folder for folder in folders}
    found = (
        read_request(by_id[file.folder_id], file.path, file.stamp, purpose) for file in files if file.folder_id in by_id
    )
    requests = {each.absolute: each for each in found}
    # There may be a million others.
    for each in already if requests else ():
        requests.pop(each.absolute, None)
    return [each for each in requests.values() if os.path.exists(each.absolute)]
