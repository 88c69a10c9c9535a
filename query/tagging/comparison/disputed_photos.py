"""Photos on which sources of tags differ most, with the words of each source and the model's scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from query.tagging.effective.slots import MARK, slot_views
from store import Photo, Space, Transaction

from .source_tags import SourceTags, label_key
from .user_decisions import UserDecision


@dataclass(frozen=True, slots=True)
class SourceWord:
    """A label that a source gives a photo, with its cosine if it is one of a vocabulary in force.

    `decision` is the user's: True if the photo shows it, False if not, None if the user did not say.
    """

    label: str
    cosine: float | None
    is_disputed: bool
    decision: bool | None


@dataclass(frozen=True, slots=True)
class DisputedPhoto:
    """A photo, the number of labels on which the sources differ, and the words of each, disputed ones first.

    `decided` are the labels on which the user decided, whoever gives them.
    """

    photo: Photo
    disputes: int
    words: tuple[tuple[SourceWord, ...], ...]
    decided: tuple[SourceWord, ...]


def disputed_photos(
    t: Transaction,
    space: Space,
    sources: Sequence[SourceTags],
    asked: Mapping[str, AbstractSet[int]],
    decisions: Mapping[str, UserDecision],
    count: int,
) -> tuple[DisputedPhoto, ...]:
    """The *count* photos with the most labels on which *sources* differ, most first; photos without any are left out.

    *asked* has the photos that count for each label.
    """
    contested = {key: _contested([each.given(key) for each in sources]) & photos for key, photos in asked.items()}
    disputes = Counter(photo_id for photos in contested.values() for photo_id in photos)
    most = sorted(disputes, key=lambda key: (-disputes[key], key))[:count]
    cosines = _cosines(t, space, most, asked.keys(), [each.source.slot for each in sources if each.source.slot])

    def word(photo_id: int, key: str) -> SourceWord:
        decided = decisions.get(key, UserDecision()).about(photo_id)
        cosine = cosines.get((photo_id, key))
        return SourceWord(sources[0].labels[key], cosine, photo_id in contested[key], decided)

    def words(photo_id: int, keys: Collection[str]) -> tuple[SourceWord, ...]:
        made = (word(photo_id, key) for key in keys if photo_id in asked[key])
        return tuple(sorted(made, key=lambda each: (not each.is_disputed, -(each.cosine or 0.0), each.label)))

    photos = {photo.id: photo for photo in t.photos.get(most)}
    return tuple(
        DisputedPhoto(
            photos[photo_id],
            disputes[photo_id],
            tuple(words(photo_id, [key for key in asked if photo_id in each.given(key)]) for each in sources),
            words(photo_id, [key for key, each in decisions.items() if each.about(photo_id) is not None]),
        )
        for photo_id in most
        if photo_id in photos
    )


def _contested(given: Sequence[AbstractSet[int]]) -> frozenset[int]:
    """The photos that some of the sets hold and some do not."""
    sets = [frozenset(each) for each in given]
    return frozenset.union(*sets) - frozenset.intersection(*sets)


def _cosines(
    t: Transaction, space: Space, photo_ids: Sequence[int], keys: Collection[str], slots: Collection[str]
) -> dict[tuple[int, str], float]:
    """The cosines of photos with labels of the vocabularies in force, by photo and key, as far as vectors are kept.

    Labels of *slots* are known by their plain names, too.
    """
    label_ids: dict[str, int] = {}
    for view in slot_views(t, space):
        for label in view.revision.labels:
            names = [label.definition.name]
            if view.name in slots:
                names.append(label.definition.name.partition(MARK)[2])
            for key in map(label_key, names):
                if key in keys:
                    label_ids.setdefault(key, label.id)
    vectors = t.labels.vectors(space.id, sorted(set(label_ids.values())))
    photos = t.embeddings.get(space.id, photo_ids)
    if not len(vectors) or not len(photos):
        return {}
    table = photos.matrix @ vectors.matrix.T
    column_of = {label_id: column for column, label_id in enumerate(vectors.ids.tolist())}
    return {
        (photo_id, key): float(row[column_of[label_id]])
        for photo_id, row in zip(photos.ids.tolist(), table, strict=True)
        for key, label_id in label_ids.items()
        if label_id in column_of
    }
