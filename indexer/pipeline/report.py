"""What a pass over folders comes to."""

from __future__ import annotations

from dataclasses import dataclass, field

from indexer.files.ignore import BadRule
from store import Folder, Outcome


@dataclass(frozen=True, slots=True)
class HeldBack:
    """So many of the photos of a folder are gone at once that nothing is forgotten before somebody says so."""

    folder: Folder
    gone: int
    held: int


@dataclass(slots=True)
class IndexReport:
    """What a pass did. `outcomes` counts the files that were read."""

    outcomes: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    embedded: int = 0
    #: Files that are new or changed and show, to the pixel, what a photo shows that was embedded before.
    alike: int = 0
    unchanged: int = 0
    #: Files that are new or changed and belong to a photo that is decoded from another one.
    companions: int = 0
    #: Files that are no longer there, and files that the user's rules leave out by now.
    gone: int = 0
    left_out: int = 0
    #: Files that are new or changed and whose photo was known: moved, renamed, copied, or back again.
    moved: int = 0
    offline: list[Folder] = field(default_factory=list)
    held_back: list[HeldBack] = field(default_factory=list)
    #: Lines that are no pattern; the path is absolute.
    bad_rules: list[BadRule] = field(default_factory=list)
    #: Files, relative to their folders, that changed a moment ago and are left for a later pass.
    unripe: list[tuple[Folder, bytes]] = field(default_factory=list)
    #: Folders below that could not be listed, absolute, each with the reason.
    unreadable: list[tuple[bytes, str]] = field(default_factory=list)
    #: Files that failed, likewise. Those of them that held photos hold them still, and are no problems to the catalog.
    unread: list[tuple[bytes, str]] = field(default_factory=list)
