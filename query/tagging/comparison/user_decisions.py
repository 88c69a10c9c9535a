"""The user's own words on labels of photos: tags by hand, rejections, and examples of taught labels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from query.tagging.effective.slots import MARK, slot_views
from query.tagging.learning.label_matrix import photos_of
from store import TagSource, Transaction

from .source_tags import label_key


@dataclass(frozen=True, slots=True)
class UserDecision:
    """The photos that show a label, and those that do not, as the user said; `taught` of them are examples."""

    shown: AbstractSet[int] = frozenset()
    absent: AbstractSet[int] = frozenset()
    taught: AbstractSet[int] = frozenset()

    def within(self, photos: AbstractSet[int]) -> UserDecision:
        """The part about these photos."""
        return UserDecision(self.shown & photos, self.absent & photos, self.taught & photos)

    def about(self, photo_id: int) -> bool | None:
        """True if the user said that the photo shows the label, False for the opposite, None for neither."""
        return True if photo_id in self.shown else False if photo_id in self.absent else None


#: Photo, key of a label, and whether the photo shows it.
_Word = tuple[int, str, bool]


def user_decisions(t: Transaction, keys: Collection[str], slots: Collection[str] = ()) -> dict[str, UserDecision]:
    """The user's words on labels, by `label_key`; labels without a word are left out.

    A tag by hand or a rejection counts more than an example. If the user said both of one photo, neither counts: that
    is possible where two spellings are compared as one label. In *slots* labels are known by their plain names, too.
    """
    wanted = frozenset(keys)

    def keys_of(name: str) -> set[str]:
        slot, _, plain = name.partition(MARK)
        return {label_key(each) for each in ((name, plain) if slot in slots else (name,))} & wanted

    by_hand = _decided(_words_by_hand(t, keys_of))
    taught = _decided(_examples(t, keys_of))
    found = {}
    for key in by_hand.keys() | taught.keys():
        shown, absent = by_hand.get(key, (set(), set()))
        shown_too, absent_too = taught.get(key, (set(), set()))
        alone = (shown_too ^ absent_too) - shown - absent
        shows, lacks = (shown - absent) | (shown_too & alone), (absent - shown) | (absent_too & alone)
        found[key] = UserDecision(shows, lacks, (shows & shown_too) | (lacks & absent_too))
    return {key: each for key, each in found.items() if each.shown or each.absent}


def _decided(words: Iterator[_Word]) -> dict[str, tuple[set[int], set[int]]]:
    found: defaultdict[str, tuple[set[int], set[int]]] = defaultdict(lambda: (set(), set()))
    for photo_id, key, is_shown in words:
        found[key][0 if is_shown else 1].add(photo_id)
    return found


def _words_by_hand(t: Transaction, keys_of: Callable[[str], set[str]]) -> Iterator[_Word]:
    for photo_id, tags in t.tags.of(t.tags.photos()).items():
        for tag in tags:
            if tag.source in {TagSource.USER, TagSource.REJECTED}:
                for key in keys_of(tag.label):
                    yield photo_id, key, tag.source is TagSource.USER


def _examples(t: Transaction, keys_of: Callable[[str], set[str]]) -> Iterator[_Word]:
    for view in slot_views(t):
        for definition in (label.definition for label in view.revision.labels if label.definition.is_taught):
            keys = keys_of(definition.name)
            for hashes, is_shown in ((definition.examples, True), (definition.counterexamples, False)):
                for photo_id in photos_of(t, hashes).values() if keys else ():
                    for key in keys:
                        yield photo_id, key, is_shown
