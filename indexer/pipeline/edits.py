"""Edited photos: their annotations are carried over to the picture that an edit of the file made.

A photo is its content, so a file that was turned, cropped or saved again holds another photo. The tags, stars and
examples of the first photo are moved to that one if it shows the same picture, and copied if the first has another
file. A path remembers the photo that it held, so it does not matter how an editor writes, whether the daemon ran, or
whether the file was away for a while.

Two photos are the same picture if their miniatures are alike. In doubtful cases, and if the first photo has none, the
embeddings decide: the second photo must be nearer to the first than any of many others of the library.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from indexer.decode.miniature import unpack_miniature
from store import Catalog, DateSource, Facts, Replacement, Space, Transaction

from .picture_similarity import SmallPicture, compare_pictures

#: How far below the line of similarity the embeddings may still decide.
DOUBT: Final = 0.12
#: Photos of the library that are compared with an edited one, and the least number of them that says anything: with a
#: miniature, and without.
_OTHERS, _ENOUGH, _ENOUGH_ALONE = 1000, 50, 200
#: Dates that editors set when they write a picture.
_BY_EDITORS: Final = frozenset({DateSource.CHANGED, DateSource.XMP_FILE})
#: Photos that are decided upon in one transaction.
_PART: Final = 32


def carry_over_edits(catalog: Catalog, space: Space) -> int:
    """Carry over the annotations of photos whose files were edited. Returns the number of photos that got any.

    Called at the end of a pass, when files that moved have been found.
    """
    with catalog.read() as t:
        by_photo: defaultdict[int, list[Replacement]] = defaultdict(list)
        for each in t.edits.replacements():
            by_photo[each.before].append(each)
        returned = bool(t.edits.returned())
    photos = sorted(by_photo)
    edited: set[int] = set()
    for start in range(0, len(photos), _PART):
        some = [each for photo_id in photos[start : start + _PART] for each in by_photo[photo_id]]
        edited |= _decide(catalog, space, some)
    if returned:
        edited |= _give_back(catalog)
    return len(edited)


def _decide(catalog: Catalog, space: Space, replacements: Sequence[Replacement]) -> set[int]:
    with catalog.read() as t:
        verdicts = {each: _is_edit(t, space, each) for each in replacements}
    edited: set[int] = set()
    with catalog.write() as t:
        # Another process may have changed the catalog since.
        current = set(t.edits.replacements(sorted({each.before for each in replacements})))
        by_photo: defaultdict[int, list[Replacement]] = defaultdict(list)
        for each, is_edit in verdicts.items():
            if each not in current:
                continue
            if is_edit:
                by_photo[each.before].append(each)
            else:
                t.edits.close(each, is_edit=False)
        for before, found in by_photo.items():
            takers = list(dict.fromkeys(each.now for each in found))
            for now in takers:
                t.edits.carry_over(before, now, keep=now != takers[-1] or t.files.hold(before))
            for each in found:
                t.edits.close(each, is_edit=True)
            edited.update(takers)
    return edited


def _give_back(catalog: Catalog) -> set[int]:
    """Give annotations back to photos whose file returned after an edit: the original was kept elsewhere."""
    with catalog.write() as t:
        found = t.edits.returned()
        for original, edit in found:
            t.edits.carry_over(edit, original, keep=t.files.hold(edit))
    return {original for original, _ in found}


def _is_edit(t: Transaction, space: Space, replacement: Replacement) -> bool:
    before, now = replacement.before, replacement.now
    if t.files.hold(before) and not replacement.is_new:
        # Both were there before: files were renamed, and each photo keeps its own.
        return False
    if replacement.is_companion:
        return True
    earlier = t.edits.earlier(before)
    return now in earlier or any(_shows_the_same(t, space, each, now) for each in (before, *earlier))


def _shows_the_same(t: Transaction, space: Space, before: int, now: int) -> bool:
    # Sidecars belong to paths: that of the picture before is now beside the one that took its place.
    facts = t.photo_facts.stated([before, now])
    if _were_taken_apart(facts[before], facts[now]):
        # Pictures of a series are as alike as edits are.
        return False
    pictures = _small_pictures(t, (before, now))
    if len(pictures) < 2:  # noqa: PLR2004 - both
        return _is_nearest(t, space, before, now, _ENOUGH_ALONE)
    margin = compare_pictures(*pictures).margin
    return margin >= 0 or (margin >= -DOUBT and _is_nearest(t, space, before, now, _ENOUGH))


def _were_taken_apart(one: Facts, other: Facts) -> bool:
    """Return whether a camera says that they were taken at two times. Other times may be an editor's."""
    known = None not in {one.camera, other.camera} and _is_by_camera(one) and _is_by_camera(other)
    return known and (one.camera, one.taken_at) != (other.camera, other.taken_at)


def _is_by_camera(facts: Facts) -> bool:
    return facts.taken_at is not None and facts.date_source not in _BY_EDITORS


def _small_pictures(t: Transaction, photo_ids: Iterable[int]) -> list[SmallPicture]:
    return [
        SmallPicture(unpack_miniature(stored.miniature), stored.width / stored.height)
        for stored in t.miniatures.of(list(photo_ids)).values()
    ]


def _is_nearest(t: Transaction, space: Space, before: int, now: int, enough: int) -> bool:
    """Return whether *now* is nearer to *before* than every one of many other photos of the library."""
    ids = np.setdiff1d(t.embeddings.ids(space.id), [before, now])
    if len(ids) < enough:
        return False
    others = ids[np.linspace(0, len(ids) - 1, min(len(ids), _OTHERS)).astype(np.int64)]
    pair = t.embeddings.get(space.id, [before, now])
    if len(pair) < 2:  # noqa: PLR2004 - both
        return False
    cosines = t.embeddings.get(space.id, others.tolist()).matrix @ pair.matrix[0]
    return float(pair.matrix[1] @ pair.matrix[0]) > float(cosines.max())
