"""Verification: compare the files on disk, the catalog and the index."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from indexer import survey_folder, unread_facts
from photos.library import OpenLibrary
from photos.operations.indexing.index import IndexRequest, IndexResult, index
from photos.operations.models.space_repair import (
    drop_faulty_scores,
    mend_space,
    photos_with_faulty_scores,
    slots_without_scores,
)
from photos.operations.progress import SILENT, Progress
from photos.spaces import space_names
from store import CatalogReadOnly, Folder, Space

_REPAIR = "photos verify --repair"


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """With `repair`, damaged and missing data is made again and all folders are indexed."""

    repair: bool = False


@dataclass(frozen=True, slots=True)
class LibraryDifference:
    """A kind of difference: the count, its noun in the singular and the plural, and the remedy.

    `model` is the name of the model whose data differs, if it is that of one and the library has several.
    """

    count: int
    one: str
    many: str
    remedy: str
    model: str | None = None


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """Differences that were found, the result of the repair if there was one, and the differences after it."""

    found: tuple[LibraryDifference, ...]
    repair: IndexResult | None
    left: tuple[LibraryDifference, ...]


def verify(library: OpenLibrary, request: VerifyRequest, progress: Progress = SILENT) -> VerifyResult:
    """Find the differences and, if asked, repair them. Raises `EmptyLibrary`.

    Without repair nothing is changed, except that a damaged or wrong index file is removed. It reads every embedding
    and all scores of every model, and every byte of their indexes; of the pictures, their sizes and times. Facts are
    compared as they were read from each file.
    """
    found = differences(library)
    if not (found and request.repair):
        return VerifyResult(found, None, found)
    answering = library.space
    _mend_words(library)
    drop_faulty_scores(library, answering)
    repair = index(library, IndexRequest(check_embeddings=True), progress)
    with library.catalog.read() as t:
        others = [space for space in t.spaces.all() if space.id != answering.id]
    for space in others:
        mend_space(library, space, progress)
    return VerifyResult(found, repair, differences(library))


def differences(library: OpenLibrary) -> tuple[LibraryDifference, ...]:
    """All differences; a damaged or wrong index file is removed. Raises `EmptyLibrary`."""
    answering = library.space
    with library.catalog.read() as t:
        folders, names = t.folders.all(), space_names(t.spaces.all())
        # Those of models that were chosen for a library and replaced before it had photos are empty.
        spaces = [
            each for each in t.spaces.all() if each.id == answering.id or t.embeddings.uncached.stored_ids(each.id).size
        ]
        lacking = len(t.files.lacking_embedding(answering.id))
        wrong_facts, wrong_words = len(t.photo_facts.wrong()), len(t.photo_texts.wrong())
    unread = unread_facts(library.catalog, folders)
    new, gone, offline = _compare_folders(library, folders)
    disk = "mount its disk"
    lacks = LibraryDifference(
        lacking,
        "photo without an embedding",
        "photos without an embedding",
        _REPAIR,
        names[answering.id] if len(spaces) > 1 else None,
    )
    found = (
        lacks,
        *(
            difference
            for space in spaces
            for difference in _of_space(library, space, names[space.id] if len(spaces) > 1 else None)
        ),
        LibraryDifference(
            wrong_facts,
            "photo whose facts are not those of its files",
            "photos whose facts are not those of their files",
            _REPAIR,
        ),
        LibraryDifference(
            wrong_words,
            "photo whose words are not those of its captions and texts",
            "photos whose words are not those of their captions and texts",
            _REPAIR,
        ),
        LibraryDifference(
            int(not _are_words_found(library)),
            "index of words that is not that of captions and texts",
            "indexes of words that are not those of captions and texts",
            _REPAIR,
        ),
        LibraryDifference(
            unread, "file whose facts are to be read", "files whose facts are to be read", "photos index"
        ),
        LibraryDifference(new, "file that is new or changed", "files that are new or changed", "photos index"),
        LibraryDifference(gone, "file that is gone", "files that are gone", "photos index"),
        LibraryDifference(offline, "folder that is offline", "folders that are offline", disk),
    )
    return tuple(difference for difference in found if difference.count)


def _of_space(library: OpenLibrary, space: Space, model: str | None) -> Iterator[LibraryDifference]:
    """The differences in the data of one model, which has that name if the library has several."""
    with library.catalog.read() as t:
        damaged = len(t.embeddings.damaged(space.id))
        # The stored rows are counted: the index must not be compared with itself.
        stored = t.embeddings.uncached.count(space.id)
        scoreless, faulty = slots_without_scores(t, space), len(photos_with_faulty_scores(t, space))
    is_whole, wrong_rows = _check_index(library, space, stored)
    for count, one, many in (
        (damaged, "damaged embedding", "damaged embeddings"),
        (int(not is_whole), "damaged index file", "damaged index files"),
        (wrong_rows, "wrong row in the index", "wrong rows in the index"),
        (len(scoreless), "vocabulary without scores", "vocabularies without scores"),
        (faulty, "photo with missing or wrong scores", "photos with missing or wrong scores"),
    ):
        yield LibraryDifference(count, one, many, _REPAIR, model)


def _check_index(library: OpenLibrary, space: Space, stored: int) -> tuple[bool, int]:
    """Return whether the index file is whole, and by how many rows it differs from the *stored* embeddings."""
    index = library.index_of(space)
    before = index.status()
    is_whole = not before.valid or index.verify()
    rows = before.rows if before.valid and not before.newer else stored
    if rows != stored:
        index.remove()
    return is_whole, abs(rows - stored)


def _are_words_found(library: OpenLibrary) -> bool:
    """Return whether the index of the words of captions and texts is that of these words."""
    try:
        # The database compares them in a transaction that may write, though it writes nothing.
        with library.catalog.write() as t:
            return t.photo_texts.is_index_whole()
    except CatalogReadOnly:
        # Nobody can have changed it, and nothing could mend it.
        return True


def _mend_words(library: OpenLibrary) -> None:
    """Make the words of captions and texts, and their index, those of the captions and texts themselves."""
    with library.catalog.write() as t:
        # First the index: changes of words are changes of it, too.
        t.photo_texts.rebuild_index()
        t.photo_texts.mend(t.photo_texts.wrong())


def _taken_back(library: OpenLibrary, folder: Folder, gone: Sequence[int]) -> int:
    """Count the sidecars among the files that are *gone* that this program made.

    An undo removed them, and was killed before the catalog knew. The next scan forgets them, and nothing is lost.
    """
    if not gone:
        return 0
    with library.catalog.read() as t:
        made = t.sidecars.made(folder.path)
        files = t.files.known(folder.id) if made else ()
        missing = set(gone)
        return sum(file.id in missing and os.path.join(folder.path, file.path) in made for file in files)


def _compare_folders(library: OpenLibrary, folders: Sequence[Folder]) -> tuple[int, int, int]:
    """Count the files that are new or changed, the files that are gone, and the folders that are offline."""
    settings = library.settings
    new = gone = offline = 0
    for folder in folders:
        changes = survey_folder(library.catalog, folder, pair=settings.companions, follow=settings.follow_links)
        new += len(changes.to_read) + len(changes.companions) - changes.again
        gone += len(changes.gone) - _taken_back(library, folder, changes.gone)
        offline += changes.is_offline
    return new, gone, offline
