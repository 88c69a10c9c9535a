"""Removable files: files of a group whose deletion certainly loses no picture."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .file_state import FileState
from .groups import Group, GroupedFile, Sameness, is_below
from .perceptual_hash import HashCache, has_several_frames, pixel_digest

#: A RAW file holds more than a file of any other format.
_RAW = "RAW"
#: Metadata of a photo that another picture may lack.
_METADATA = ("taken_at", "camera", "latitude", "rating", "caption", "keywords")


def removable_files(groups: Sequence[Group], folders: Sequence[bytes], hashes: HashCache) -> list[Group]:
    """Removable files of each of *groups*, the best never among them; only those below *folders*, if there are any.

    Pictures are opened for it, except where contents are identical. Pictures of the same pixels are decoded in full.
    """
    candidates = [[file for file in group[1:] if _is_candidate(group[0], file, folders)] for group in groups]
    near = {file.photo.id for files in candidates for file in files if file.sameness is Sameness.NEAR}
    structured = _with_structure(hashes, near)
    return [
        [file for file in files if _is_contained(group[0], file, structured)]
        for group, files in zip(groups, candidates, strict=True)
    ]


def _is_candidate(best: GroupedFile, file: GroupedFile, folders: Sequence[bytes]) -> bool:
    """True if only a difference between the pictures could forbid removing *file*."""
    return (
        best.state is FileState.UNCHANGED
        and file.is_checked
        and file.state is FileState.UNCHANGED
        and not file.is_same_file
        and not file.belongings
        and (not folders or is_below(file.file.path, folders))
        and (file.sameness is Sameness.IDENTICAL or _has_no_more_metadata(best, file))
    )


def _has_no_more_metadata(best: GroupedFile, file: GroupedFile) -> bool:
    if file.photo.facts.format == _RAW != best.photo.facts.format:
        return False
    # An enlarged picture without a date is no substitute for the dated one from the camera.
    return not any(_has(file, name) and not _has(best, name) for name in _METADATA)


def _has(file: GroupedFile, name: str) -> bool:
    return getattr(file.photo.facts, name) not in {None, "", ()}


def _with_structure(hashes: HashCache, photo_ids: Collection[int]) -> set[int]:
    """Photos that are not plain. On a nearly blank page, the content is too small for the hash to compare."""
    known = hashes.get(sorted(photo_ids))
    return set(known.photo_ids[~known.hashes.are_plain()].tolist())


def _is_contained(best: GroupedFile, file: GroupedFile, structured: Collection[int]) -> bool:
    """True if *best* shows everything that *file* shows."""
    if file.sameness is Sameness.IDENTICAL:
        return True
    if has_several_frames(file.file.path):
        return False
    if file.sameness is Sameness.PIXELS:
        # They are known to be equal at the size that the image encoder sees only.
        pixels = pixel_digest(file.file.path)
        return pixels is not None and pixels == pixel_digest(best.file.path)
    return file.photo.id in structured
