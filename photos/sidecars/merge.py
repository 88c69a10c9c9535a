"""Merge of a photo's labels, stars and caption into its sidecar.

Each list has two companions in a namespace of this program: the labels that the program wrote there, and the keywords
that it copied there. Only these may be removed again; every other keyword is foreign and stays. The stars have two
companions likewise: those that the program wrote, and those of another program that they replaced.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Final, NamedTuple

from indexer.decode import (
    FORMER_RATING,
    HIERARCHICAL,
    OWN_RATING,
    RATING,
    SUBJECT,
    TAGS,
    KeywordList,
    Property,
    foreign,
    foreign_rating,
    rating_of,
)
from photos.errors import SidecarLeft
from query.tagging import SlotView, full_name, split_slot_name

from .captions import CaptionChange, GivenCaption, caption_change, caption_changes
from .keyword_edits import Change, edited
from .packet import Packet

_LISTS: Final = (SUBJECT, HIERARCHICAL, TAGS)
#: Most paths from the top that are written for one label.
_MAX_PATHS: Final = 8
_NAMESPACES: Final = {each.prefix: each.namespace for shown in _LISTS for each in (shown, shown.ours)}
_EMPTY: Final = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="photos">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""{"".join(f'{chr(10)}    xmlns:{key}="{uri}"' for key, uri in _NAMESPACES.items())}/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
"""
#: Every label is written by its own name.
OWN_NAMES: Final[Mapping[str, str]] = MappingProxyType({})
NO_KEYWORDS: Final[Mapping[KeywordList, Sequence[str]]] = MappingProxyType({})
#: Labels from the general to the special.
LabelPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Keywords:
    """Keywords of a photo, by keys that are unique across vocabularies: the parents of each key, and its word."""

    parents: Mapping[str, Sequence[str]]
    words: Mapping[str, str]


class KeywordHierarchy:
    """Hierarchy of the labels of all vocabularies in force.

    A label's parents are above it. Above the top labels of a slot is its name, and they are written by their
    own names: `birds:heron` is `heron` below `birds`.
    """

    def __init__(self, views: Iterable[SlotView]) -> None:
        self._slot_of: dict[str, str] = {}
        self._parents: dict[str, tuple[str, ...]] = {}
        self._slots = []
        for view in views:
            self._slots.append(view.name)
            for label in view.revision.labels:
                self._slot_of[label.definition.name] = view.name
                self._parents[label.definition.name] = label.definition.parents

    def keywords(self, labels: Sequence[str]) -> Keywords:
        """Keywords for the *labels* of a photo. Parents that the photo does not have are left out."""
        parents_of: dict[str, Sequence[str]] = {}
        words: dict[str, str] = {}
        for label in labels:
            slot, word = self._split(label)
            parents = [parent for parent in self._parents.get(label, ()) if parent in labels]
            words[label] = label
            if slot:
                # No label equals this key: names of labels have no control characters.
                top = f"\0{slot}"
                words[label], words[top] = word, slot
                parents = parents or [top]
            parents_of[label] = parents
        return Keywords({**parents_of, **{key: () for key in words if key not in parents_of}}, words)

    def _split(self, label: str) -> tuple[str, str]:
        """Slot and own name of *label*. A manual label counts to the slot whose name it begins with."""
        known = self._slot_of.get(label)
        return (
            split_slot_name(label, self._slots) if known is None else (known, label.removeprefix(full_name(known, "")))
        )


@dataclass(frozen=True, slots=True)
class RatingChange:
    """The stars of a sidecar before and after a change; None for no stars."""

    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Merged:
    """New content of a sidecar, and the keywords and paths of ours that were added and removed.

    `rating` is None if the stars stay, and `caption` if the caption does.
    """

    content: bytes
    added: tuple[str, ...]
    removed: tuple[str, ...]
    rating: RatingChange | None = None
    caption: CaptionChange | None = None


def open_packet(content: bytes | None) -> Packet:
    """The packet of a sidecar's *content*, or of a new sidecar (None). Raises `SidecarLeft`."""
    return Packet(_EMPTY.encode() if content is None else content)


