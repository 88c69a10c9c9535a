"""Moving a library: its catalog is copied to another database, SQLite or PostgreSQL."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from photos.errors import AlreadyWatched, safe
from photos.lock import running_daemon
from photos.operations.progress import SILENT, Progress, Stage, steps
from store import Catalog
from store.catalog.keeper_lock import keeper_of
from store.copying.copy import CopyProgress, check_source, copy_catalog, count_rows
from store.copying.places import open_source, open_target
from store.copying.targets import CopyTarget
from store.errors import CatalogNotEmpty
from store.server_address import is_server

#: Table of the photos, one row each.
_PHOTOS: Final = "photo"


@dataclass(frozen=True, slots=True)
class CopyRequest:
    """Copy the library at `source` to `target`: each a library's folder, or the address of a PostgreSQL database.

    With `restart`, an unfinished copy at the target is begun anew; with `dry_run` nothing is copied.
    """

    source: str
    target: str
    restart: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class CopyResult:
    """Photos and rows of the copy, or with `dry_run` of the source, and the rows that an earlier run had copied.

    `source` and `target` are absolute folders, or addresses without passwords. `damaged` are files of photos whose
    embeddings were damaged and left out, one of each; None for a photo that has no file.
    """

    source: str
    target: str
    photos: int
    rows: int
    rows_before: int
    damaged: tuple[bytes | None, ...] = ()
    dry_run: bool = False


def copy_library(request: CopyRequest, progress: Progress = SILENT) -> CopyResult:
    """Copy a library's catalog to another database, and compare every row. The source is not changed.

    It is copied as it is at one moment. A copy that was interrupted goes on when it is asked for again, and cannot be
    opened before it is whole.

    Raises `NoCatalog`, `AlreadyWatched` while a process keeps the source up to date, `CatalogNotEmpty`,
    `UnfinishedCopy` for one of another source, `CopyRunning`, `RowRefused`, `CopyDiffers`, and other `CatalogError`s.
    """
    source, target = _place(request.source), _place(request.target)
    if isinstance(source, Path) and (info := running_daemon(source)) is not None:
        raise AlreadyWatched(source, info.pid)
    with open_source(source) as catalog:
        with catalog.read() as t:
            keeper = keeper_of(t)
        if keeper is not None:
            raise AlreadyWatched(catalog.path, keeper.process, keeper.host)
        place = open_target(target)
        try:
            names = _name(source, catalog.path), _name(target, place.path)
            if names[0] == names[1] or _is_same(source, target):
                raise CatalogNotEmpty(place.path)
            return _copied(catalog, place, names, request, progress)
        finally:
            place.close()


def _copied(
    catalog: Catalog, place: CopyTarget, names: tuple[str, str], request: CopyRequest, progress: Progress
) -> CopyResult:
    if request.dry_run:
        check_source(place, names, restart=request.restart)
        counts = count_rows(catalog)
        return CopyResult(*names, counts[_PHOTOS], sum(counts.values()), 0, dry_run=True)
    told = CopyProgress(steps(progress, Stage.COPY_ROWS), steps(progress, Stage.COMPARE_ROWS))
    copied = copy_catalog(catalog, place, names, told, restart=request.restart)
    return CopyResult(
        *names, copied.photos, copied.rows, copied.rows_before, _files(catalog, [photo for photo, _ in copied.damaged])
    )


def _place(text: str) -> Path | str:
    return text if is_server(text) else Path(os.path.abspath(os.path.expanduser(text)))


def _name(place: Path | str, of_catalog: Path | str) -> str:
    """The name of a place: the folder, or the address without its password."""
    return safe(place if isinstance(place, Path) else of_catalog)


def _is_same(source: Path | str, target: Path | str) -> bool:
    is_folders = isinstance(source, Path) and isinstance(target, Path)
    return is_folders and os.path.exists(target) and os.path.samefile(source, target)


def _files(catalog: Catalog, photo_ids: list[int]) -> tuple[bytes | None, ...]:
    if not photo_ids:
        return ()
    with catalog.read() as t:
        paths = {photo.id: photo.paths for photo in t.photos.get(photo_ids)}
    return tuple(next(iter(paths.get(photo_id, ())), None) for photo_id in dict.fromkeys(photo_ids))
