"""Finds files that show the same picture. Nothing is ever deleted here.

Three kinds, from certain to likely: files of one content; photos whose decoded pixels are equal, such as one of which
only the metadata was changed; and photos that lie near each other by embedding and look the same by a perceptual hash.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from photos.duplicates.file_state import OnDisk, is_same_file, on_disk
from photos.duplicates.hashes import KnownLooks, Progress
from photos.duplicates.pairs import Joint, Joints
from photos.duplicates.phash import LIKELY
from photos.library import OpenLibrary
from query.similarity import NEAR, group_around_leaders, near_pairs, taken_at_different_times
from store import IndexedFile, Photo


class Sameness(StrEnum):
    """Why a file is in its group."""

    BEST = "best"
    #: Its content is that of the best, byte by byte.
    IDENTICAL = "identical"
    #: Its pixels are, as far as the image tower sees them.
    PIXELS = "same pixels"
    NEAR = "near"


@dataclass(frozen=True, slots=True)
class Copy:
    """A file of a group. `cosine` and `distance`, in bits, are with the best; None where they were not needed.

    `is_checked`: whether the two were compared by more than their embeddings. `is_same_file`: whether this is another
    path, by links, to the very file that is best.
    """

    file: IndexedFile
    photo: Photo
    sameness: Sameness
    on_disk: OnDisk
    cosine: float | None = None
    distance: int | None = None
    is_checked: bool = True
    is_same_file: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for: groups that touch *folders*, absolute; or any, without one.

    `near` is the least cosine of near-duplicates, None for none of them; `bits` how far their hashes may be apart.
    Photos that one camera took at different moments are no duplicates, unless `bursts` says so.
    """

    folders: tuple[bytes, ...] = ()
    near: float | None = NEAR
    bits: int = LIKELY
    bursts: bool = False


def find_duplicates(
    app: OpenLibrary,
    search: Search,
    looks: KnownLooks,
    *,
    comparing: Progress | None = None,
    looking: Progress | None = None,
) -> list[list[Copy]]:
    """Groups of files, each with its best first: most pixels, then most bytes, then the earliest.

    *comparing* hears of photos compared with all others by their embeddings, *looking* of pictures decoded to be
    checked, which are those that *looks* has not yet.
    """
    finder = _Finder(app, search)
    joints = finder.near(looks, comparing, looking) if search.near is not None else Joints.none()
    return finder.groups(joints)


