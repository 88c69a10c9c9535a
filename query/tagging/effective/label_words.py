"""Labels of the vocabularies in force in the words of other models: words that a label is called, and captions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from query.vocabulary.labels import normalized_name
from store.words import words_of

from .slots import SlotSpeller, SlotView, full_name, split_slot_name


class NamedLabel(NamedTuple):
    """A label in force by its full name, the id that photos were scored with, and its slot."""

    name: str
    id: int
    slot: str


class LabelWords:
    """Finds the labels of several vocabularies, by the words for them."""

    def __init__(self, slot_views: Sequence[SlotView]) -> None:
        self._speller = SlotSpeller(slot_views)
        self._slots = [view.name for view in slot_views]
        self._labels = {
            label.definition.name: NamedLabel(label.definition.name, label.id, view.name)
            for view in slot_views
            for label in view.revision.labels
        }
        self._phrases = [Phrases(view) for view in slot_views]
        self._known: dict[str, tuple[NamedLabel, ...]] = {}

    def called(self, word: str) -> tuple[NamedLabel, ...]:
        """The label of each vocabulary with this name or alias, or the singular of either."""
        found = self._known.get(word)
        if found is None:
            names = (self._speller.label(full_name(slot, word)) for slot in self._slots)
            found = tuple(self._labels[name] for name in dict.fromkeys(names) if name is not None)
            self._known[word] = found
        return found

    def within(self, caption: str) -> dict[NamedLabel, str]:
        """The labels in a caption, each with the words for it there.

        Of names that overlap, each vocabulary has the one that begins first, and of those the longest.
        """
        words = words_of(caption)
        return {self._labels[name]: phrase for phrases in self._phrases for phrase, name in phrases.within(words)}


class Phrases:
    """The names of one vocabulary's labels as sequences of words, to be found among those of a caption."""

    def __init__(self, view: SlotView) -> None:
        self._view = view
        self._singulars: dict[str, str] = {}

    def within(self, words: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield the phrases among *words*, as `words_of` gives them, that are labels, each with the label's full name.

        Case, diacritics and what stands between words do not count, and regular plurals are their singulars.
        """
        exact, folded, lengths = self._names
        singular, after = [self._singular(word) for word in words], 0
        for at, word in enumerate(singular):
            for length in lengths.get(word, ()) if at >= after else ():
                name = folded.get(" ".join(singular[at : at + length]))
                if name is not None:
                    phrase = " ".join(words[at : at + length])
                    yield phrase, exact.get(phrase, name)
                    after = at + length
                    break

    @cached_property
    def _names(self) -> tuple[dict[str, str], dict[str, str], dict[str, list[int]]]:
        """Labels by their words, labels by these as singulars, and lengths of names by their first singular."""
        exact: dict[str, str] = {}
        folded: dict[str, str] = {}
        starts: defaultdict[str, set[int]] = defaultdict(set)
        for name, label in self._spellings():
            words = words_of(name)
            if words:
                singular = [self._singular(word) for word in words]
                exact[" ".join(words)] = folded[" ".join(singular)] = label
                starts[singular[0]].add(len(words))
        return exact, folded, {first: sorted(lengths, reverse=True) for first, lengths in starts.items()}

    def _spellings(self) -> Iterator[tuple[str, str]]:
        """Aliases and then names, which win, without the slot; each with the label's full name."""
        labels = [label.definition for label in self._view.revision.labels]
        for label in labels:
            yield from ((self._own(alias), label.name) for alias in label.aliases)
        yield from ((self._own(label.name), label.name) for label in labels)

    def _own(self, name: str) -> str:
        return split_slot_name(name, [self._view.name])[1] if self._view.name else name

    def _singular(self, word: str) -> str:
        found = self._singulars.get(word)
        if found is None:
            found = self._singulars[word] = normalized_name(word, folded=True)
        return found
