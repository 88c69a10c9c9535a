"""Groups of files that show the same picture. Nothing is ever deleted here.

Three kinds, from certain to likely: files with the same content; photos whose decoded pixels are equal, because only
metadata was changed; and near-duplicates, whose embeddings are near and whose perceptual hashes agree.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from query.similarity import NEAR, group_around_leaders, near_pairs, taken_at_different_times
from store import Catalog, IndexedFile, Photo, Space
from store.paths import is_inside

from .file_state import FileState, file_state, is_same_file
from .near_pairs import PairScore, SimilarPairs
from .perceptual_hash import MAX_BITS, HashCache, pixel_digest

#: Endings of sidecars, which other programs can write again, unlike a RAW file.
_SIDECARS = (b".xmp", b".aae", b".json")

#: Receives the number of photos done and the number of all.
Progress = Callable[[int, int], None]


class Sameness(StrEnum):
    """Reason why a file is in its group."""

    BEST = "best"
    #: Same content as the best, byte by byte.
    IDENTICAL = "identical"
    #: Same pixels as the best at the size that the image encoder sees.
    PIXELS = "same pixels"
    NEAR = "near"


@dataclass(frozen=True, slots=True)
class GroupedFile:
    """A file of a group. `cosine` and `distance`, in bits, are with the best; None where they were not needed.

    `is_checked` is True if the two were compared by more than their embeddings, `is_same_file` if this is another path,
    by links, to the best file itself. `belongings` are the file's companions: a RAW file, a live video, a sidecar.
    """

    file: IndexedFile
    photo: Photo
    sameness: Sameness
    state: FileState
    cosine: float | None = None
    distance: int | None = None
    is_checked: bool = True
    is_same_file: bool = False
    belongings: tuple[bytes, ...] = ()


#: Files that show the same picture, the best one first.
Group = list[GroupedFile]


@dataclass(frozen=True, slots=True)
class Criteria:
    """Limits of a search for duplicates.

    `folders`: absolute paths; with any, only groups with a file below one are returned. `min_cosine`: least cosine of
    near-duplicates, None for no near-duplicates. `max_bits`: most bits by which their hashes may differ. Photos of one
    camera with different times are a burst, and are grouped only if `bursts` is True. `prefer`: absolute paths of the
    folders in which the user wants to keep files, the first most.
    """

    folders: tuple[bytes, ...] = ()
    min_cosine: float | None = NEAR
    max_bits: int = MAX_BITS
    bursts: bool = False
    prefer: tuple[bytes, ...] = ()


def find_groups(
    catalog: Catalog,
    space: Space,
    criteria: Criteria,
    hashes: HashCache,
    *,
    on_compared: Progress | None = None,
    on_hashed: Progress | None = None,
) -> list[Group]:
    """Groups of files, each with its best first: most pixels, then most bytes, then the earliest.

    Of files with one content the best has companions, or else a sidecar, or else lies in a preferred folder, or else is
    the oldest.

    *on_compared* receives the photos whose embeddings were compared with all others, *on_hashed* the pictures that were
    decoded because *hashes* did not have them yet.
    """
    finder = _Finder(catalog, space, criteria)
    pairs = SimilarPairs.none()
    if criteria.min_cosine is not None:
        finder.tell_plain_apart(hashes, on_hashed)
        pairs = finder.similar_pairs(criteria.min_cosine, hashes, on_compared, on_hashed)
    return finder.groups(pairs)


class _Finder:
    """Search for duplicates. Of photos with equal pixels, the first represents the others ("twins") in comparisons."""

    def __init__(self, catalog: Catalog, space: Space, criteria: Criteria) -> None:
        self._catalog = catalog
        self._space = space
        self._criteria = criteria
        finds_near = criteria.min_cosine is not None
        with catalog.read() as t:
            self._inside = set(t.copies.below(criteria.folders)) if criteria.folders else None
            self._in_several_files = t.copies.in_several_files()
            twins = t.copies.of_same_pixels(space.id) if finds_near else []
            embedded = t.embeddings.ids(space.id).tolist() if finds_near else []
        self._embedded = embedded
        self._set_twins(twins)

    def _set_twins(self, twins: Sequence[list[int]]) -> None:
        self._twins = {group[0]: group for group in twins}
        self._represented = {photo_id for group in twins for photo_id in group[1:]}
        self._representatives = [photo_id for photo_id in self._embedded if photo_id not in self._represented]

    def tell_plain_apart(self, hashes: HashCache, on_hashed: Progress | None) -> None:
        """Keep plain pictures together only if all their pixels are equal: at the encoder's size, blank pages are."""
        known = hashes.get(sorted(self._twins), on_hashed)
        plain = set(known.photo_ids[known.hashes.are_plain()].tolist())
        twins = [group for key, group in self._twins.items() if key not in plain]
        for key in plain:
            twins += self._of_all_pixels(self._twins[key])
        self._set_twins(twins)

    def _of_all_pixels(self, photo_ids: Sequence[int]) -> list[list[int]]:
        """Groups of these photos with equal pixels, of two and more each. Photos that cannot be read are in none."""
        with self._catalog.read() as t:
            files = t.copies.files(photo_ids)
        groups: defaultdict[bytes, list[int]] = defaultdict(list)
        for photo_id in photo_ids:
            unchanged = (file for file in files.get(photo_id, []) if file_state(file) is FileState.UNCHANGED)
            digest = next((found for file in unchanged if (found := pixel_digest(file.path)) is not None), None)
            if digest is not None:
                groups[digest].append(photo_id)
        return [group for group in groups.values() if len(group) > 1]

    def similar_pairs(
        self, min_cosine: float, hashes: HashCache, on_compared: Progress | None, on_hashed: Progress | None
    ) -> SimilarPairs:
        """Pairs of photos that are near by embedding and, as far as they can be read, by perceptual hash."""
        order, of = self._representatives, None
        if self._inside is not None:
            inside = self._inside
            mine = dict.fromkeys(each for each in order if inside.intersection(self._twins.get(each, [each])))
            order, of = [*mine, *(each for each in order if each not in mine)], len(mine)
        pairs = near_pairs(self._catalog, self._space, order, min_cosine, of=of, progress=on_compared)
        if not self._criteria.bursts:
            with self._catalog.read() as t:
                taken = t.copies.taken(pairs.photo_ids())
            pairs = pairs.only(~taken_at_different_times(taken, pairs.firsts, pairs.seconds))
        return SimilarPairs.select(pairs, hashes.get(pairs.photo_ids(), on_hashed), self._criteria.max_bits)

    def groups(self, pairs: SimilarPairs) -> list[Group]:
        """Groups by *pairs*, equal pixels and equal contents."""
        involved = pairs.photo_ids() | set(self._twins) | set(self._in_several_files)
        photos = self._photos(involved | {each for key in involved for each in self._twins.get(key, [])})
        with self._catalog.read() as t:
            files = t.copies.files(list(photos))
            beside = t.photos.companions_of([file.path for of_one in files.values() for file in of_one])
        sizes = {key: max(file.stamp.size for file in of_photo) for key, of_photo in files.items()}
        known = [key for key in involved if key in photos and key not in self._represented]
        order = sorted(known, key=lambda key: _quality(photos[key], sizes))
        pairs = pairs.among(order)
        groups = group_around_leaders(order, pairs.pairs.firsts, pairs.pairs.seconds)
        scores = pairs.scores_with_leader(groups)
        found = []
        for group in groups:
            members = [each for key in group for each in self._twins.get(key, [key]) if each in photos]
            if self._inside is None or self._inside.intersection(members):
                grouped = self._grouped_files(
                    group, members, photos, _Files(files, beside, self._criteria), scores, sizes
                )
                if len(grouped) > 1:
                    found.append(grouped)
        return found

    def _grouped_files(
        self,
        group: Sequence[int],
        members: Sequence[int],
        photos: dict[int, Photo],
        files: _Files,
        scores: dict[int, PairScore],
        sizes: dict[int, int],
    ) -> Group:
        leader = group[0]
        representative = {each: key for key in group for each in self._twins.get(key, [key])}
        twins = (each for each in members if representative[each] == leader)
        best = min(twins, key=lambda key: _quality(photos[key], sizes))
        found: Group = []
        if not files.of(best):
            return found
        for key in [best, *(each for each in members if each != best)]:
            score = scores.get(representative[key])
            cosine, distance = (None, None) if score is None else score
            is_checked = score is None or score.distance is not None
            for file in files.best_first(key):
                sameness = _sameness(is_first=not found, is_best=key == best, is_twin=representative[key] == leader)
                same_file = bool(found) and is_same_file(file.path, found[0].file.path)
                found.append(
                    GroupedFile(
                        file,
                        photos[key],
                        sameness,
                        file_state(file),
                        cosine,
                        distance,
                        is_checked,
                        same_file,
                        files.beside(file),
                    )
                )
        return found

    def _photos(self, photo_ids: set[int]) -> dict[int, Photo]:
        with self._catalog.read() as t:
            return {photo.id: photo for photo in t.photos.get(sorted(photo_ids)) if photo.paths}