class _Finder:
    """What the steps share: which photos there are, and which of them stands for others of the same pixels."""

    def __init__(self, app: OpenLibrary, search: Search) -> None:
        self._app = app
        self._search = search
        space = app.space
        with app.catalog.read() as t:
            self._inside = t.copies.below(search.folders) if search.folders else None
            self._several = t.copies.in_several_files()
            twins = t.copies.of_same_pixels(space.id) if search.near is not None else []
            everything = t.embeddings.ids(space.id).tolist() if search.near is not None else []
        self._twins = {group[0]: group for group in twins}
        hidden = {photo_id for group in twins for photo_id in group[1:]}
        self._standing = [photo_id for photo_id in everything if photo_id not in hidden]

    def near(self, looks: KnownLooks, comparing: Progress | None, looking: Progress | None) -> Joints:
        """What joins photos that lie near each other and, as far as they can be read, look the same."""
        order, of = self._standing, None
        if self._inside is not None:
            inside = set(self._inside)
            mine = dict.fromkeys(each for each in order if inside.intersection(self._twins.get(each, [each])))
            order, of = [*mine, *(each for each in order if each not in mine)], len(mine)
        assert self._search.near is not None
        pairs = near_pairs(self._app.catalog, self._app.space, order, self._search.near, of=of, progress=comparing)
        if not self._search.bursts:
            with self._app.catalog.read() as t:
                taken = t.copies.taken(pairs.photo_ids())
            pairs = pairs.only(~taken_at_different_times(taken, pairs.firsts, pairs.seconds))
        return Joints.of(pairs, looks.of(pairs.photo_ids(), looking), self._search.bits)

    def groups(self, joints: Joints) -> list[list[Copy]]:
        """The groups that *joints*, equal pixels and equal contents make."""
        held = joints.photo_ids() | set(self._twins) | set(self._several)
        photos = self._photos(held | {each for key in held for each in self._twins.get(key, [])})
        with self._app.catalog.read() as t:
            files = t.copies.files(list(photos))
        sizes = {key: max(file.stamp.size for file in of_one) for key, of_one in files.items()}
        hidden = {each for group in self._twins.values() for each in group[1:]}
        known = [key for key in held if key in photos and key not in hidden]
        order = sorted(known, key=lambda key: _quality(photos[key], sizes))
        joints = joints.among(order)
        groups = group_around_leaders(order, joints.pairs.firsts, joints.pairs.seconds)
        joined = joints.with_leaders(groups)
        inside = None if self._inside is None else set(self._inside)
        made = []
        for group in groups:
            members = [each for key in group for each in self._twins.get(key, [key]) if each in photos]
            if inside is None or inside.intersection(members):
                copies = self._copies(group, members, photos, files, joined, sizes)
                if len(copies) > 1:
                    made.append(copies)
        return made

    def _copies(
        self,
        group: Sequence[int],
        members: Sequence[int],
        photos: dict[int, Photo],
        files: dict[int, list[IndexedFile]],
        joined: dict[int, Joint],
        sizes: dict[int, int],
    ) -> list[Copy]:
        leader = group[0]
        stands_for = {each: key for key in group for each in self._twins.get(key, [key])}
        best = min(
            (each for each in members if stands_for[each] == leader), key=lambda key: _quality(photos[key], sizes)
        )
        made: list[Copy] = []
        if best not in files:
            return made
        for key in [best, *(each for each in members if each != best)]:
            cosine, distance, is_checked = _numbers(joined.get(stands_for[key]))
            for file in _best_file_first(files.get(key, []), self._search.folders):
                sameness = _sameness(is_first=not made, is_best=key == best, is_twin=stands_for[key] == leader)
                same_file = bool(made) and is_same_file(file.path, made[0].file.path)
                made.append(Copy(file, photos[key], sameness, on_disk(file), cosine, distance, is_checked, same_file))
        return made

    def _photos(self, photo_ids: set[int]) -> dict[int, Photo]:
        with self._app.catalog.read() as t:
            return {photo.id: photo for photo in t.photos.get(sorted(photo_ids)) if photo.paths}


def _sameness(*, is_first: bool, is_best: bool, is_twin: bool) -> Sameness:
    if is_best:
        return Sameness.BEST if is_first else Sameness.IDENTICAL
    return Sameness.PIXELS if is_twin else Sameness.NEAR


def _quality(photo: Photo, sizes: dict[int, int]) -> tuple[int, int, str, int]:
    """What sorts the best first."""
    taken = photo.facts.taken_at
    pixels = photo.facts.width * photo.facts.height
    return -pixels, -sizes.get(photo.id, 0), taken.isoformat() if taken else "9999", photo.id


def _best_file_first(files: Sequence[IndexedFile], folders: Sequence[bytes]) -> list[IndexedFile]:
    """Files that are there and no links before others, those outside *folders* before those below, then by name."""

    def place(file: IndexedFile) -> tuple[bool, bool, bool, bytes]:
        is_below = any(file.path.startswith(folder.rstrip(b"/") + b"/") for folder in folders)
        return on_disk(file) is not OnDisk.UNCHANGED, os.path.islink(file.path), is_below, file.path

    return sorted(files, key=place)


def _numbers(joint: Joint | None) -> tuple[float | None, int | None, bool]:
    return (None, None, True) if joint is None else (joint.cosine, joint.distance, joint.distance is not None)
