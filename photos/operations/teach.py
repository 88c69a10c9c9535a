"""Labels by example: what a person shows becomes a revision of the vocabulary in force."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from photos.errors import NoExample, NotAnExample
from photos.operations.search_by_image import photo_at
from query import NotInLibrary, Speller, checked_name, filled, photos_of, record_manual_tags_in
from store import Catalog, LabelDefinition, Photo, Transaction, VocabularyDefinition

#: The beginning of a content's hash, long enough to mean one.
_HASH = re.compile("[0-9a-f]{8,64}")


@dataclass(frozen=True, slots=True)
class Shown:
    """Photos that a person named: that show a label, that do not, and examples, by their hashes, to be forgotten.

    `former` are hashes by which the label knows photos of the first two kinds.
    """

    yes: tuple[Photo, ...]
    no: tuple[Photo, ...]
    forget: tuple[str, ...]
    former: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether any was."""
        return bool(self.yes or self.no or self.forget)


def find_label(definition: VocabularyDefinition, name: str) -> LabelDefinition:
    """The label that *name* means in *definition*, or a new one, scored by its name. Raises `BadLabel`."""
    plain = checked_name(name)
    spelling = Speller(definition.labels).label(plain)
    known = next((label for label in definition.labels if label.name == spelling), None)
    return known or LabelDefinition(plain, filled([plain]))


def shown(
    catalog: Catalog, label: LabelDefinition, yes: Sequence[str], no: Sequence[str], forget: Sequence[str]
) -> Shown:
    """The photos at these paths, or of the same content as the files there. Raises `NotInLibrary` or `NotAnExample`.

    What is to be forgotten may be named by its hash, too, or the beginning of it: it may have left the library.
    """
    with catalog.read() as t:
        shows, shows_not = (tuple(_photo(t, path) for path in paths) for paths in (yes, no))
        forgotten = tuple(each for path in forget for each in _examples_at(t, label, path))
        held = photos_of(t, (*label.examples, *label.counterexamples))
    named = {photo.id for photo in (*shows, *shows_not)}
    return Shown(shows, shows_not, forgotten, tuple(each for each, key in held.items() if key in named))


def taught_label(label: LabelDefinition, named: Shown) -> LabelDefinition:
    """*label* with what *named* adds to its examples and takes from them. Raises `NoExample` if none shows it."""
    yes, no = (_hashes(photos) for photos in (named.yes, named.no))
    # A photo is in one place, under the hash that it has now.
    gone = {*named.former, *named.forget}
    examples, counterexamples = _merged(label.examples, yes, gone), _merged(label.counterexamples, no, gone)
    if counterexamples and not examples and not named.forget:
        raise NoExample(label.name)
    return replace(label, examples=examples, counterexamples=counterexamples)


def with_taught(definition: VocabularyDefinition, label: LabelDefinition) -> VocabularyDefinition:
    """*definition* with *label* in place of the one of that name, or at the end."""
    if all(each.name != label.name for each in definition.labels):
        return replace(definition, labels=(*definition.labels, label))
    labels = tuple(label if each.name == label.name else each for each in definition.labels)
    return replace(definition, labels=labels)


def say_so(t: Transaction, name: str, named: Shown) -> None:
    """Record the same as manual tags: added, rejected, and cleared."""
    forgotten = list(photos_of(t, named.forget).values())
    if named.yes:
        record_manual_tags_in(t, [photo.id for photo in named.yes], added=[name])
    if named.no:
        record_manual_tags_in(t, [photo.id for photo in named.no], rejected=[name])
    if forgotten:
        record_manual_tags_in(t, forgotten, cleared=[name])


def _photo(t: Transaction, path: str) -> Photo:
    photo = photo_at(t, path)
    if photo is None:
        raise NotInLibrary(os.fsencode(path))
    return photo


def _examples_at(t: Transaction, label: LabelDefinition, path: str) -> list[str]:
    """The label's examples that *path* names: their hashes."""
    held = (*label.examples, *label.counterexamples)
    photo = photo_at(t, path)
    found = [each for each, photo_id in photos_of(t, held).items() if photo is not None and photo.id == photo_id]
    if not found and photo is None and _HASH.fullmatch(path):
        found = [each for each in held if each.startswith(path)]
    if not found:
        raise NotAnExample(path, label.name)
    return found


def _hashes(photos: Sequence[Photo]) -> tuple[str, ...]:
    return tuple(photo.content_hash.hex() for photo in photos)


def _merged(held: Sequence[str], more: Sequence[str], without: Collection[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*(each for each in held if each not in without or each in more), *more)))
