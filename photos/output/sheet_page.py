"""The HTML form of a contact sheet: justified rows without a script, in the colours of the gallery."""

from __future__ import annotations

import base64
import io
import urllib.parse
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Final

from PIL import Image

from photos.output.sheet_rows import NO_WORDS, Cell, Note, NoteWord, Pictures, Row, Section, cell_shape, visible

#: Photos of a row that may fit in one line of a common window; its width, its gaps, and heights, in pixels.
_FEW: Final = 8
_LINE, _GAP, _LOWEST, _USUAL_HEIGHT = 1170, 10, 125, 190


def parts(title: str, lead: str, sections: Sequence[Section], pictures: Pictures) -> Iterator[str]:
    """Parts of the page, one photo at a time: the whole page could take gigabytes."""
    yield _BEGIN.format(title=_text(title), lead=_text(lead), style=_STYLE)
    for section in sections:
        yield "<section>"
        yield f"<h2>{_text(section.title)}</h2>" if section.title else ""
        yield f"<p>{_text(section.text)}</p>" if section.text else ""
        yield '<div class="pair">' if section.is_paired else ""
        for row in section.rows:
            yield "<div>" if section.is_paired else ""
            yield from _row(row, pictures)
            yield "</div>" if section.is_paired else ""
        yield "</div>" if section.is_paired else ""
        yield "</section>"
    yield _END


def _row(row: Row, pictures: Pictures) -> Iterator[str]:
    remark = f" <small>{_text(row.remark)}</small>" if row.remark else ""
    yield f"<h3>{_text(row.title)}{remark}</h3>" if row.title or remark else ""
    files = pictures([cell.photo for cell in row.cells])
    seen: Iterable[tuple[Cell, bytes | None]] = zip(row.cells, files, strict=True)
    if row.has_notes:
        yield '<div class="noted row">'
    elif len(row.cells) > _FEW:
        yield '<div class="row">'
    else:
        seen = list(seen)
        yield f'<div class="row"{_height([cell_shape(_size(picture)) for _, picture in seen])}>'
    for cell, picture in seen:
        yield _cell(cell, picture)
    yield "</div>"


def _height(shapes: Sequence[float]) -> str:
    """The height of a row of these proportions as a style, if a little less than usual lets it fit in one line."""
    high = (_LINE - _GAP * (len(shapes) - 1)) / sum(shapes, 1e-9)
    return f' style="--high:{high:.0f}px"' if _LOWEST <= high < _USUAL_HEIGHT else ""


def _cell(cell: Cell, picture: bytes | None) -> str:
    name, size = _text(cell.name), _size(picture)
    width, height = size or (4, 3)
    shape = cell_shape(size)
    image = (
        '<span class="none">not readable now</span>'
        if picture is None
        else f'<img src="{_inline(picture)}" alt="{name}" width="{width}" height="{height}">'
    )
    rank = f"<b>{cell.rank}</b> " if cell.rank is not None else ""
    below = " · ".join(_text(part) for part in (cell.score, cell.remark) if part)
    tags = "".join(f"<li>{_text(tag)}</li>" for tag in cell.tags)
    return (
        f'<figure style="--shape:{shape:.4f}"><a href="{_uri(cell.path)}" title="{name}">{image}</a>'
        f"<figcaption><span>{rank}{name}</span><span>{below}</span>"
        f"{f'<ul>{tags}</ul>' if tags else ''}{_notes(cell.notes)}</figcaption></figure>\n"
    )


def _notes(notes: Sequence[Note]) -> str:
    listed = "".join(
        f"<dt>{_text(note.title)}</dt><dd>{''.join(map(_word, note.words)) or NO_WORDS}</dd>" for note in notes
    )
    return f"<dl>{listed}</dl>" if listed else ""


def _word(word: NoteWord) -> str:
    strength = "strong" if word.is_strong else "weak"
    said, mark = {True: (" yes", "\N{CHECK MARK} "), False: (" no", "\N{BALLOT X} "), None: ("", "")}[word.decision]
    score = f" <small>{_text(word.score)}</small>" if word.score else ""
    return f'<i class="{strength}{said}">{mark}{_text(word.text)}{score}</i>'


def _size(picture: bytes | None) -> tuple[int, int] | None:
    if picture is None:
        return None
    with Image.open(io.BytesIO(picture)) as image:
        return image.size


