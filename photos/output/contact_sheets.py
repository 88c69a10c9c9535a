"""Contact sheets: one self-contained HTML file, or one JPEG."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from store.errors import is_shown

if TYPE_CHECKING:
    from photos.thumbnails import Thumbnails

#: Most photos in a JPEG, which one can still find one's way in.
MOST_IN_JPEG: Final = 1000
#: Prefix of the temporary file that a sheet is written to.
PARTIAL: Final = ".photos-sheet-"
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_NO_DATE: Final = "Without a date"
#: Characters of a year and a month, as in 2024-05.
_MONTH: Final = 7


@dataclass(frozen=True, slots=True)
class Cell:
    """A photo in the sheet: its number in the library and its file, its rank, if it has one, and what is said of it.

    `score` is a line with its score, and `remark` one about the photo. `taken_at` is in ISO 8601, or empty.
    """

    photo: int
    path: bytes
    score: str = ""
    tags: tuple[str, ...] = ()
    remark: str = ""
    taken_at: str = ""
    rank: int | None = None

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


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under a heading and an introductory paragraph; either may be empty."""

    title: str
    text: str
    rows: Sequence[Row]


#: Gives the picture files of photos, by their numbers and in their order; None for those that cannot be read now.
Pictures = Callable[[Sequence[int]], Iterator[bytes | None]]


def pictures_of(thumbnails: Thumbnails) -> Pictures:
    """The pictures of a sheet: a library's *thumbnails*."""

    def pictures(photos: Sequence[int]) -> Iterator[bytes | None]:
        return (made if isinstance(made, bytes) else None for made in thumbnails.several(photos))

    return pictures


def months(cells: Iterable[Cell]) -> list[Row]:
    """Return *cells*, which are ordered by date, in a row for each month; photos without a date in one of their own."""
    rows: list[tuple[str, list[Cell]]] = []
    for cell in cells:
        month = cell.taken_at[:_MONTH]
        if not rows or rows[-1][0] != month:
            rows.append((month, []))
        rows[-1][1].append(cell)
    return [Row(_named(month), "", some) for month, some in rows]


def _named(month: str) -> str:
    year, _, number = month.partition("-")
    is_date = number.isdecimal() and 1 <= int(number) <= len(_MONTHS)
    return f"{_MONTHS[int(number) - 1]} {year}" if is_date else _NO_DATE


def write_html(
    path: Path, title: str, lead: str, sections: Sequence[Section], pictures: Pictures, *, overwrite: bool = False
) -> None:
    """Write the sheet to *path*, atomically. An unreadable picture leaves an empty cell.

    Raises `FileExistsError` if something is there and *overwrite* is False.
    """
    from photos.output.sheet_page import parts  # noqa: PLC0415 - a sheet has one form

    def write(stream: BinaryIO) -> None:
        stream.writelines(part.encode("utf-8") for part in parts(title, lead, sections, pictures))

    _place(path, write, overwrite=overwrite)


def write_jpeg(
    path: Path, title: str, rows: Sequence[Row], pictures: Pictures, *, overwrite: bool = False
) -> frozenset[str]:
    """Write *rows* as one picture to *path*, atomically; at most `MOST_IN_JPEG` photos.

    Returns the characters that no font of this system has: boxes stand for them. Raises `FileExistsError` if something
    is there and *overwrite* is False.
    """
    from photos.output.sheet_picture import draw  # noqa: PLC0415 - as above

    content, missing = draw(title, rows, pictures)
    _place(path, lambda stream: stream.write(content), overwrite=overwrite)
    return missing


def visible(text: str) -> str:
    """*text* with replacement characters for what no reader sees, half characters included."""
    plain = text.encode("utf-8", "replace").decode()
    return "".join(mark if is_shown(mark) else "\N{REPLACEMENT CHARACTER}" for mark in plain)


def _place(path: Path, write: Callable[[BinaryIO], object], *, overwrite: bool = False) -> None:
    """Write a temporary file with *write*, and move it to *path*. Raises `FileExistsError` without *overwrite*."""
    # A random name, so that no file of the user is hit.
    partial = path.with_name(f"{PARTIAL}{secrets.token_hex(8)}")
    try:
        with partial.open("xb") as stream:
            write(stream)
        if overwrite:
            partial.replace(path)
        else:
            _move_to_free(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _move_to_free(partial: Path, path: Path) -> None:
    """Move a file to *path*. Raises `FileExistsError` if something is there."""
    try:
        os.link(partial, path)
    except FileExistsError:
        raise
    except OSError:
        # Not every file system has hard links.
        if os.path.lexists(path):
            raise FileExistsError(os.fspath(path)) from None
        partial.rename(path)
