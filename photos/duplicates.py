"""Finds files that show the same picture. Nothing is ever deleted here.

Three kinds, from certain to likely: files of one content; photos whose decoded pixels are equal, such as one of which
only the metadata was changed; and photos that lie near each other by embedding and look the same by a perceptual hash.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock
from typing import Final

from indexer.decode import Turn
from photos.app import App
from photos.likeness import LIKELY, Look, look_at
from query.grouping import NEAR, around_leaders, is_other_moment
from query.nearness import near_pairs
from store import IndexedFile, Photo

#: Pictures that are decoded at once.
_THREADS: Final = 4

Progress = Callable[[int, int], None]


class Sameness(StrEnum):
    """Why a file is in its group."""

    BEST = "best"
    #: Its content is that of the best, byte by byte.
    IDENTICAL = "identical"
    #: Its pixels are, as far as the image tower sees them.
    PIXELS = "same pixels"
    NEAR = "near"


class OnDisk(StrEnum):
    """How a file is now."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    MISSING = "missing"


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


@dataclass(frozen=True, slots=True)
class _Joint:
    """What joins two photos."""

    cosine: float
    distance: int | None
    is_checked: bool


def find_duplicates(
    app: App, search: Search, *, comparing: Progress | None = None, looking: Progress | None = None
) -> list[list[Copy]]:
    """Groups of files, each with its best first: most pixels, then most bytes, then the earliest.

    *comparing* hears of photos compared with all others by their embeddings, *looking* of pictures decoded to be
    checked.
    """
    finder = _Finder(app, search)
    joints = finder.near(comparing, looking) if search.near is not None else {}
    return finder.groups(joints)


