"""The work of one unit of files: they are indexed as a pass would, by a worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache

from indexer import Destination, ImageEncoder, IndexReport, NoReaders, index_files
from photos.errors import PhotosError
from photos.library import OpenLibrary
from photos.operations.local_folders import ELSEWHERE, folders_here, is_here
from photos.operations.models.trials import destination_beside
from photos.operations.progress import SILENT, Progress
from photos.operations.tagging.revisions import current_revision, ensure_vocabulary
from store import MAIN_SLOT, Folder, Space
from store.errors import StoreError
from store.queue.base import HandedBack, Json, Unfit

from .file_units import files_of, read_requests


def encode_unit(library: OpenLibrary, arguments: Mapping[str, Json], progress: Progress = SILENT) -> IndexReport:
    """Index the files of a unit, into the space that answers and into one that is tried beside.

    Files of a folder that was removed since are passed over. Raises `HandedBack` if a folder is not on this machine,
    which is told once for each, and `Unfit` with the error of a checkpoint that is not here, or has other weights, of a
    device that is not here, or of readers that cannot be started.
    """
    space = library.space_if_any
    files = files_of(arguments)
    folders = folders_here(library, {file.folder_id for file in files})
    if space is None or not folders:
        return IndexReport()
    report = _index(library, space, folders, arguments, progress)
    if not all(map(is_here, folders.values())):
        # It went away meanwhile, and files that could not be read may be read elsewhere.
        raise HandedBack(ELSEWHERE)
    return report


def _index(
    library: OpenLibrary,
    space: Space,
    folders: Mapping[int, Folder],
    arguments: Mapping[str, Json],
    progress: Progress,
) -> IndexReport:
    with _fit():
        checkpoint = library.checkpoint_of(space)
    catalog = library.catalog
    with catalog.read() as t:
        revision = current_revision(t, MAIN_SLOT, space)
    if revision is None:
        revision = ensure_vocabulary(catalog, space.model)

    @lru_cache(1)
    def encoder() -> ImageEncoder:
        with _fit():
            return library.image_encoder(checkpoint, space.identity.precision)

    tagger = library.tagger(space, revision, library.text_vectors(space, checkpoint=checkpoint))
    beside = destination_beside(library, space)
    second = None if beside is None else library.checkpoint_of(beside.space).preprocessing
    try:
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
    except NoReaders as error:
        raise Unfit(error) from error


@contextmanager
def _fit() -> Iterator[None]:
    """Raise `Unfit` with an error that every unit would meet here: it is not one of the catalog."""
    try:
        yield
    except StoreError:
        raise
    except PhotosError as error:
        raise Unfit(error) from error
