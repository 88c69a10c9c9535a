"""How a library stands: what `photos status` says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from photos.daemon.lock import Keeper, keeper_of
from photos.library import OpenLibrary
from photos.operations import vocabularies
from photos.operations.folders import is_offline
from photos.operations.models import folder_size, pick
from store import Catalog, Folder, IndexStatus, Outcome, Revision, SlotSummary, Space


@dataclass(frozen=True, slots=True)
class FolderStanding:
    """A folder, the files known in it, and whether it cannot be read just now."""

    folder: Folder
    files: int
    offline: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What is in a library. `size` is of all it keeps, in bytes; `keeper` is the process that keeps it up to date."""

    library: Path
    size: int
    folders: tuple[FolderStanding, ...]
    photos: int
    files: Mapping[Outcome, int]
    model: str | None
    space: Space | None
    embeddings: int
    index: IndexStatus | None
    vocabulary: Revision | None
    #: Vocabularies beside the main one.
    beside: tuple[SlotSummary, ...]
    #: The namespaces that a re-tag is owed in; the main one's is empty.
    pending_revision_ids: frozenset[str]
    keeper: Keeper | None = None

    @property
    def retag_pending(self) -> bool:
        """Whether a re-tag is owed at all."""
        return bool(self.pending_revision_ids)


def standing(app: OpenLibrary) -> Standing:
    """How the library stands. An empty library is fine, and nothing is made for it."""
    library = app.settings.library
    if app.is_new:
        return Standing(library, 0, (), 0, {}, None, None, 0, None, None, (), frozenset())
    with app.catalog.read() as t:
        space_id = t.library.space_id()
        space = None if space_id is None else t.spaces.get(space_id)
        folders = tuple(_of_folder(folder, sum(1 for _ in t.files.known(folder.id))) for folder in t.folders.all())
        photos, files, model = t.photos.count(), t.files.counts(), t.library.model()
        embeddings = 0 if space is None else t.embeddings.count(space.id)
        vocabulary = vocabularies.current_revision(t)
        beside = tuple(each for each in t.slots.in_force() if each.namespace)
        waiting = frozenset(t.slots.pending())
    index = None if space is None else app.index_of(space).status()
    size = folder_size(library)
    keeper = keeper_of(library)
    return Standing(
        library, size, folders, photos, files, model, space, embeddings, index, vocabulary, beside, waiting, keeper
    )


def record(now: Standing) -> dict[str, object]:
    """The same as plain values, for JSON."""
    identity = None if now.space is None else now.space.identity
    return {
        "library": str(now.library),
        "bytes": now.size,
        "folders": [
            {
                "path": os.fsdecode(each.folder.path),
                "files": each.files,
                "offline": each.offline,
                "excludes": list(each.folder.excludes),
            }
            for each in now.folders
        ],
        "photos": now.photos,
        "files": {str(outcome): count for outcome, count in now.files.items()},
        "model": now.model,
        "precision": identity and identity.precision,
        "preprocessing": identity and identity.preprocessing,
        "dimension": identity and identity.dimension,
        "weights_sha256": identity and identity.weights_hash,
        "embeddings": now.embeddings,
        "index": now.index
        and {"rows": now.index.rows, "newer": now.index.newer, "valid": now.index.valid, "bytes": now.index.bytes},
        "vocabulary": now.vocabulary and now.vocabulary.vocabulary,
        "revision": now.vocabulary and now.vocabulary.number,
        "labels": now.vocabulary and len(now.vocabulary.labels),
        "retag_pending": now.retag_pending,
        "daemon": now.keeper and {"pid": now.keeper.pid, "state": now.keeper.state, "answers": now.keeper.answers},
        "beside": [
            {
                "namespace": each.namespace,
                "vocabulary": each.vocabulary,
                "revision": each.number,
                "labels": each.label_count,
                "folders": [os.fsdecode(folder) for folder in each.folders],
                "retag_pending": each.namespace in now.pending_revision_ids,
            }
            for each in now.beside
        ],
    }


def model_record(app: OpenLibrary) -> dict[str, object]:
    """The library's checkpoint as plain values. Raises what opening the checkpoint raises.

    `same_weights` says whether the files are those that the library's embeddings were made with.
    """
    with_space = None if app.catalog_if_any is None else _space_of(app.catalog)
    checkpoint = pick(app.settings, None, app.reference)
    return {
        "model": checkpoint.name,
        "folder": str(checkpoint.folder),
        "chosen": app.reference is not None,
        "dimension": checkpoint.dimension,
        "image_size": checkpoint.image_size,
        "text_length": checkpoint.text_length,
        "preprocessing": checkpoint.preprocessing.name,
        "precision": with_space and with_space.identity.precision,
        "weights_sha256": checkpoint.weights_hash(),
        "same_weights": with_space and with_space.identity.weights_hash == checkpoint.weights_hash(),
    }


def _space_of(catalog: Catalog) -> Space | None:
    with catalog.read() as t:
        space_id = t.library.space_id()
        return None if space_id is None else t.spaces.get(space_id)


def _of_folder(folder: Folder, files: int) -> FolderStanding:
    return FolderStanding(folder, files, is_offline(folder.path, files))
