"""Facts that are read apart from pixels: those in sidecars, and those of photos that an earlier version read.

A new or changed sidecar is read once it is linked to its picture. Everything else is read again once after
`FACTS_READER` was raised.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from indexer.decode import FACTS_READER
from indexer.files.companions import SIDECAR_ENDINGS, sidecar_rank
from indexer.workers.file_reader import Purpose, Reading, ReadRequest, RefusedFile, Stated
from store import Catalog, Facts, File, Folder, Metadata, Outcome, SidecarRank, Transaction

from .read_requests import requests_for


def outdated(catalog: Catalog, folders: Iterable[Folder], already: Iterable[ReadRequest]) -> list[ReadRequest]:
    """Requests for a file of each photo whose facts an earlier version read, without those that are read *already*."""
    with catalog.read() as t:
        files = t.files.stale_facts(FACTS_READER)
    return requests_for(files, folders, already, Purpose.FACTS)


def unread_sidecars(catalog: Catalog, folders: Iterable[Folder]) -> list[ReadRequest]:
    """Requests for the sidecars whose facts were not read since they changed."""
    with catalog.read() as t:
        files = t.files.unread_sidecars(SIDECAR_ENDINGS, FACTS_READER)
    ranked = [file for file in files if _rank(file) is not None]
    return requests_for(ranked, folders, purpose=Purpose.SIDECAR)


def unread_facts(catalog: Catalog, folders: Sequence[Folder]) -> int:
    """Count the files, pictures and sidecars, whose facts the next pass over *folders* reads."""
    return len(outdated(catalog, folders, ())) + len(unread_sidecars(catalog, folders))


def store_facts(t: Transaction, reading: Reading) -> None:
    """Store the facts of a picture or a sidecar. One that changed since it was asked for is read in a later pass."""
    file = t.files.at(reading.file.folder_id, reading.file.path)
    if file is None or file.stamp != reading.stamp:
        return
    if file.companion_of is not None:
        _store_sidecar(t, file, reading)
    elif file.photo_id is None:
        return
    elif isinstance(reading, RefusedFile):
        if reading.outcome is not Outcome.FAILED:
            # Its pixels could be read, its header cannot, and that would be so in every pass.
            t.photos.mark_facts_read(file.photo_id, FACTS_READER)
    elif isinstance(reading, Stated):
        (photo,) = t.photos.get([file.photo_id])
        size = Facts(photo.facts.width, photo.facts.height, photo.facts.format)
        t.photos.refresh(photo.id, size.under(reading.found), FACTS_READER)


def _store_sidecar(t: Transaction, file: File, reading: Reading) -> None:
    rank, picture = _rank(file), _picture(t, file, reading)
    if rank is None or picture is None or (isinstance(reading, RefusedFile) and reading.may_settle):
        return
    # One that cannot be read has no facts until it changes: it must not cost its time in every pass.
    found = reading.found if isinstance(reading, Stated) else Metadata()
    t.photo_facts.put_sidecar(file.id, picture.id, rank, found, FACTS_READER)


def _picture(t: Transaction, file: File, reading: Reading) -> File | None:
    """The picture that the sidecar *file* belongs to: of two with one stem, the one with the ending that it names."""
    assert file.companion_of is not None
    folder = os.path.dirname(file.path)
    stem, own = os.path.splitext(file.companion_of)
    ending = reading.belongs_to if isinstance(reading, Stated) else None
    if ending is not None and own.lower() != b"." + ending and _rank(file) is SidecarRank.STEM:
        for spelled in (ending, ending.upper()):
            named = t.files.at(file.folder_id, os.path.join(folder, stem + b"." + spelled))
            if named is not None and named.photo_id is not None:
                return named
    return t.files.at(file.folder_id, os.path.join(folder, file.companion_of))


def _rank(file: File) -> SidecarRank | None:
    return None if file.companion_of is None else sidecar_rank(os.path.basename(file.path), file.companion_of)
