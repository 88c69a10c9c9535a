"""Contact sheets: one self-contained HTML file, or one JPEG."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import BinaryIO, Final

from PIL import Image, ImageDraw, ImageFont

from photos.output.thumbnails import in_srgb, jpeg, thumbnail
from store.errors import is_shown

#: Pixels of a thumbnail's longer side, twice the size shown, for sharp displays.
_SIDE = 400
#: Most photos in a JPEG: its sides are limited to 65 500 pixels, and so many photos take 0.3 GB of memory.
MOST_IN_JPEG: Final = 1000
#: Prefix of the temporary file that a sheet is written to.
PARTIAL: Final = ".photos-sheet-"


@dataclass(frozen=True, slots=True)
class Cell:
    """A photo in the sheet: its file, a line with its score, its tags, and a line about the photo."""

    path: bytes
    score: str
    tags: tuple[str, ...] = ()
    remark: str = ""

    @property
    def name(self) -> str:
        """Name of the file, with unprintable characters replaced."""
        name = os.fsdecode(self.path).rpartition("/")[2].encode("utf-8", "replace").decode()
        return _visible(name)


@dataclass(frozen=True, slots=True)
class Row:
    """A heading, a remark beside it, and photos."""

    title: str
    remark: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under a heading and an introductory paragraph; either may be empty.

    With `is_paired`, each two rows are side by side.
    """

    title: str
    text: str
    rows: Sequence[Row]
    is_paired: bool = False


def write_html(path: Path, title: str, lead: str, sections: Sequence[Section], *, overwrite: bool = False) -> None:
    """Write the sheet to *path*, atomically. An unreadable picture leaves an empty cell.

    Raises `FileExistsError` if something is there and *overwrite* is False.
    """

    def write(stream: BinaryIO) -> None:
        stream.writelines(part.encode("utf-8") for part in _parts(title, lead, sections))

    _place(path, write, overwrite=overwrite)