def merge(
    packet: Packet,
    labels: Mapping[str, Sequence[str]],
    own: Mapping[KeywordList, Sequence[str]] = NO_KEYWORDS,
    words: Mapping[str, str] = OWN_NAMES,
    stars: int | None = None,
    caption: GivenCaption | None = None,
) -> Merged | None:
    """Merge *labels*, *stars* and *caption* into the *packet* of a sidecar. None if it needs no change.

    *labels* maps each label to its parents; parents that are not in it are ignored. Labels that an earlier run wrote
    and that are not in it are removed. *own* are the keywords in the picture itself, by their lists: if the sidecar has
    no foreign keywords, they are written there too, since programs that find keywords in a sidecar ignore those in the
    picture.
    *words* maps labels to the words that are written for them. *stars* are those that a person gave in this program,
    None without any: then those that an earlier run wrote are replaced by those from before. Without a
    *caption* that of the sidecar stays. Raises `SidecarLeft`.
    """
    wanted = _wanted(packet, labels, own, words)
    changes = {
        each: change
        for shown, lists in wanted.items()
        for each, change in _changes(packet, shown, lists).items()
        if change.removed or change.added
    }
    values = {**_rating_changes(packet, stars), **caption_changes(packet, caption)}
    if not changes and not values:
        return None
    new = edited(packet, changes, values)
    after = Packet(new)
    _check(after, wanted, values)
    reported = [changes[each] for each in (SUBJECT, HIERARCHICAL) if each in changes]
    ours = {*_words(labels, words), *paths(labels, "|", words)}
    added = dict.fromkeys(word for change in reported for word in change.added if word in ours)
    removed = dict.fromkeys(word for change in reported for word in sorted(change.removed))
    rated = RatingChange(*(rating_of(each.text(RATING)) for each in (packet, after))) if RATING in values else None
    return Merged(new, tuple(added), tuple(removed), rated, caption_change(packet, after, values))


def has_foreign_keywords(packet: Packet) -> bool:
    """Return whether the sidecar has keywords of other programs."""
    return any(_foreign(packet, each) for each in _LISTS)


def paths(labels: Mapping[str, Sequence[str]], separator: str, words: Mapping[str, str] = OWN_NAMES) -> list[str]:
    """Labels as paths from the general to the special, without paths that are the beginning of another."""
    found = [_words(path, words) for label in labels for path in islice(_paths_to(label, labels), _MAX_PATHS)]
    # A level that contains the separator would be read as two.
    unambiguous = dict.fromkeys(path for path in found if not any(separator in level for level in path))
    beginnings = {path[:end] for path in unambiguous for end in range(1, len(path))}
    return [separator.join(path) for path in unambiguous if path not in beginnings]


def _words(labels: Iterable[str], words: Mapping[str, str]) -> LabelPath:
    return tuple(words.get(label, label) for label in labels)


def _paths_to(label: str, labels: Mapping[str, Sequence[str]], below: LabelPath = ()) -> Iterator[LabelPath]:
    path = (label, *below)
    above = [parent for parent in labels[label] if parent in labels and parent not in path]
    if not above:
        yield path
    for parent in above:
        yield from _paths_to(parent, labels, path)


class _Lists(NamedTuple):
    """Foreign keywords of a list, and the labels (`ours`) and copies that it should hold."""

    foreign: list[str]
    ours: list[str]
    copies: list[str]


def _changes(packet: Packet, each: KeywordList, lists: _Lists) -> dict[KeywordList, Change]:
    """Changes that bring a list and its two companions to the wanted state."""
    changes = {}
    for noted, words in ((each.ours, lists.ours), (each.copies, lists.copies)):
        held = packet.values(noted)
        changes[noted] = Change(set(held).difference(words), _new(words, held))
    held = packet.values(each)
    words = [*lists.ours, *lists.copies]
    going = {word for change in changes.values() for word in change.removed} - {*words, *lists.foreign}
    return {each: Change(going & set(held), _new(words, held)), **changes}


