"""Units of files to index, as they stand in the queue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from indexer.workers.file_reader import Purpose, ReadRequest
from photos.operations.shared_work import path_of, path_text
from store import Stamp
from store.queue.base import Json, Unit

if TYPE_CHECKING:
    from store import Folder

#: The task that indexes files.
ENCODE: Final = "encode"
#: Files in a unit, at least and at most, and units that a pass has, about: all workers are to end at the same time.
_LEAST, _MOST, _UNITS = 32, 256, 64


class WantedFile(NamedTuple):
    """A file that is to be read, as far as it tells one from another. A pass may have a million of them in memory."""

    folder_id: int
    path: bytes
    stamp: Stamp
    purpose: Purpose


def wanted(request: ReadRequest) -> WantedFile:
    """The file of *request*."""
    return WantedFile(request.folder_id, request.path, request.stamp, request.purpose)


def file_units(files: Sequence[WantedFile]) -> Iterator[tuple[Unit, Sequence[WantedFile]]]:
    """Divide *files* into units of one folder and one purpose each."""
    size = min(_MOST, max(_LEAST, len(files) // _UNITS))
    for (folder_id, purpose), group in groupby(files, lambda file: (file.folder_id, file.purpose)):
        some = list(group)
        for start in range(0, len(some), size):
            part = some[start : start + size]
            rows = [[path_text(file.path), *file.stamp] for file in part]
            arguments = {"folder": folder_id, "purpose": purpose.value, "files": rows}
            yield Unit(ENCODE, arguments, len(part)), part


def files_of(arguments: Mapping[str, Json]) -> list[WantedFile]:
    """The files of a unit with these arguments."""
    # Written by `file_units`, of this version or another.
    given = cast("Mapping[str, Any]", arguments)
    folder_id, purpose = int(given["folder"]), Purpose(given["purpose"])
    return [WantedFile(folder_id, path_of(path), Stamp(*map(int, stamp)), purpose) for path, *stamp in given["files"]]


def read_requests(files: Iterable[WantedFile], folders: Mapping[int, Folder]) -> list[ReadRequest]:
    """Requests to read those of *files* that are in *folders*, whose paths are those of this machine."""
    return [
        ReadRequest(
            file.folder_id,
            file.path,
            folders[file.folder_id].path.rstrip(b"/") + b"/" + file.path,
            file.stamp,
            file.purpose,
            is_remote=True,
        )
        for file in files
        if file.folder_id in folders
    ]
