"""Notes below a drawn picture: their words, placed in lines that are as wide as the picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from photos.output.fonts import Fonts
from photos.output.sheet_rows import NO_WORDS, Note, NoteWord, visible

#: Pixels from one line to the next, and between words.
LINE: Final = 20
_SPACE: Final = 10
#: Part of the width that titles may take.
_TITLES: Final = 0.35


@dataclass(frozen=True, slots=True)
class PlacedWord:
    """A text with its distance from the left, in pixels, and its line, from 0 on; see `NoteWord` for the rest."""

    left: int
    line: int
    text: str
    is_strong: bool
    decision: bool | None


def place_notes(notes: Sequence[Note], width: int, fonts: Fonts) -> tuple[PlacedWord, ...]:
    """The titles and words of *notes* in *width* pixels: titles in a column of their own, each on a new line."""
    titles = [fonts.fitting(visible(note.title), width * _TITLES) for note in notes]
    indent = int(max(map(fonts.length, titles), default=0)) + _SPACE
    placed: list[PlacedWord] = []
    line = 0
    for note, title in zip(notes, titles, strict=True):
        placed.append(PlacedWord(0, line, title, is_strong=False, decision=None))
        words = list(_wrapped(note.words or (NoteWord(NO_WORDS, is_strong=False),), indent, width, line, fonts))
        placed += words
        line = words[-1].line + 1
    return tuple(placed)


def _wrapped(words: Sequence[NoteWord], indent: int, width: int, line: int, fonts: Fonts) -> Iterator[PlacedWord]:
    left = indent
    for word in words:
        text = fonts.fitting(_text(word), width - indent)
        length = int(fonts.length(text))
        if left > indent and left + length > width:
            left, line = indent, line + 1
        yield PlacedWord(left, line, text, word.is_strong, word.decision)
        left += length + _SPACE


def _text(word: NoteWord) -> str:
    """The word with its score and the user's decision, in letters: not every font has marks for these."""
    said = {True: "(yes)", False: "(no)", None: ""}[word.decision]
    return " ".join(visible(part) for part in (word.text, word.score, said) if part)
