"""State of a library and of its daemon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from photos.errors import NotWatched
from photos.library import OpenLibrary
from photos.lock import DaemonInfo, running_daemon
from photos.operations.folders import is_offline
from photos.operations.tagging.revisions import current_revision
from photos.sizes import folder_size
from photos.thumbnails.upkeep import PicturesKept, pictures_kept
from store import MAIN_SLOT, Folder, IndexStatus, Outcome, Revision, ServerState, SlotSummary, Space, Transaction
from store.catalog.keeper_lock import Keeper, keeper_of
from store.queue.base import QueueState


@dataclass(frozen=True, slots=True)
class FolderStatus:
    """A registered folder, the number of files known in it, and whether it is offline now."""

    folder: Folder
    files: int
    offline: bool


@dataclass(frozen=True, slots=True)
class LibraryStatus:
    """State of a library. `size` is that of all its files, in bytes."""

    library: Path
    #: Path of the catalog, or its address without the password.
    catalog: Path | str
    size: int = 0
    folders: tuple[FolderStatus, ...] = ()
    photos: int = 0
    files: Mapping[Outcome, int] = field(default_factory=dict)
    model: str | None = None
    space: Space | None = None
    embeddings: int = 0
    index: IndexStatus | None = None
    #: The main vocabulary in force.
    vocabulary: Revision | None = None
    #: Vocabularies in force in addition to the main one.
    other_slots: tuple[SlotSummary, ...] = ()
    #: Slots with a pending re-tag. The main vocabulary's name is empty.
    pending_slots: frozenset[str] = frozenset()
    #: The process that keeps the library up to date, if there is one.
    daemon: DaemonInfo | None = None
    #: Thumbnails and previews that are kept; the limit of previews in bytes, and whether new thumbnails are kept.
    pictures: PicturesKept = field(default_factory=PicturesKept)
    most_preview_bytes: int = 0
    keeps_thumbnails: bool = True
    #: Sentence about a model that is tried and cannot be opened.
    trial_problem: str | None = None
    #: The server that the catalog is on, if it is on one.
    server: ServerState | None = None
    #: The process that keeps the catalog up to date there, on whatever machine.
    keeper: Keeper | None = None
    #: The work that machines share there.
    queue: QueueState | None = None


@dataclass(frozen=True, slots=True)
class DaemonStatus:
    """The process that keeps a library up to date, and its log."""

    info: DaemonInfo
    log: Path


def status(library: OpenLibrary) -> LibraryStatus:
    """Describe the library. An empty one has a status too, and nothing is created for it."""
    folder, name = library.settings.library, library.settings.catalog_place.name
    if library.is_new:
        return LibraryStatus(folder, name)
    with library.catalog.read() as t:
        space_id = t.library.space_id()
        space = None if space_id is None else t.spaces.get(space_id)
        folders = _folder_statuses(t)
        photos, files, model = t.photos.count(), t.files.counts(), t.library.model()
        embeddings = 0 if space is None else t.embeddings.count(space.id)
        vocabulary = current_revision(t, MAIN_SLOT)
        other_slots = tuple(each for each in t.slots.in_force() if each.name)
        pending = _pending_slots(t)
        is_trying, server = t.library.trial() is not None, t.server
        keeper, queue = keeper_of(t), None if library.queue is None else library.queue.state(t)
    return LibraryStatus(
        folder,
        name,
        folder_size(folder),
        folders,
        photos,
        files,
        model,
        space,
        embeddings,
        None if space is None else library.index_of(space).status(),
        vocabulary,
        other_slots,
        pending,
        running_daemon(folder),
        pictures_kept(library),
        int(library.settings.preview_cache_gb * 1e9),
        library.settings.thumbnails,
        _trial_problem(library) if is_trying else None,
        server,
        keeper,
        queue,
    )


def folder_statuses(library: OpenLibrary) -> tuple[FolderStatus, ...]:
    """Describe the registered folders alone, as `status` does."""
    if library.is_new:
        return ()
    with library.catalog.read() as t:
        return _folder_statuses(t)


def daemon_status(library: OpenLibrary) -> DaemonStatus:
    """Describe the process that keeps the library up to date. Raises `NotWatched` if there is none."""
    info = running_daemon(library.settings.library)
    if info is None:
        raise NotWatched(library.settings.library)
    return DaemonStatus(info, library.settings.log_path)


def _trial_problem(library: OpenLibrary) -> str | None:
    from photos.operations.models.trials import trial_problem  # noqa: PLC0415 - it imports the tagging

    return trial_problem(library)


def _folder_statuses(t: Transaction) -> tuple[FolderStatus, ...]:
    return tuple(_folder_status(each, sum(1 for _ in t.files.known(each.id))) for each in t.folders.all())


def _folder_status(folder: Folder, files: int) -> FolderStatus:
    return FolderStatus(folder, files, is_offline(folder.path, files))


def _pending_slots(t: Transaction) -> frozenset[str]:
    return frozenset(t.slots.pending())
