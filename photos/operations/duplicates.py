"""Find duplicates, and the files among them that could be removed."""

from __future__ import annotations

import os
from dataclasses import dataclass

from photos.duplicates import MAX_BITS, Criteria, Group, HashCache, find_groups, removable_files
from photos.library import OpenLibrary
from photos.operations.folders import absolute, scope
from photos.operations.progress import SILENT, Progress, Stage, steps
from query.similarity import NEAR


@dataclass(frozen=True, slots=True)
class DuplicatesRequest:
    """A search for duplicates: groups with a file below one of *folders*, or all groups.

    `exact` compares contents only. `min_cosine` is the least cosine of near-duplicates, `max_bits` the most bits by
    which their perceptual hashes may differ; None stands for the default. `bursts` groups photos that one camera took
    at different times. `removable_only` leaves only removable files in the groups.
    """

    folders: tuple[str, ...] = ()
    exact: bool = False
    min_cosine: float | None = None
    max_bits: int | None = None
    bursts: bool = False
    removable_only: bool = False


@dataclass(frozen=True, slots=True)
class DuplicatesResult:
    """Groups of files, each with its best first; or, if asked for, the removable files of each group that has any.

    `found` is the number of groups before anything was left out.
    """

    groups: tuple[Group, ...]
    found: int


def find_duplicates(
    library: OpenLibrary, request: DuplicatesRequest, progress: Progress = SILENT, *, hashes: HashCache | None = None
) -> DuplicatesResult:
    """Find files that show the same picture. Nothing is deleted, moved or written but perceptual hashes.

    *hashes* replaces the cache of the library's perceptual hashes. Raises `EmptyLibrary`, `UnknownFolder` or
    `MissingFolder`.
    """
    space = library.space
    hashes = hashes or HashCache(library.catalog)
    criteria = _criteria(library, request)
    groups = find_groups(
        library.catalog,
        space,
        criteria,
        hashes,
        on_compared=steps(progress, Stage.COMPARE),
        on_hashed=steps(progress, Stage.HASH),
    )
    found = len(groups)
    if request.removable_only:
        groups = [group for group in removable_files(groups, criteria.folders, hashes) if group]
    return DuplicatesResult(tuple(groups), found)


def _criteria(library: OpenLibrary, request: DuplicatesRequest) -> Criteria:
    with library.catalog.read() as t:
        folders = tuple(scope(t, folder) for folder in request.folders)
    min_cosine = None if request.exact else NEAR if request.min_cosine is None else request.min_cosine
    max_bits = MAX_BITS if request.max_bits is None else request.max_bits
    prefer = tuple(absolute(os.fspath(folder)) for folder in library.settings.duplicates_prefer)
    return Criteria(folders, min_cosine, max_bits, request.bursts, prefer)
