"""Writing of contact sheets: no file of the user is replaced unasked, and no photo ever."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from photos.cli.kit.format import counted, shown_path
from photos.errors import FileExists, UnwritableFile, safe

if TYPE_CHECKING:
    from photos.output.sheet_rows import Row
    from photos.thumbnails import Thumbnails

#: Characters without a font that are named.
_NAMED: Final = 10


def check_sheet(file: str, photos: Iterable[str], count: int, *, force: bool) -> None:
    """Raise an error if *file* cannot be a sheet of *count* photos, whose paths are *photos*.

    `FileExists` without *force*; `UnwritableFile` for one of the photos, and for too many in a picture.
    """
    from photos.output.contact_sheets import MOST_IN_PICTURE

    path = Path(file)
    # Never overwrite unasked: the file may be a photo of the user's.
    if (path.exists() or path.is_symlink()) and not force:
        raise FileExists(file, "--force")
    if force and any(path.exists() and os.path.exists(place) and path.samefile(place) for place in photos):
        raise UnwritableFile(file, "it is one of the photos")
    if _is_picture(path) and count > MOST_IN_PICTURE:
        most = counted(MOST_IN_PICTURE, "photo")
        raise UnwritableFile(file, f"a picture holds at most {most}; name a .html file, or ask for fewer")


def write_sheet(file: str, title: str, lead: str, rows: Sequence[Row], thumbnails: Thumbnails, *, force: bool) -> None:
    """Write the sheet to *file* by its ending, and say so. Raises `FileExists` or `UnwritableFile`."""
    from photos.output.contact_sheets import pictures_of, write_html, write_picture
    from photos.output.sheet_rows import Section

    path = Path(file)
    missing: frozenset[str] = frozenset()
    try:
        if _is_picture(path):
            missing = write_picture(path, title, rows, pictures_of(thumbnails), overwrite=force)
        else:
            write_html(path, title, lead, [Section("", "", rows)], pictures_of(thumbnails), overwrite=force)
    except FileExistsError:
        raise FileExists(file, "--force") from None
    except OSError as error:
        raise UnwritableFile(file, error.strerror or str(error)) from error
    click.echo(f"Wrote {shown_path(os.fsencode(path.absolute()))}.", err=True)
    if missing:
        some = safe(" ".join(sorted(missing)[:_NAMED]))
        click.echo(f"No font of this system has {some}; boxes stand for them. A .html sheet shows them.", err=True)


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in {".jpg", ".jpeg", ".png"}