class _Finder:
    """What the steps share: which photos there are, and which of them stands for others of the same pixels."""

    def __init__(self, app: App, search: Search) -> None:
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

    def near(self, comparing: Progress | None, looking: Progress | None) -> dict[tuple[int, int], _Joint]:
        """What joins photos that lie near each other and, as far as they can be read, look the same."""
        order, of = self._standing, None
        if self._inside is not None:
            inside = set(self._inside)
            mine = dict.fromkeys(each for each in order if inside.intersection(self._twins.get(each, [each])))
            order, of = [*mine, *(each for each in order if each not in mine)], len(mine)
        assert self._search.near is not None
        pairs = near_pairs(self._app.catalog, self._app.space, order, self._search.near, of=of, progress=comparing)
        found = list(zip(pairs.firsts.tolist(), pairs.seconds.tolist(), pairs.cosines.tolist(), strict=True))
        photos = self._photos({each for first, second, _ in found for each in (first, second)})
        wanted = [pair for pair in found if self._may_join(photos, *pair[:2])]
        looks = self._looks({each: photos[each] for pair in wanted for each in pair[:2]}, looking)
        return self._joints(wanted, looks)

    def groups(self, joints: dict[tuple[int, int], _Joint]) -> list[list[Copy]]:
        """The groups that *joints*, equal pixels and equal contents make."""
        joined = {each for pair in joints for each in pair}
        held = joined | set(self._twins) | set(self._several)
        photos = self._photos(held | {each for key in held for each in self._twins.get(key, [])})
        with self._app.catalog.read() as t:
            files = t.copies.files(list(photos))
            sizes = {key: max(file.stamp.size for file in of_one) for key, of_one in files.items()}
        known = [key for key in held if key in photos]
        hidden = {each for group in self._twins.values() for each in group[1:]}
        order = sorted((key for key in known if key not in hidden), key=lambda key: _quality(photos[key], sizes))
        inside = None if self._inside is None else set(self._inside)
        made = []
        for group in around_leaders(order, joints):
            members = [each for key in group for each in self._twins.get(key, [key]) if each in photos]
            if inside is None or inside.intersection(members):
                copies = self._copies(group, members, photos, files, joints, sizes)
                if len(copies) > 1:
                    made.append(copies)
        return made

    def _copies(
        self,
        group: Sequence[int],
        members: Sequence[int],
        photos: dict[int, Photo],
        files: dict[int, list[IndexedFile]],
        joints: dict[tuple[int, int], _Joint],
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
            joint = joints.get((leader, stands_for[key])) or joints.get((stands_for[key], leader))
            for file in _best_file_first(files.get(key, []), self._search.folders):
                sameness = _sameness(is_first=not made, is_best=key == best, is_twin=stands_for[key] == leader)
                same_file = bool(made) and _is_same(file.path, made[0].file.path)
                made.append(Copy(file, photos[key], sameness, on_disk(file), *_numbers(joint), is_same_file=same_file))
        return made

    def _may_join(self, photos: dict[int, Photo], first: int, second: int) -> bool:
        if first not in photos or second not in photos:
            return False
        return self._search.bursts or not is_other_moment(photos[first].facts, photos[second].facts)

    def _joints(
        self, pairs: Sequence[tuple[int, int, float]], looks: dict[int, Look | None]
    ) -> dict[tuple[int, int], _Joint]:
        joints = {}
        for first, second, cosine in pairs:
            one, other = looks[first], looks[second]
            if one is None or other is None:
                joints[first, second] = _Joint(cosine, None, is_checked=False)
            elif one.is_like(other, self._search.bits):
                joints[first, second] = _Joint(cosine, one.distance(other), is_checked=True)
        return joints

    def _looks(self, photos: dict[int, Photo], looking: Progress | None) -> dict[int, Look | None]:
        with self._app.catalog.read() as t:
            files = t.copies.files(list(photos))
        looks: dict[int, Look | None] = {}
        large = Lock()
        with ThreadPoolExecutor(_THREADS) as pool:
            seen = pool.map(lambda key: _look(files.get(key, []), lambda: large), photos)
            for photo_id, look in zip(photos, seen, strict=True):
                looks[photo_id] = look
                if looking is not None:
                    looking(len(looks), len(photos))
        return looks

    def _photos(self, photo_ids: set[int]) -> dict[int, Photo]:
        with self._app.catalog.read() as t:
            return {photo.id: photo for photo in t.photos.get(sorted(photo_ids)) if photo.paths}


def on_disk(file: IndexedFile) -> OnDisk:
    """Whether *file* is as it was when it was indexed."""
    try:
        status = os.stat(file.path)
    except OSError:
        return OnDisk.MISSING
    same = (status.st_size, status.st_mtime_ns) == (file.stamp.size, file.stamp.mtime_ns)
    return OnDisk.UNCHANGED if same else OnDisk.CHANGED


def _sameness(*, is_first: bool, is_best: bool, is_twin: bool) -> Sameness:
    if is_best:
        return Sameness.BEST if is_first else Sameness.IDENTICAL
    return Sameness.PIXELS if is_twin else Sameness.NEAR


def _look(files: Sequence[IndexedFile], turn: Turn) -> Look | None:
    """The look of the first of a photo's files that can be read and is the one that was indexed."""
    for file in files:
        if on_disk(file) is OnDisk.UNCHANGED and (look := look_at(file.path, turn)) is not None:
            return look
    return None


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


def _numbers(joint: _Joint | None) -> tuple[float | None, int | None, bool]:
    return (None, None, True) if joint is None else (joint.cosine, joint.distance, joint.is_checked)


def _is_same(one: bytes, other: bytes) -> bool:
    """Whether both paths lead to one file, so that without it neither is left. Hard links are files of their own."""
    if os.path.realpath(one) == os.path.realpath(other):
        return True
    try:
        status = os.stat(one)
        if not os.path.samestat(status, os.stat(other)):
            return False
        # A folder can be mounted in two places, and a file that has several names lies in each by every one of them.
        folders = (os.stat(os.path.dirname(os.path.realpath(path))) for path in (one, other))
        is_one_name = os.path.basename(os.path.realpath(one)) == os.path.basename(os.path.realpath(other))
        return status.st_nlink == 1 or (is_one_name and os.path.samestat(*folders))
    except OSError:
        return False