def write_jpeg(
    path: Path, title: str, cells: Sequence[Cell], *, columns: int = 5, side: int = 320, overwrite: bool = False
) -> None:
    """Write the *cells* as one picture to *path*, atomically; *side* is the width of each cell, in pixels.

    At most `MOST_IN_JPEG` cells. Raises `FileExistsError` if something is there and *overwrite* is False.
    """
    columns = max(1, min(columns, len(cells)))
    height = side * 3 // 4
    rows = -(-len(cells) // columns)
    size = (_EDGE + columns * (side + _EDGE), _HEAD + rows * (height + _FOOT + _EDGE) + _EDGE)
    page = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(page)
    draw.text((_EDGE, _EDGE), _fitting(draw, title, _LARGE, size[0] - 2 * _EDGE), _INK, _LARGE)
    for at, cell in enumerate(cells):
        left = _EDGE + at % columns * (side + _EDGE)
        top = _HEAD + at // columns * (height + _FOOT + _EDGE)
        _paste(page, cell, (left, top, side, height))
        draw.text((left, top + height + 8), _fitting(draw, cell.name, _SMALL, side), _INK, _SMALL)
        below = " · ".join(part for part in (cell.score, cell.remark) if part)
        draw.text((left, top + height + 28), _fitting(draw, below, _SMALL, side), _SOFT, _SMALL)
    content = jpeg(page, 88)
    _place(path, lambda stream: stream.write(content), overwrite=overwrite)


def _paste(page: Image.Image, cell: Cell, box: tuple[int, int, int, int]) -> None:
    left, top, width, height = box
    picture = thumbnail(cell.path, max(width, height))
    page.paste(_CARD, (left, top, left + width, top + height))
    if picture is None:
        draw = ImageDraw.Draw(page)
        draw.text((left + width // 2, top + height // 2), "not readable now", _SOFT, _SMALL, anchor="mm")
        return
    # One page has one profile.
    picture = in_srgb(picture)
    picture.thumbnail((width, height), Image.Resampling.LANCZOS)
    page.paste(picture, (left + (width - picture.width) // 2, top + (height - picture.height) // 2))


def _fitting(
    draw: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int
) -> str:
    """*text*, shortened to *width* pixels."""
    shown = _visible(text)
    if draw.textlength(shown, font) <= width:
        return shown
    while shown and draw.textlength(shown + "…", font) > width:
        shown = shown[:-1]
    return shown + "…"


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


def _parts(title: str, lead: str, sections: Sequence[Section]) -> Iterator[str]:
    """Parts of the page, one photo at a time: the whole page could take gigabytes."""
    yield _BEGIN.format(title=_text(title), lead=_text(lead), style=_STYLE)
    for section in sections:
        yield "<section>"
        yield f"<h2>{_text(section.title)}</h2>" if section.title else ""
        yield f"<p>{_text(section.text)}</p>" if section.text else ""
        yield '<div class="pair">' if section.is_paired else ""
        for row in section.rows:
            yield "<div>" if section.is_paired else ""
            yield from _row(row)
            yield "</div>" if section.is_paired else ""
        yield "</div>" if section.is_paired else ""
        yield "</section>"
    yield _END


def _row(row: Row) -> Iterator[str]:
    remark = f" <small>{_text(row.remark)}</small>" if row.remark else ""
    yield f"<h3>{_text(row.title)}{remark}</h3>" if row.title or remark else ""
    yield '<div class="row">'
    yield from map(_cell, row.cells)
    yield "</div>"


def _cell(cell: Cell) -> str:
    name = _text(cell.name)
    picture = thumbnail(cell.path, _SIDE)
    tags = "".join(f"<li>{_text(tag)}</li>" for tag in cell.tags)
    remark = f"<span>{_text(cell.remark)}</span>" if cell.remark else ""
    image = (
        f'<div class="none" title="{name}">not readable now</div>'
        if picture is None
        else f'<img src="{_inline(picture)}" alt="{name}" title="{name}" loading="lazy">'
    )
    return f"<figure>{image}<figcaption>{_text(cell.score)}{remark}<ul>{tags}</ul></figcaption></figure>"


def _inline(picture: Image.Image) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg(picture)).decode("ascii")


def _text(text: str) -> str:
    """*text* escaped for any HTML element or attribute; unprintable characters are replaced."""
    return escape(_visible(text.encode("utf-8", "replace").decode()))


def _visible(text: str) -> str:
    """*text* with replacement characters for what no reader sees, half characters included."""
    return "".join(mark if is_shown(mark) else "\N{REPLACEMENT CHARACTER}" for mark in text)


_EDGE, _HEAD, _FOOT = 20, 76, 52
_PAPER, _CARD, _INK, _SOFT = (246, 245, 242), (234, 232, 226), (29, 35, 48), (102, 112, 133)
_LARGE = ImageFont.load_default(28)
_SMALL = ImageFont.load_default(14)

_BEGIN = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header><h1>{title}</h1><p>{lead}</p></header>
"""
_END = """
</body>
</html>
"""

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2330; --soft: #667085; --paper: #f6f5f2; --card: #fff; --line: #e4e2dc; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e9ebf0; --soft: #99a2b3; --paper: #14171d; --card: #1d2129; --line: #2c323d; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1240px; padding: 40px 28px 80px; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { margin: 0; font-size: 34px; letter-spacing: -0.02em; overflow-wrap: anywhere; }
h2 { margin: 56px 0 4px; font-size: 22px; letter-spacing: -0.01em; }
h3 { margin: 30px 0 10px; font-size: 16px; font-weight: 600; }
h3 small { margin-left: 8px; color: var(--soft); font-weight: 400; }
p { margin: 6px 0; max-width: 76ch; color: var(--soft); }
section { margin-top: 24px; }
.row { display: grid; grid-template-columns: repeat(auto-fill, minmax(170px, 1fr)); gap: 14px; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 32px; }
.pair .row { grid-template-columns: repeat(auto-fill, minmax(130px, 1fr)); }
figure { margin: 0; overflow: hidden; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
img, .none { display: block; width: 100%; aspect-ratio: 4 / 3; object-fit: cover; }
.none { display: grid; place-items: center; background: var(--paper); color: var(--soft); font-size: 12px; }
figcaption { padding: 8px 10px 10px; color: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
figcaption span { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
ul { display: flex; flex-wrap: wrap; gap: 4px; margin: 6px 0 0; padding: 0; list-style: none; }
li { padding: 1px 7px; border-radius: 99px; background: var(--paper); color: var(--ink); font-size: 11px; }
"""