def _sameness(*, is_first: bool, is_best: bool, is_twin: bool) -> Sameness:
    if is_best:
        return Sameness.BEST if is_first else Sameness.IDENTICAL
    return Sameness.PIXELS if is_twin else Sameness.NEAR


def _quality(photo: Photo, sizes: dict[int, int]) -> tuple[int, int, str, int]:
    """Sort key that puts the best photo first."""
    taken = photo.facts.taken_at
    pixels = photo.facts.width * photo.facts.height
    return -pixels, -sizes.get(photo.id, 0), taken.isoformat() if taken else "9999", photo.id


class _Files:
    """The files of photos, with what lies beside them."""

    def __init__(
        self, files: Mapping[int, Sequence[IndexedFile]], beside: Mapping[bytes, Sequence[bytes]], criteria: Criteria
    ) -> None:
        self._files = files
        self._beside = beside
        self._criteria = criteria

    def of(self, photo_id: int) -> Sequence[IndexedFile]:
        """Files of the photo."""
        return self._files.get(photo_id, ())

    def beside(self, file: IndexedFile) -> tuple[bytes, ...]:
        """Companions of *file*."""
        return tuple(self._beside.get(file.path, ()))

    def best_first(self, photo_id: int) -> list[IndexedFile]:
        """Files of the photo, the best first, see `find_groups`; changed files and links come last."""
        return sorted(self.of(photo_id), key=self._rank)

    def _rank(self, file: IndexedFile) -> tuple[bool, bool, bool, bool, bool, int, int, bytes]:
        beside = self.beside(file)
        prefer = self._criteria.prefer
        place = next((at for at, folder in enumerate(prefer) if is_below(file.path, [folder])), len(prefer))
        return (
            file_state(file) is not FileState.UNCHANGED,
            os.path.islink(file.path),
            all(path.lower().endswith(_SIDECARS) for path in beside),
            not beside,
            is_below(file.path, self._criteria.folders),
            place,
            file.stamp.mtime_ns,
            file.path,
        )


def is_below(path: bytes, folders: Sequence[bytes]) -> bool:
    """True if *path* lies below one of *folders*."""
    return any(is_inside(path, folder) for folder in folders)
