"""Rows of a contact sheet: photos with their captions, under headings."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from store.errors import is_shown

_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_NO_DATE: Final = "Without a date"
#: Stands for a note without words.
NO_WORDS: Final = "\N{EN DASH}"
#: Characters of a year and a month, as in 2024-05, and of the year.
_MONTH, _YEAR = 7, 4
#: Photos from which a month has a row of its own.
_FEW: Final = 6
#: Proportions within which a picture sets the width of its cell, and those of a cell without one. Beyond, it stands in
#: the middle of one.
_NARROWEST, _WIDEST, _USUAL = 0.6, 4.0, 4 / 3


@dataclass(frozen=True, slots=True)
class NoteWord:
    """A word of a note, with its score as a text, or an empty one.

    `decision` is the user's: True if it was confirmed, False if rejected, None without one.
    """

    text: str
    score: str = ""
    is_strong: bool = True
    decision: bool | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """Words about a photo under a title, such as those of one tagger."""

    title: str
    words: tuple[NoteWord, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A photo in the sheet: its number in the library and its file, its rank, if it has one, and its captions.

    `score` is a line with its score, and `remark` one about the photo. `taken_at` is in ISO 8601, or empty. A row in
    which a cell has `notes` is a grid, since notes need width.
    """

    photo: int
    path: bytes
    score: str = ""
    tags: tuple[str, ...] = ()
    remark: str = ""
    taken_at: str = ""
    rank: int | None = None
    notes: tuple[Note, ...] = ()

    @property
    def name(self) -> str:
        """Name of the file, with unprintable characters replaced."""
        return visible(os.fsdecode(self.path).rpartition("/")[2])


@dataclass(frozen=True, slots=True)
class Row:
    """A heading, a remark beside it, and photos, which may take several lines."""

    title: str
    remark: str
    cells: Sequence[Cell]

    @property
    def has_notes(self) -> bool:
        """True if any of its photos has notes."""
        return any(cell.notes for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under a heading and an introductory paragraph; either may be empty.

    With `is_paired`, each two rows are side by side.
    """

    title: str
    text: str
    rows: Sequence[Row]
    is_paired: bool = False


#: Gives the picture files of photos, by their numbers and in their order; None for those that cannot be read now.
Pictures = Callable[[Sequence[int]], Iterator[bytes | None]]


def months(cells: Iterable[Cell]) -> list[Row]:
    """Return *cells*, which are ordered by date, in a row for each month; photos without a date in one of their own.

    Months of one year that have few photos each share a row.
    """
    rows: list[tuple[list[str], list[Cell]]] = []
    was_small = False
    for month, own in groupby(cells, lambda cell: cell.taken_at[:_MONTH]):
        some = list(own)
        is_small = len(some) < _FEW
        if rows and is_small and was_small and month and rows[-1][0][0][:_YEAR] == month[:_YEAR]:
            rows[-1][0].append(month)
            rows[-1][1].extend(some)
        else:
            rows.append(([month], some))
        was_small = is_small
    return [Row(_named(min(span), max(span)), "", some) for span, some in rows]


def _named(first: str, last: str) -> str:
    """Names of months of one year, each as in 2024-05: "May 2024", "May - July 2024"."""
    year, _, number = last.partition("-")
    if not number.isdecimal() or not 1 <= int(number) <= len(_MONTHS):
        return _NO_DATE
    named = f"{_MONTHS[int(number) - 1]} {year}"
    return named if first == last else f"{_MONTHS[int(first[-2:]) - 1]} \N{EN DASH} {named}"


def cell_shape(size: tuple[int, int] | None) -> float:
    """Return the proportions of a cell whose picture has that width and height; None stands for no picture."""
    return _USUAL if size is None else min(max(size[0] / size[1], _NARROWEST), _WIDEST)


def visible(text: str) -> str:
    """*text* with replacement characters for what no reader sees, half characters included."""
    plain = text.encode("utf-8", "replace").decode()
    return "".join(mark if is_shown(mark) else "\N{REPLACEMENT CHARACTER}" for mark in plain)
