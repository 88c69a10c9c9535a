"""State of the library."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, shown_path, table
from photos.cli.kit.output import write_json
from photos.cli.kit.terminal import show_lines
from photos.cli.views.failed import not_pictures
from photos.cli.views.queue import queue_rows
from photos.cli.views.vocabulary import under
from photos.errors import safe
from photos.records.library import status_record
from photos.sizes import readable_size
from store.records import MAIN_SLOT, Outcome

if TYPE_CHECKING:
    from photos.operations.status import LibraryStatus
    from store import IndexStatus, ServerState


def show_status(status: LibraryStatus, *, as_json: bool) -> None:
    """Print the state of the library."""
    if as_json:
        write_json(status_record(status))
        return
    show_lines(table(list(_rows(status))))
    if not status.photos:
        click.echo("The library is empty; run `photos add FOLDER`, or `photos demo` to try it on drawings.", err=True)


def _rows(status: LibraryStatus) -> Iterator[tuple[str, str]]:
    yield from _place(status)
    yield from _at_work(status)
    yield from _folders(status)
    yield "photos", f"{status.photos} in {counted(status.files.get(Outcome.INDEXED, 0), 'file')}"
    if companions := status.files.get(Outcome.COMPANION, 0):
        yield "", f"{counted(companions, 'companion')} beside them: RAW files, live videos, sidecars, originals"
    for outcome, count in status.files.items():
        if outcome.is_problem:
            yield "", f"{counted(count, 'file')} {outcome} (photos failed {str(outcome).replace(' ', '-')})"
    if others := status.files.get(Outcome.NOT_A_PICTURE, 0):
        yield "", not_pictures(others)
    if status.photos:
        yield "thumbnails", _pictures(status)
    if status.space is None:
        yield "model", status.model or "none yet"
        return
    identity = status.space.identity
    yield "model", f"{safe(status.model or identity.model)} ({identity.dimension} numbers in {identity.precision})"
    if status.trial_problem is not None:
        yield "", safe(status.trial_problem)
    missing = status.photos - status.embeddings
    yield "embeddings", f"{status.embeddings}" + (f"; {missing} missing, run `photos index`" if missing else "")
    if status.index is not None:
        yield "index", _index(status.index, on_server=isinstance(status.catalog, str))
    yield from _vocabularies(status)


def _place(status: LibraryStatus) -> Iterator[tuple[str, str]]:
    if isinstance(status.catalog, str):
        yield "catalog", f"{safe(status.catalog)} ({'empty' if status.server is None else _server(status.server)})"
    yield "library", f"{shown_path(os.fsencode(status.library))} ({readable_size(status.size)})"


def _at_work(status: LibraryStatus) -> Iterator[tuple[str, str]]:
    if status.daemon is not None:
        also = " and answers searches" if status.daemon.answers else ""
        yield "daemon", f"process {status.daemon.pid} keeps it up to date{also}"
    elif status.keeper is not None:
        yield "daemon", f"{safe(status.keeper.name)} keeps it up to date"
    if status.queue is not None:
        yield from queue_rows(status.queue)


def _server(server: ServerState) -> str:
    kind = "" if server.may_write else "; this role only reads"
    if server.is_standby:
        kind = "; a standby, which only reads"
    return f"{readable_size(server.bytes)}; PostgreSQL {server.version}, pgvector {server.pgvector}{kind}"


def _folders(status: LibraryStatus) -> Iterator[tuple[str, str]]:
    for each in status.folders:
        state = "offline; its photos are kept" if each.offline else f"{counted(each.files, 'file')} known"
        yield "folder", f"{shown_path(each.folder.path)} ({state})"
        if each.folder.excludes:
            yield "", f"without {safe(', '.join(each.folder.excludes))}"


def _vocabularies(status: LibraryStatus) -> Iterator[tuple[str, str]]:
    def pending(slot: str) -> str:
        return "; a re-tag is not finished: run `photos retag`" if slot in status.pending_slots else ""

    if status.vocabulary is not None:
        revision = status.vocabulary
        labels = counted(len(revision.labels), "label")
        yield "vocabulary", f"{safe(revision.vocabulary)}, revision {revision.number} ({labels}){pending(MAIN_SLOT)}"
    for each in status.other_slots:
        labels = counted(each.label_count, "label")
        where = f"{safe(each.vocabulary)}, revision {each.number} ({labels}){under(each)}"
        yield "", f"{where}{pending(each.name)}"
    for slot in sorted(status.pending_slots - {MAIN_SLOT, *(each.name for each in status.other_slots)}):
        yield "", f"nothing is in force as {slot} yet{pending(slot)}"


def _pictures(status: LibraryStatus) -> str:
    kept = status.pictures
    small = f"{kept.thumbnails} of {counted(status.photos, 'photo')} ({readable_size(kept.thumbnail_bytes)})"
    large = f"{counted(kept.previews, 'preview')} ({readable_size(kept.preview_bytes)}"
    most = f", at most {readable_size(status.most_preview_bytes)})"
    return f"{small}{'' if status.keeps_thumbnails else ', and no new ones'}; {large}{most}"


def _index(index: IndexStatus, *, on_server: bool) -> str:
    if not index.valid:
        return f"made at the next {'pass' if on_server else 'search'}"
    if not index.bytes:
        return f"none yet: the server compares all {counted(index.rows, 'photo')}"
    newer = f", {counted(index.newer, 'change')} since" if index.newer else ""
    return f"{counted(index.rows, 'row')}, {readable_size(index.bytes)}{newer}"
