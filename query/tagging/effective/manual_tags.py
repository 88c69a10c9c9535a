"""What a person says of a photo's tags, which stands until a person says otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from query.errors import BadLabel
from query.vocabulary.labels import normalized_name
from store import Catalog, TagSource, Transaction

from .namespaces import FullSpeller, views

#: Characters, as in vocabularies.
_LONGEST = 200


def say(
    catalog: Catalog,
    photo_ids: Sequence[int],
    *,
    added: Iterable[str] = (),
    rejected: Iterable[str] = (),
    cleared: Iterable[str] = (),
) -> list[str]:
    """Note which labels a person adds to the photos or rejects for them, and of which nothing is said any more.

    A name that a vocabulary in force knows, also as an alias or a plural, is that label; those of vocabularies beside
    the main one begin with their namespace. What was said of exactly that name, from before one knew it, goes with it.
    Returns the labels' names. All or nothing. Raises `BadLabel`.
    """
    added, rejected, cleared = list(added), list(rejected), list(cleared)
    with catalog.write() as t:
        speller = speller_in_force(t)
        said = [(spelt(speller, name), source) for names, source in _sides(added, rejected) for name in names]
        forgotten = [spelt(speller, name) for name in cleared]
        # A photo may have a tag of exactly the name that was typed, from before a vocabulary spelt it otherwise.
        typed = {checked_name(name) for names in (added, rejected, cleared) for name in names}.difference(
            forgotten, (name for name, _ in said)
        )
        for photo_id in photo_ids:
            for name in (*forgotten, *typed):
                t.tags.clear(photo_id, t.vocabularies.labels_called(name))
            for name, source in said:
                own = t.vocabularies.label_called(name)
                # What was said of it before, under whatever texts, is no longer so.
                t.tags.clear(photo_id, [key for key in t.vocabularies.labels_called(name) if key != own])
                t.tags.say(photo_id, own, source)
    return [*(name for name, _ in said), *forgotten]


def _sides(added: Iterable[str], rejected: Iterable[str]) -> tuple[tuple[Iterable[str], TagSource], ...]:
    return (added, TagSource.USER), (rejected, TagSource.REJECTED)


def speller_in_force(t: Transaction) -> FullSpeller:
    """Knows the labels of the vocabularies in force."""
    return FullSpeller(views(t))


def spelt(speller: FullSpeller, name: str) -> str:
    """*name* as the vocabulary spells it, or as it is. Raises `BadLabel`."""
    plain = checked_name(name)
    return speller.label(plain) or speller.plain(plain)


def checked_name(name: str) -> str:
    """*name* with single spaces. Raises `BadLabel` if it cannot be a label's."""
    plain = " ".join(name.split())
    if not normalized_name(plain) or len(plain) > _LONGEST or not plain.isprintable():
        raise BadLabel(name)
    return plain
