"""Puts a photo's labels among the keywords of its sidecar.

Beside each list stand two more, in a namespace of this program: of the labels that the program wrote there, and of the
keywords that it copied there. These may be taken out again; everything else is foreign and stays.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Final, NamedTuple

from indexer.decode import HIERARCHICAL, SUBJECT, TAGS, KeywordList, foreign
from photos.errors import SidecarLeft

from .keyword_edits import Change, edited
from .packet import Packet

_LISTS: Final = (SUBJECT, HIERARCHICAL, TAGS)
#: Ways from the top to one label that are written; more are no help to anyone.
_MOST_PATHS: Final = 8
_NAMESPACES: Final = {each.prefix: each.namespace for shown in _LISTS for each in (shown, shown.ours)}
_EMPTY: Final = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="photos">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""{"".join(f'{chr(10)}    xmlns:{key}="{uri}"' for key, uri in _NAMESPACES.items())}/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
"""
#: Every label is written as it is.
NO_OTHER_WORDS: Final[Mapping[str, str]] = MappingProxyType({})
#: Labels from the general to the special.
LabelPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """A sidecar's new content, and which words and paths of ours came and went."""

    content: bytes
    added: tuple[str, ...]
    removed: tuple[str, ...]


def merge(
    content: bytes | None,
    labels: Mapping[str, Sequence[str]],
    own_keywords: Sequence[str] = (),
    words: Mapping[str, str] = NO_OTHER_WORDS,
) -> Merged | None:
    """The sidecar *content*, or one that is still to be made, with *labels*; None if it needs no change.

    *labels* have the names of their parents; parents that are no labels themselves do not count. Labels of ours that
    are not among them are taken out. *own_keywords* are the picture's: where the sidecar has none, they are written
    beside ours, since programs that find keywords in a sidecar look no further. A label with another word among *words*
    is written by that. Raises `SidecarLeft`.
    """
    packet = Packet(_EMPTY.encode() if content is None else content)
    wanted = _wanted(packet, labels, own_keywords, words)
    changes = {
        each: change
        for shown, lists in wanted.items()
        for each, change in _changes(packet, shown, lists).items()
        if change.removed or change.added
    }
    if not changes:
        return None
    new = edited(packet, changes)
    _check(Packet(new), wanted)
    told = [changes[each] for each in (SUBJECT, HIERARCHICAL) if each in changes]
    ours = {*_words(labels, words), *paths(labels, "|", words)}
    added = dict.fromkeys(word for change in told for word in change.added if word in ours)
    removed = dict.fromkeys(word for change in told for word in sorted(change.removed))
    return Merged(new, tuple(added), tuple(removed))


def paths(labels: Mapping[str, Sequence[str]], parting: str, words: Mapping[str, str] = NO_OTHER_WORDS) -> list[str]:
    """The labels as paths from the general to the special, without those that are the beginning of another."""
    ways = [_words(way, words) for label in labels for way in islice(_paths_to(label, labels), _MOST_PATHS)]
    # A level with the mark in it would be taken for two.
    sound = dict.fromkeys(way for way in ways if not any(parting in level for level in way))
    beginnings = {way[:end] for way in sound for end in range(1, len(way))}
    return [parting.join(way) for way in sound if way not in beginnings]


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
    """What of one list is foreign, which words of ours are to be in it, and which copies."""

    foreign: list[str]
    ours: list[str]
    copies: list[str]


def _changes(packet: Packet, each: KeywordList, lists: _Lists) -> dict[KeywordList, Change]:
    """What makes a list, and what is noted of it, as it is wanted."""
    changes = {}
    for noted, words in ((each.ours, lists.ours), (each.copies, lists.copies)):
        held = packet.values(noted)
        changes[noted] = Change({word for word in held if word not in words}, _new(words, held))
    held = packet.values(each)
    words = [*lists.ours, *lists.copies]
    going = {word for change in changes.values() for word in change.removed} - {*words, *lists.foreign}
    return {each: Change(going & set(held), _new(words, held)), **changes}


def _new(words: Iterable[str], held: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for word in words if word not in held)


def _wanted(
    packet: Packet, labels: Mapping[str, Sequence[str]], own_keywords: Sequence[str], words: Mapping[str, str]
) -> dict[KeywordList, _Lists]:
    """For each list, what of ours is to be in it: our labels, and copies of what only other lists hold.

    Programs that know several lists read the best of them alone, so that one with nothing but our labels in it would
    hide what people wrote into the others.
    """
    theirs = {each: _foreign(packet, each) for each in _LISTS}
    others = _paths_of(theirs) or [(word,) for word in own_keywords]
    flat = list(dict.fromkeys(_words(labels, words)))
    keys = {_key(label) for label in flat}
    wanted: dict[KeywordList, _Lists] = {}
    for each, held in theirs.items():
        written = flat if each.separator is None else paths(labels, each.separator, words)
        ours = list(_without(written, held))
        copies: list[str] = []
        if ours and not held:
            new = (path for path in others if len(path) > 1 or _key(path[0]) not in keys)
            copies = list(_without(_written(new, each), ours))
        wanted[each] = _Lists(held, ours, copies)
    return wanted


def _foreign(packet: Packet, each: KeywordList) -> list[str]:
    held = [word for word in packet.values(each) if word.strip()]
    return foreign(held, set(packet.values(each.ours)), set(packet.values(each.copies)))


def _paths_of(foreign: Mapping[KeywordList, Sequence[str]]) -> list[LabelPath]:
    """What people wrote, as paths; words that are a level of one are left out."""
    found = [
        tuple(word.split(each.separator))
        for each, words in foreign.items()
        if each.separator is not None
        for word in words
    ]
    levels = {_key(level) for path in found for level in path}
    return [*dict.fromkeys(found), *((word,) for word in foreign[SUBJECT] if _key(word) not in levels)]


def _written(others: Iterable[LabelPath], each: KeywordList) -> Iterator[str]:
    if each.separator is None:
        return (path[-1] for path in others)
    parting = each.separator
    return (parting.join(path) for path in others if not any(parting in level for level in path))


def _without(words: Iterable[str], there: Iterable[str]) -> Iterator[str]:
    """Each of the *words* once that people would not take for one that is *there*."""
    seen = {_key(word) for word in there}
    for word in words:
        if word.strip() and _key(word) not in seen:
            seen.add(_key(word))
            yield word


def _key(word: str) -> str:
    """What makes two keywords the same to people: letters whatever their case or composition."""
    return unicodedata.normalize("NFC", word).casefold().strip()


def _check(after: Packet, wanted: Mapping[KeywordList, _Lists]) -> None:
    """Read the outcome once more: what is foreign is people's work, and a mistake of ours must not cost it."""
    for each, lists in wanted.items():
        noted = (set(after.values(each.ours)), set(after.values(each.copies)))
        is_sound = (
            lists.foreign == [word for word in after.values(each) if word in lists.foreign]
            and {*lists.foreign, *lists.ours, *lists.copies} == {word for word in after.values(each) if word.strip()}
            and noted == (set(lists.ours), set(lists.copies))
        )
        if not is_sound:
            raise SidecarLeft(f"its {each.prefix}:{each.name} is written in a way that is not understood")
