"""The work of one unit of photos to describe, by a worker."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing, suppress
from typing import Final

from photos.errors import PhotosError
from photos.library import OpenLibrary
from photos.model_errors import DescriberEnded
from photos.operations.local_folders import check_folders_of
from photos.operations.progress import SILENT
from photos.operations.searching.caption_vectors import embed_captions
from photos.path_map import PathMap
from store.errors import StoreError, safe
from store.queue.base import HandedBack, Json

from .describe import lacking_photos
from .describers import CONFIGURED, DescriberFactory
from .passes import describe_photos
from .shared_describing import DescribingUnit

#: Seconds after which a unit is tried again whose describer this worker does not have.
_ELSEWHERE: Final = 30.0


def describe_unit(
    library: OpenLibrary, arguments: Mapping[str, Json], describers: DescriberFactory = CONFIGURED
) -> None:
    """Describe the photos of a unit; those that have the description are passed over, unless all are asked for again.

    Raises `HandedBack` if this worker has no such describer, or not the folder of a photo, which is told; and
    `DescriberEnded` if the describer went away or failed too often.
    """
    unit = DescribingUnit.of(arguments)
    photo_ids = list(unit.photo_ids)
    if not unit.again:
        photo_ids = lacking_photos(library, unit.name, unit.choice.tasks, photo_ids)
    if not photo_ids:
        return
    with library.catalog.read() as t:
        files = [path for photo in t.photos.get(photo_ids) for path in photo.paths]
    check_folders_of(library, files)
    _check_describer(library, unit, describers)
    with closing(describers.open(library, unit.choice)) as describer:
        report = describe_photos(
            library,
            describer,
            unit.choice.tasks,
            photo_ids,
            at_once=unit.choice.at_once(library.settings),
            keep_detailed=not unit.again,
            local=PathMap(library.settings.map).local,
        )
    for each in report.named:
        library.on_notice(f"{safe(each.path)} got no description: {each.reason}")
    if report.described:
        # A search with captions makes the vectors that are missing then, if the checkpoint can be read.
        with suppress(PhotosError):
            embed_captions(library, SILENT, photo_ids)
    if report.problem is not None:
        raise DescriberEnded(report.problem)


def _check_describer(library: OpenLibrary, unit: DescribingUnit, describers: DescriberFactory) -> None:
    """Raise `HandedBack`, and tell why, unless this worker has the describer of the unit."""
    try:
        name = describers.identify(library, unit.choice).name
    except StoreError:
        raise
    except PhotosError as error:
        library.on_notice(f"Describing by {safe(unit.name)} is left to other workers: {error}")
        raise HandedBack(_ELSEWHERE) from error
    if name != unit.name:
        library.on_notice(f"Describing by {safe(unit.name)} is left to other workers: here it is {safe(name)}.")
        raise HandedBack(_ELSEWHERE)
