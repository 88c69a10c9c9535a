"""Manual tags: labels that a person adds to photos or rejects, which stay until a person changes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from query.errors import BadLabel, ContradictoryLabel
from query.vocabulary.labels import normalized_name
from store import Catalog, TagSource, Transaction
from store.errors import is_shown

from .slots import SlotSpeller, slot_views

#: Characters, as in vocabularies.
_LONGEST = 200


def record_manual_tags(
    catalog: Catalog,
    photo_ids: Sequence[int],
    *,
    added: Iterable[str] = (),
    rejected: Iterable[str] = (),
    cleared: Iterable[str] = (),
) -> list[str]:
    """Record labels that a person adds to the photos or rejects for them, and clear the manual tags of others.

    A name that a vocabulary in force knows, also as an alias or a plural, is that label; labels of vocabularies beside
    the main one begin with their slot. Earlier manual tags under the exact spelling that was typed are moved to
    the label. Returns the labels' names. All or nothing. Raises `BadLabel` or `ContradictoryLabel`.
    """
    with catalog.write() as t:
        return record_manual_tags_in(t, photo_ids, added=added, rejected=rejected, cleared=cleared)


def record_manual_tags_in(
    t: Transaction,
    photo_ids: Sequence[int],
    *,
    added: Iterable[str] = (),
    rejected: Iterable[str] = (),
    cleared: Iterable[str] = (),
) -> list[str]:
    """Do `record_manual_tags` within *t*."""
    added, rejected, cleared = list(added), list(rejected), list(cleared)
    speller = slot_speller(t)
    recorded = [(spelt(speller, name), TagSource.USER) for name in added]
    recorded += [(spelt(speller, name), TagSource.REJECTED) for name in rejected]
    forgotten = [spelt(speller, name) for name in cleared]
    _check_once([*(name for name, _ in dict.fromkeys(recorded)), *dict.fromkeys(forgotten)])
    # A photo may have a tag of exactly the name that was typed, from before a vocabulary spelt it differently.
    typed = {checked_name(name) for names in (added, rejected, cleared) for name in names}.difference(
        forgotten, (name for name, _ in recorded)
    )
    for photo_id in photo_ids:
        for name in (*forgotten, *typed):
            t.tags.clear(photo_id, t.vocabularies.labels_called(name))
        for name, source in recorded:
            own = t.vocabularies.label_called(name)
            # An earlier tag of that name is replaced, whatever its texts.
            t.tags.clear(photo_id, [key for key in t.vocabularies.labels_called(name) if key != own])
            t.tags.record(photo_id, own, source)
    return [*(name for name, _ in recorded), *forgotten]


def _check_once(names: Iterable[str]) -> None:
    """Raise `ContradictoryLabel` for a name that comes twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ContradictoryLabel(name)
        seen.add(name)


def slot_speller(t: Transaction) -> SlotSpeller:
    """A speller of the labels of all vocabularies in force."""
    return SlotSpeller(slot_views(t))


def spelt(speller: SlotSpeller, name: str) -> str:
    """*name* as the vocabulary spells it, or unchanged. Raises `BadLabel`."""
    plain = checked_name(name)
    return speller.label(plain) or speller.plain(plain)


def checked_name(name: str) -> str:
    """*name* with single spaces. Raises `BadLabel` if it cannot be a label's."""
    plain = " ".join(name.split())
    if not normalized_name(plain) or len(plain) > _LONGEST or not is_shown(plain):
        raise BadLabel(name)
    return plain
