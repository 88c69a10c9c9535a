"""Contact sheets: one self-contained HTML file, or one picture, JPEG or PNG."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from photos.output import sheet_page, sheet_picture
from photos.output.sheet_rows import Pictures, Row, Section

if TYPE_CHECKING:
    from photos.thumbnails import Thumbnails

#: Most photos in a picture, which one can still find one's way in.
MOST_IN_PICTURE: Final = 1000
#: Prefix of the temporary file that a sheet is written to.
PARTIAL: Final = ".photos-sheet-"


def pictures_of(thumbnails: Thumbnails) -> Pictures:
    """The pictures of a sheet: a library's *thumbnails*."""

    def pictures(photos: Sequence[int]) -> Iterator[bytes | None]:
        return (made if isinstance(made, bytes) else None for made in thumbnails.several(photos))

    return pictures


def write_html(
    path: Path, title: str, lead: str, sections: Sequence[Section], pictures: Pictures, *, overwrite: bool = False
) -> None:
    """Write the sheet to *path*, atomically. An unreadable picture leaves an empty cell.

    Raises `FileExistsError` if something is there and *overwrite* is False.
    """

    def write(stream: BinaryIO) -> None:
        stream.writelines(part.encode("utf-8") for part in sheet_page.parts(title, lead, sections, pictures))

    _place(path, write, overwrite=overwrite)


def write_picture(
    path: Path, title: str, rows: Sequence[Row], pictures: Pictures, *, overwrite: bool = False
) -> frozenset[str]:
    """Write *rows* as one picture to *path*, atomically; at most `MOST_IN_PICTURE` photos. It is a PNG in a .png file.

    Returns the characters that no font of this system has: boxes stand for them. Raises `FileExistsError` if something
    is there and *overwrite* is False.
    """
    kind = "PNG" if path.suffix.lower() == ".png" else "JPEG"
    content, missing = sheet_picture.draw(title, rows, pictures, kind)
    _place(path, lambda stream: stream.write(content), overwrite=overwrite)
    return missing


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
