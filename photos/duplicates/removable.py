"""Which files of a group of duplicates could go: those whose loss would cost no picture, for certain."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from photos.duplicates.file_state import OnDisk
from photos.duplicates.groups import Copy, Sameness
from photos.duplicates.hashes import KnownLooks, LooksOf
from photos.duplicates.phash import holds_several, pixels_of

#: A format of which nothing but another such file holds as much.
_RAW = "RAW"
#: What a file may know of its photo that no other picture would tell.
_FACTS = ("taken_at", "camera", "latitude", "rating", "caption", "keywords")


def spare(groups: Sequence[Sequence[Copy]], folders: Sequence[bytes], looks: KnownLooks) -> list[list[Copy]]:
    """Of each of *groups* those beside the best, below *folders* if there are any, of which that can be said.

    Pictures are opened for it, but not those of one content. Those of the same pixels are decoded in full.
    """
    named = [[copy for copy in group[1:] if _may_go(group[0], copy, folders)] for group in groups]
    near = {copy.photo.id for copies in named for copy in copies if copy.sameness is Sameness.NEAR}
    structured = _structured(looks.of(sorted(near)))
    return [
        [copy for copy in copies if _is_all_in(group[0], copy, structured)]
        for group, copies in zip(groups, named, strict=True)
    ]


def _may_go(best: Copy, copy: Copy, folders: Sequence[bytes]) -> bool:
    """Whether that can be said by all but their pictures."""
    return (
        best.on_disk is OnDisk.UNCHANGED
        and copy.is_checked
        and copy.on_disk is OnDisk.UNCHANGED
        and not copy.is_same_file
        and (not folders or any(copy.file.path.startswith(folder.rstrip(b"/") + b"/") for folder in folders))
        and (copy.sameness is Sameness.IDENTICAL or _knows_no_more(best, copy))
    )


def _knows_no_more(best: Copy, copy: Copy) -> bool:
    if copy.photo.facts.format == _RAW != best.photo.facts.format:
        return False
    # An enlarged picture that lost its date is no heir of the one that the camera made.
    return not any(_knows(copy, name) and not _knows(best, name) for name in _FACTS)


def _structured(known: LooksOf) -> set[int]:
    """What a picture without structure shows, a blank page say, is too small for what they were compared by."""
    return set(known.photo_ids[~known.looks.are_plain()].tolist())


def _is_all_in(best: Copy, copy: Copy, structured: Collection[int]) -> bool:
    """Whether the pictures of *copy*, another content unless it is identical, are all in *best*."""
    if copy.sameness is Sameness.IDENTICAL:
        return True
    if holds_several(copy.file.path):
        return False
    if copy.sameness is Sameness.PIXELS:
        # As far as they are known to be, they are the same reduced to what the model sees.
        pixels = pixels_of(copy.file.path)
        return pixels is not None and pixels == pixels_of(best.file.path)
    return copy.photo.id in structured


def _knows(copy: Copy, name: str) -> bool:
    return getattr(copy.photo.facts, name) not in {None, "", ()}
