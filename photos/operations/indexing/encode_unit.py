"""The work of one unit of files: they are indexed as a pass would, by a worker."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import Final

from indexer import Destination, ImageEncoder, IndexReport, index_files
from photos.errors import PhotosError, safe
from photos.library import OpenLibrary
from photos.operations.models.trials import destination_beside
from photos.operations.progress import SILENT, Progress
from photos.operations.tagging.revisions import current_revision, ensure_vocabulary
from photos.path_map import PathMap
from store import MAIN_SLOT, Folder, Space
from store.errors import StoreError
from store.queue.base import HandedBack, Json, Unfit

from .file_units import files_of, read_requests

#: Seconds after which a unit is tried again whose folder is not on this machine.
_ELSEWHERE: Final = 10.0


def encode_unit(library: OpenLibrary, arguments: Mapping[str, Json], progress: Progress = SILENT) -> IndexReport:
    """Index the files of a unit, into the space that answers and into one that is tried beside.

    Files of a folder that was removed since are passed over. Raises `HandedBack` if a folder is not on this machine,
    which is told once for each, and `Unfit` with the error of a checkpoint that is not here, or has other weights.
    """
    space = library.space_if_any
    files = files_of(arguments)
    folders = _folders_here(library, {file.folder_id for file in files})
    if space is None or not folders:
        return IndexReport()
    report = _index(library, space, folders, arguments, progress)
    if not all(map(_is_here, folders.values())):
        # It went away meanwhile, and files that could not be read may be read elsewhere.
        raise HandedBack(_ELSEWHERE)
    return report


def _index(
    library: OpenLibrary,
    space: Space,
    folders: Mapping[int, Folder],
    arguments: Mapping[str, Json],
    progress: Progress,
) -> IndexReport:
    try:
        checkpoint = library.checkpoint_of(space)
    except StoreError:
        raise
    except PhotosError as error:
        raise Unfit(error) from error
    catalog = library.catalog
    with catalog.read() as t:
        revision = current_revision(t, MAIN_SLOT, space)
    if revision is None:
        revision = ensure_vocabulary(catalog, space.model)

    @lru_cache(1)
    def encoder() -> ImageEncoder:
        return library.image_encoder(checkpoint, space.identity.precision)

    tagger = library.tagger(space, revision, library.text_vectors(space, checkpoint=checkpoint))
    beside = destination_beside(library, space)
    second = None if beside is None else library.checkpoint_of(beside.space).preprocessing
    with library.readers(checkpoint.preprocessing, second) as readers:
        return index_files(
            catalog,
            read_requests(files_of(arguments), folders),
            Destination(space, encoder, tagger),
            readers=readers,
            progress=progress,
            batch_size=library.settings.batch_size,
            beside=beside,
        )


def _folders_here(library: OpenLibrary, ids: Sequence[int] | set[int]) -> dict[int, Folder]:
    """The registered folders among *ids*, at their paths on this machine. Raises `HandedBack` if one is not here."""
    paths = PathMap(library.settings.map)
    with library.catalog.read() as t:
        registered = [folder for folder in t.folders.all() if folder.id in ids]
    folders = {folder.id: replace(folder, path=paths.local(folder.path)) for folder in registered}
    for folder in registered:
        here = folders[folder.id]
        if not _is_here(here):
            library.on_notice(_not_here(folder.path, here.path))
            raise HandedBack(_ELSEWHERE)
    return folders


def _is_here(folder: Folder) -> bool:
    with suppress(OSError), os.scandir(folder.path) as entries:
        return next(entries, None) is not None
    return False


def _not_here(named: bytes, here: bytes) -> str:
    if named == here:
        return (
            f"{safe(named)} is not on this machine, or empty: its files are left to other workers. If it has another "
            "path here, give that with --map."
        )
    return f"{safe(here)}, where {safe(named)} should be, is not there, or empty: its files are left to other workers."
