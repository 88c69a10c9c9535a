"""Import of tags that other programs gave, from files or from the keywords of pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from query.errors import BadLabel, BadSource
from store import Catalog, Transaction

from .description_tags import check_source
from .manual_tags import slot_speller, spelt
from .slots import MARK
from .tag_files import ImportedTags

#: The names of sources that are not programs. "auto:birds" are the tags of one slot, under their plain names.
AUTO, USER = "auto", "user"


@dataclass(frozen=True, slots=True)
class TagImportResult:
    """The photos that were named, the number of changed tags, and the lines whose pictures are not in the library."""

    photos: int
    changed: int
    unknown: tuple[ImportedTags, ...]


def import_tags(
    catalog: Catalog, given: Iterable[ImportedTags], origin: str, photo_of: Callable[[Transaction, str], int | None]
) -> TagImportResult:
    """Make the tags that *origin* gave each of the photos exactly those *given*; all or nothing.

    *photo_of* finds a photo by a path as it is written in the file. A name of a label in force is that label.
    Raises `BadLabel` or `BadSource`.
    """
    _check_origin(origin)
    with catalog.write() as t:
        check_source(t, origin)
        of_photo: dict[int, set[str]] = {}
        unknown = []
        speller = slot_speller(t)
        for each in given:
            photo_id = photo_of(t, each.path)
            if photo_id is None:
                unknown.append(each)
            else:
                of_photo.setdefault(photo_id, set()).update(spelt(speller, label) for label in each.labels)
        return TagImportResult(len(of_photo), _replace_tags(t, of_photo, origin), tuple(unknown))


def import_keywords(catalog: Catalog, origin: str) -> TagImportResult:
    """Import keywords of pictures and sidecars as tags of *origin*. Keywords that cannot be labels are skipped.

    Raises `BadSource`.
    """
    _check_origin(origin)
    with catalog.write() as t:
        check_source(t, origin)
        speller = slot_speller(t)
        of_photo = {
            photo_id: set(_valid_labels(lambda word: spelt(speller, word), words))
            for photo_id, words in t.photos.keywords()
        }
        return TagImportResult(len(of_photo), _replace_tags(t, of_photo, origin), ())


def _check_origin(origin: str) -> None:
    """Raise `BadSource` for a name that is reserved for tags of no other program."""
    if origin.partition(MARK)[0].strip().lower() in {AUTO, USER}:
        raise BadSource(origin)


def _replace_tags(t: Transaction, of_photo: dict[int, set[str]], origin: str) -> int:
    names = {name for some in of_photo.values() for name in some}
    ids = {name: t.vocabularies.label_called(name) for name in sorted(names)}
    return sum(
        t.tags.replace_imported(photo_id, origin, {ids[name] for name in some}) for photo_id, some in of_photo.items()
    )


def _valid_labels(spell: Callable[[str], str], words: Iterable[str]) -> Iterator[str]:
    for word in words:
        try:
            yield spell(word)
        except BadLabel:
            continue