def _inline(picture: bytes) -> str:
    # The RIFF container of WebP.
    kind = "webp" if picture[:4] == b"RIFF" else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode('ascii')}"


def _uri(path: bytes) -> str:
    """The absolute *path* as a link; bytes that are no text stay what they are."""
    return "file://" + escape(urllib.parse.quote(path))


def _text(text: str) -> str:
    """*text* escaped for any HTML element or attribute; unprintable characters are replaced."""
    return escape(visible(text))


_BEGIN = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
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

# Cells of one line grow by their proportions, from widths in their proportions: so all pictures of a line are of one
# height. The empty last cell takes up what is left of the last line.
_STYLE = """
:root { color-scheme: light dark; --ground: #ffffff; --sunken: #f2f3f6; --line: #e3e4ea; --text: #1b1c22;
  --faint: #5d606c; --accent: #3d4fc4; --yes: #1d7a3e; --no: #b3261e; --high: 190px; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #131316; --sunken: #26272d; --line: #313239; --text: #e9e9ee; --faint: #a3a5b2; --accent: #a9b4ff;
    --yes: #7ad196; --no: #ff9d94; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1500px; padding: 36px 32px 80px; background: var(--ground); color: var(--text);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, Inter, "Noto Sans", sans-serif; }
h1, h2, h3, p, ul, figure { margin: 0; padding: 0; }
h1 { font-size: 30px; font-weight: 600; letter-spacing: -0.02em; overflow-wrap: anywhere; }
h2 { margin-top: 52px; font-size: 21px; font-weight: 600; letter-spacing: -0.01em; }
h3 { margin: 30px 0 10px; font-size: 16px; font-weight: 600; overflow-wrap: anywhere; }
h3 small { margin-left: 8px; color: var(--faint); font-size: 14px; font-weight: 400; }
p { margin-top: 4px; max-width: 80ch; color: var(--faint); }
section { margin-top: 26px; }
.row { display: flex; flex-wrap: wrap; gap: 14px 10px; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 32px; }
.pair .row { --high: 130px !important; }
.row::after { content: ""; flex: 1000 1 0; }
figure { flex: calc(var(--shape) * 10) 1 calc(var(--shape) * var(--high)); min-width: 0;
  max-width: calc(var(--shape) * var(--high) * 1.7); }
a { display: grid; place-items: center; aspect-ratio: var(--shape); overflow: hidden; border-radius: 6px;
  background: var(--sunken); color: inherit; text-decoration: none; }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
img { display: block; width: 100%; height: 100%; object-fit: contain; }
.none { padding: 8px; color: var(--faint); font-size: 12px; text-align: center; }
figcaption { padding: 5px 1px 0; color: var(--faint); font-size: 12px; font-variant-numeric: tabular-nums; }
figcaption span { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
figcaption span:first-child { color: var(--text); font-size: 13px; }
figcaption b { margin-right: 3px; color: var(--accent); font-weight: 600; }
ul { display: flex; flex-wrap: wrap; gap: 3px; margin-top: 4px; list-style: none; }
li { padding: 0 7px; border-radius: 9px; background: var(--sunken); font-size: 11px; line-height: 18px; }
.noted.row { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 26px 22px; }
.noted.row::after { content: none; }
.noted figure { max-width: none; }
.noted figure a { aspect-ratio: 4 / 3; }
dl { display: grid; grid-template-columns: minmax(56px, max-content) 1fr; gap: 5px 8px; margin: 7px 0 0; }
dt { max-width: 110px; overflow-wrap: anywhere; line-height: 18px; }
dd { display: flex; flex-wrap: wrap; gap: 3px; margin: 0; line-height: 18px; }
dd i { padding: 0 7px; border-radius: 9px; background: var(--sunken); color: var(--text); font-style: normal; }
dd i.weak { background: none; color: var(--faint); }
dd i.yes { color: var(--yes); }
dd i.no { color: var(--no); }
dd small { color: var(--faint); font-size: 11px; }
@media (max-width: 600px) {
  :root { --high: 120px; }
  body { padding: 20px 12px 60px; }
  .row { gap: 12px 6px; }
}
@media print { figure { break-inside: avoid; } }
"""
