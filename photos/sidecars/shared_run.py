"""A run of sidecars that workers share: it is begun and ended by one process, and each part is written by another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from indexer.workers.bounded_calls import BoundedCalls
from photos.library import OpenLibrary
from store import Transaction

from .captions import CaptionsBy
from .journal import drop_unwritten, exclusive, open_folders
from .targets import PictureFile, pictures
from .write import Skipped, Writer, WriteReport, Written, check_captions

#: Pictures whose tags are read from the catalog in one query.
_TAGS_AT_ONCE = 1024


@contextmanager
def targets(
    library: OpenLibrary, within: Sequence[bytes], captions: CaptionsBy | None
) -> Iterator[Sequence[PictureFile]]:
    """The pictures of a run, by directory, while no other process writes sidecars. This machine need not see them.

    Raises as `write_sidecars` does.
    """
    _ = library.space
    check_captions(library, captions)
    with open_folders(library) as folders, exclusive(library, folders):
        yield pictures(library.catalog, within, lambda _path, _files: False)[0]


def report_of(t: Transaction, run: int) -> WriteReport:
    """The totals of a run that workers have written, as far as the journal has them."""
    made, changed = next(((each.made, each.changed) for each in t.sidecars.runs() if each.id == run), (0, 0))
    return WriteReport(run if made + changed else None, made, changed, None, None)


def write_part(
    library: OpenLibrary,
    run: int,
    some: Sequence[PictureFile],
    captions: CaptionsBy | None,
    threshold: float | None,
    on_event: Callable[[Written | Skipped], None],
) -> None:
    """Write the sidecars of *some* pictures as a part of that run, which may be one that was begun before.

    Nothing is written for a run that has ended. Tags are those from *threshold* on, or from their own.
    """
    with open_folders(library) as folders, BoundedCalls() as calls:
        drop_unwritten(library.catalog, folders, run, {picture.photo_id for picture in some})
        writer = Writer(library, folders, calls, on_event, captions, threshold, run=run)
        for start in range(0, len(some), _TAGS_AT_ONCE):
            if not writer.write_all(some[start : start + _TAGS_AT_ONCE]):
                return