def _rating_changes(packet: Packet, stars: int | None) -> dict[Property, str | None]:
    """Values that bring the rating and its two companions to the wanted state; empty if it is theirs, or as wanted."""
    held, own, former = (packet.text(each) for each in (RATING, OWN_RATING, FORMER_RATING))
    theirs = foreign_rating(held, own, former)
    wanted: dict[Property, str | None]
    if stars is None:
        wanted = {RATING: theirs, OWN_RATING: None, FORMER_RATING: None}
    elif rating_of(held if own is None else own) == stars:
        # Another program rated it after this one did: that is the later word.
        return {}
    else:
        wanted = {RATING: str(stars), OWN_RATING: str(stars), FORMER_RATING: theirs}
    return {each: value for each, value in wanted.items() if value != packet.text(each)}


def _new(words: Iterable[str], held: Sequence[str]) -> tuple[str, ...]:
    there = set(held)
    return tuple(word for word in words if word not in there)


def _wanted(
    packet: Packet,
    labels: Mapping[str, Sequence[str]],
    own: Mapping[KeywordList, Sequence[str]],
    words: Mapping[str, str],
) -> dict[KeywordList, _Lists]:
    """Wanted state of each list: foreign keywords, our labels, and copies of keywords that only other lists hold.

    Programs that know several lists read the best one only, so a list with nothing but our labels would hide the
    keywords that people wrote into the others.
    """
    theirs = {each: _foreign(packet, each) for each in _LISTS}
    source: Mapping[KeywordList, Sequence[str]] = theirs if any(theirs.values()) else own
    others = _paths_of(source)
    flat = list(dict.fromkeys(_words(labels, words)))
    keys = {_key(label) for label in flat}
    wanted: dict[KeywordList, _Lists] = {}
    for each, held in theirs.items():
        written = flat if each.separator is None else paths(labels, each.separator, words)
        ours = list(_without(written, held))
        copies: list[str] = []
        if ours and not held:
            new = (path for path in others if len(path) > 1 or _key(path[0]) not in keys)
            # Levels of paths can be in the flat list, too, and stay there.
            copies = list(_without([*source.get(each, ()), *_written(new, each)], ours))
        wanted[each] = _Lists(held, ours, copies)
    return wanted


def _foreign(packet: Packet, each: KeywordList) -> list[str]:
    held = [word for word in packet.values(each) if word.strip()]
    return foreign(held, set(packet.values(each.ours)), set(packet.values(each.copies)))


def _paths_of(foreign: Mapping[KeywordList, Sequence[str]]) -> list[LabelPath]:
    """Foreign keywords as paths. Flat keywords that are a level of some path are left out."""
    found = [
        tuple(word.split(each.separator))
        for each, words in foreign.items()
        if each.separator is not None
        for word in words
    ]
    levels = {_key(level) for path in found for level in path}
    return [*dict.fromkeys(found), *((word,) for word in foreign.get(SUBJECT, ()) if _key(word) not in levels)]


def _written(others: Iterable[LabelPath], each: KeywordList) -> Iterator[str]:
    if each.separator is None:
        return (path[-1] for path in others)
    parting = each.separator
    return (parting.join(path) for path in others if not any(parting in level for level in path))


def _without(words: Iterable[str], there: Iterable[str]) -> Iterator[str]:
    """Each of *words* once, without those that read the same as one that is *there*."""
    seen = {_key(word) for word in there}
    for word in words:
        if word.strip() and _key(word) not in seen:
            seen.add(_key(word))
            yield word


def _key(word: str) -> str:
    """Key under which two keywords read the same: case and Unicode composition are ignored."""
    return unicodedata.normalize("NFC", word).casefold().strip()


def _check(after: Packet, wanted: Mapping[KeywordList, _Lists], values: Mapping[Property, str | None]) -> None:
    """Verify the edited packet: a mistake of ours must never lose a foreign keyword, rating or caption."""
    for single, value in values.items():
        if after.text(single) != value:
            raise SidecarLeft(f"its {single.prefix}:{single.name} has an unsupported form")
    for each, lists in wanted.items():
        noted = (set(after.values(each.ours)), set(after.values(each.copies)))
        theirs = set(lists.foreign)
        is_correct = (
            lists.foreign == [word for word in after.values(each) if word in theirs]
            and {*lists.foreign, *lists.ours, *lists.copies} == {word for word in after.values(each) if word.strip()}
            and noted == (set(lists.ours), set(lists.copies))
        )
        if not is_correct:
            raise SidecarLeft(f"its {each.prefix}:{each.name} has an unsupported form")
