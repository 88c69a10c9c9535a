"""Which files of a group of duplicates could go: those whose loss would cost no picture, for certain."""

from __future__ import annotations

from collections.abc import Sequence

from photos.duplicates import Copy, OnDisk, Sameness
from photos.likeness import holds_several, look_at, pixels_of

#: A format of which nothing but another such file holds as much.
_RAW = "RAW"
#: What a file may know of its photo that no other picture would tell.
_FACTS = ("taken_at", "camera", "latitude", "rating", "caption", "keywords")


def spare(group: Sequence[Copy], folders: Sequence[bytes]) -> list[Copy]:
    """Those beside the best of the *group*, below *folders* if there are any, of which that can be said.

    Pictures are opened for it, but not those of one content.
    """
    best = group[0]
    if best.on_disk is not OnDisk.UNCHANGED:
        return []
    return [
        copy
        for copy in group[1:]
        if copy.is_checked
        and copy.on_disk is OnDisk.UNCHANGED
        and not copy.is_same_file
        and (not folders or any(copy.file.path.startswith(folder.rstrip(b"/") + b"/") for folder in folders))
        and (copy.sameness is Sameness.IDENTICAL or _is_all_in(best, copy))
    ]


def _is_all_in(best: Copy, copy: Copy) -> bool:
    """Whether what *copy* shows is all in *best*, which is another content."""
    if copy.photo.facts.format == _RAW != best.photo.facts.format or holds_several(copy.file.path):
        return False
    if any(_knows(copy, name) and not _knows(best, name) for name in _FACTS):
        # An enlarged picture that lost its date is no heir of the one that the camera made.
        return False
    if copy.sameness is Sameness.PIXELS:
        # As far as they are known to be, they are the same reduced to what the model sees.
        pixels = pixels_of(copy.file.path)
        return pixels is not None and pixels == pixels_of(best.file.path)
    look = look_at(copy.file.path)
    # What a picture without structure shows, a blank page say, is too small for what they were compared by.
    return look is not None and not look.is_plain


def _knows(copy: Copy, name: str) -> bool:
    return getattr(copy.photo.facts, name) not in {None, "", ()}
