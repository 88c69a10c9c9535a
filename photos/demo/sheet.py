"""The contact sheet: one HTML file with everything in it, to be opened from disk."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from PIL import Image, ImageOps

#: Pixels of a thumbnail's longer side: sharp at twice the size that it is shown in.
_SIDE = 400
_QUALITY = 78


@dataclass(frozen=True, slots=True)
class Cell:
    """A photo in the sheet: its file, a line on its score, and its tags."""

    path: bytes
    score: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A heading, a remark on it, and photos."""

    title: str
    remark: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under a heading, with a paragraph that explains them."""

    title: str
    text: str
    rows: Sequence[Row]


def write(path: Path, title: str, lead: str, sections: Sequence[Section]) -> None:
    """Write the sheet to *path*, whole or not at all."""
    body = "".join(_section(section) for section in sections)
    page = _PAGE.format(title=escape(title), lead=escape(lead), style=_STYLE, body=body)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(page, "utf-8")
    partial.replace(path)


def _section(section: Section) -> str:
    rows = "".join(_row(row) for row in section.rows)
    return f"<section><h2>{escape(section.title)}</h2><p>{escape(section.text)}</p>{rows}</section>"


def _row(row: Row) -> str:
    cells = "".join(_cell(cell) for cell in row.cells)
    remark = f" <small>{escape(row.remark)}</small>" if row.remark else ""
    return f'<h3>{escape(row.title)}{remark}</h3><div class="row">{cells}</div>'


def _cell(cell: Cell) -> str:
    name = Path(os.fsdecode(cell.path)).name.encode("utf-8", "replace").decode()
    tags = "".join(f"<li>{escape(tag)}</li>" for tag in cell.tags)
    return (
        f'<figure><img src="{_thumbnail(cell.path)}" alt="{escape(name)}" title="{escape(name)}">'
        f"<figcaption>{escape(cell.score)}<ul>{tags}</ul></figcaption></figure>"
    )


def _thumbnail(path: bytes) -> str:
    with Image.open(io.BytesIO(Path(os.fsdecode(path)).read_bytes())) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    upright.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    upright.save(content, "JPEG", quality=_QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(content.getvalue()).decode("ascii")


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header><h1>{title}</h1><p>{lead}</p></header>
{body}
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
h1 { margin: 0; font-size: 34px; letter-spacing: -0.02em; }
h2 { margin: 56px 0 4px; font-size: 22px; letter-spacing: -0.01em; }
h3 { margin: 30px 0 10px; font-size: 16px; font-weight: 600; }
h3 small { margin-left: 8px; color: var(--soft); font-weight: 400; }
p { margin: 6px 0; max-width: 76ch; color: var(--soft); }
.row { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 14px; }
@media (max-width: 900px) { .row { grid-template-columns: repeat(3, minmax(0, 1fr)); } }
figure { margin: 0; overflow: hidden; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
img { display: block; width: 100%; aspect-ratio: 4 / 3; object-fit: cover; }
figcaption { padding: 8px 10px 10px; color: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
ul { display: flex; flex-wrap: wrap; gap: 4px; margin: 6px 0 0; padding: 0; list-style: none; }
li { padding: 1px 7px; border-radius: 99px; background: var(--paper); color: var(--ink); font-size: 11px; }
"""
