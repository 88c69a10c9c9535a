"""Records of a pass: its request, its events and its report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from indexer.files.ignore import BadRule
from indexer.files.scan import Subtree
from indexer.workers.file_reader import ReadRequest
from store import Folder, Outcome, Space

#: Called before each batch with a function that stores what is encoded so far. If it blocks, it calls that first.
BeforeBatch = Callable[[Callable[[], None]], None]
_NO_OUTCOMES: Final[dict[Outcome, int]] = dict.fromkeys(Outcome, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineRequest:
    """Folders to index into a space, and the options of the pass."""

    folders: Sequence[Folder]
    space: Space
    #: Pictures that are embedded and stored together; None for 32, or more if the encoder computes more at once.
    batch_size: int | None = None
    #: Forget files even if more than a tenth of a folder's photos, and more than a hundred, are gone.
    confirm_removals: bool = False
    #: Parts of each folder, by its id; None for all of every folder.
    within: Mapping[int, Sequence[Subtree]] | None = None
    #: Seconds. Files that changed later than that are left for a later pass.
    min_age: float = 0
    #: Files that belong together are one photo.
    pair: bool = True
    #: Follow links to folders.
    follow: bool = False
    #: Check every embedding's checksum, and embed photos again if theirs is damaged.
    check_embeddings: bool = False


@dataclass(frozen=True, slots=True)
class FolderScanned:
    """A folder was walked: `to_read` of its `files` are new or changed."""

    folder: bytes
    files: int
    to_read: int


@dataclass(frozen=True, slots=True)
class FolderOffline:
    """A folder cannot be listed, or is suddenly empty. Its files and photos are kept."""

    folder: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class ReadingBegins:
    """All folders were walked: `files` will be read, including those whose photos lack an embedding."""

    files: int


@dataclass(frozen=True, slots=True)
class FileDone:
    """A file at the absolute `path` was indexed, with a note in `reason` or None, or refused for that reason."""

    path: bytes
    outcome: Outcome
    reason: str | None


Event = FolderScanned | ReadingBegins | FolderOffline | FileDone


class PipelineProgress(Protocol):
    """Receives events, on the thread that called the indexer."""

    def report(self, event: Event) -> None:
        """Take one event."""
        ...


class FileStage(Protocol):
    """Indexes single files: reads, decodes, embeds and stores them."""

    @property
    def left(self) -> int:
        """Files that were handed on to others and are not indexed yet."""
        ...

    def index(self, files: Iterable[ReadRequest], *, is_last: bool = False) -> list[ReadRequest]:
        """Index *files*. Returns those to read again, unless this attempt *is_last*."""
        ...


class ThumbnailKeeper(Protocol):
    """Keeps the thumbnails that are made while files are decoded. Thread-safe, and raises nothing."""

    def wants(self, content_hash: bytes) -> bool:
        """Return whether a thumbnail of the photo with that content is to be made."""
        ...

    def keep(self, thumbnails: Mapping[bytes, bytes]) -> None:
        """Keep these thumbnails, WebP files by the contents of their photos, which are in the catalog."""
        ...


@dataclass(frozen=True, slots=True)
class HeldBack:
    """So many of a folder's photos are gone at once that they are kept until the user confirms.

    `gone` of the `held` photos are missing.
    """

    folder: Folder
    gone: int
    held: int


@dataclass(slots=True)
class IndexReport:
    """Results of a pass. `outcomes` counts the files that were read."""

    outcomes: dict[Outcome, int] = field(default_factory=_NO_OUTCOMES.copy)
    embedded: int = 0
    #: New or changed files with exactly the pixels of a photo that was embedded before.
    alike: int = 0
    unchanged: int = 0
    #: New or changed files that belong to a photo decoded from another file.
    companions: int = 0
    #: Unchanged files whose facts were read again, because an earlier version had read them.
    refreshed: int = 0
    #: Files that no longer exist, and files that the user's rules now leave out.
    gone: int = 0
    left_out: int = 0
    #: New or changed files of known photos: moved, renamed, copied, or back again.
    moved: int = 0
    #: Files that workers will index. What depends on them is left to a later pass.
    queued: int = 0
    #: Photos that took over the annotations of another one, whose file was edited.
    edited: int = 0
    offline: list[Folder] = field(default_factory=list)
    held_back: list[HeldBack] = field(default_factory=list)
    #: Invalid lines in files of rules; the path is absolute.
    bad_rules: list[BadRule] = field(default_factory=list)
    #: Files, relative to their folders, that changed a moment ago and are left for a later pass.
    too_recent: list[tuple[Folder, bytes]] = field(default_factory=list)
    #: Folders below that could not be listed, absolute, each with the reason.
    unreadable: list[tuple[bytes, str]] = field(default_factory=list)
    #: Failed files, absolute, each with the reason. One that held a photo keeps it, and is no problem in the catalog.
    unread: list[tuple[bytes, str]] = field(default_factory=list)
    #: Indexed files, absolute, of which a person should know something.
    noted: list[tuple[bytes, str]] = field(default_factory=list)
    #: The reason for which thumbnails could not be kept, a sentence; None if there was none.
    without_thumbnails: str | None = None
