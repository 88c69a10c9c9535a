"""The picture form of a contact sheet: justified rows, drawn on one page in the colours of the screen."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw

from indexer.decode import srgb
from photos.output.fonts import Fonts
from photos.output.sheet_notes import LINE, PlacedWord, place_notes
from photos.output.sheet_rows import Cell, Pictures, Row, cell_shape, visible

#: Pixels: the widest page, its margin, the gap between pictures, and the height of a line of pictures.
_WIDE, _MARGIN, _GAP, _HIGH = 1800, 32, 12, 240
#: Pixels below a picture for two lines of text, above a heading's base line and below it, and of the title.
_FOOT, _OVER, _UNDER, _HEAD = 52, 44, 16, 84
#: A line of pictures that is not full is not enlarged, and one may be this much higher than usual.
_MOST_GROWTH: Final = 1.3
#: Cells side by side in a row with notes, pixels between them, and their proportions.
_COLUMNS, _PART, _USUAL = 4, 28, 4 / 3
#: Pixels that a picture's sides may have, less than the 65 500 that JPEG allows.
_LONGEST: Final = 60_000
_PAPER, _CARD, _INK, _SOFT, _MARK = (255, 255, 255), (242, 243, 246), (27, 28, 34), (93, 96, 108), (61, 79, 196)
_YES, _NO = (29, 122, 62), (179, 38, 30)


@dataclass(frozen=True, slots=True)
class _Placed:
    """A cell in its line: its picture, and where it is, in pixels."""

    cell: Cell
    picture: Image.Image | None
    left: int
    width: int
    words: tuple[PlacedWord, ...] = ()


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of cells of one height, or a heading, with none."""

    height: int
    cells: tuple[_Placed, ...] = ()
    title: str = ""
    remark: str = ""

    @property
    def takes(self) -> int:
        """Pixels from the top of this line to the next one."""
        if not self.cells:
            return self.height
        lines = max(word.line + 1 for cell in self.cells for word in cell.words) if self._has_words else 0
        return self.height + _FOOT + lines * LINE + (_PART if lines else 0) + _GAP

    @property
    def _has_words(self) -> bool:
        return any(cell.words for cell in self.cells)


def draw(title: str, rows: Sequence[Row], pictures: Pictures, kind: str) -> tuple[bytes, frozenset[str]]:
    """Return the sheet as a file of *kind*, "JPEG" or "PNG", and the characters that no font has."""
    large, medium, small = Fonts(30), Fonts(20), Fonts(15)
    read = [[_opened(data) for data in pictures([cell.photo for cell in row.cells])] for row in rows]
    lines = _lines(rows, read, small)
    used = max((each.left + each.width for line in lines for each in line.cells), default=0)
    # A few photos need no wide page, but a title does.
    inner = max(used, min(_WIDE - 2 * _MARGIN, int(large.length(visible(title))) + 1), 280)
    page = Image.new("RGB", (inner + 2 * _MARGIN, _HEAD + sum(line.takes for line in lines) + _MARGIN), _PAPER)
    pen = ImageDraw.Draw(page)
    large.draw(pen, (_MARGIN, _MARGIN + 28), large.fitting(visible(title), inner), _INK)
    top = _HEAD
    for line in lines:
        if line.cells:
            for each in line.cells:
                _draw_cell(page, pen, each, (top, line.height), small)
        else:
            heading = medium.fitting(visible(line.title), inner)
            base = top + line.height - _UNDER
            medium.draw(pen, (_MARGIN, base), heading, _INK)
            after = _MARGIN + int(medium.length(heading)) + 12
            small.draw(pen, (after, base), small.fitting(visible(line.remark), inner - after), _SOFT)
        top += line.takes
    stream = io.BytesIO()
    page.save(stream, kind, quality=88, optimize=True)
    return stream.getvalue(), frozenset(large.missing | medium.missing | small.missing)


def _draw_cell(
    page: Image.Image, pen: ImageDraw.ImageDraw, placed: _Placed, span: tuple[int, int], fonts: Fonts
) -> None:
    top, height = span
    left, width, cell = _MARGIN + placed.left, placed.width, placed.cell
    if placed.picture is None:
        pen.rectangle((left, top, left + width - 1, top + height - 1), _CARD)
        note = fonts.fitting("not readable now", width)
        fonts.draw(pen, (left + (width - fonts.length(note)) / 2, top + height / 2 + 5), note, _SOFT)
    else:
        picture = _fitted(placed.picture, width, height)
        if picture.size != (width, height):
            pen.rectangle((left, top, left + width - 1, top + height - 1), _CARD)
        page.paste(picture, (left + (width - picture.width) // 2, top + (height - picture.height) // 2))
    rank = "" if cell.rank is None else f"{cell.rank}  "
    fonts.draw(pen, (left, top + height + 21), rank, _MARK)
    begin = fonts.length(rank)
    fonts.draw(pen, (left + begin, top + height + 21), fonts.fitting(cell.name, width - begin), _INK)
    below = " · ".join(visible(part) for part in (cell.score, cell.remark) if part)
    fonts.draw(pen, (left, top + height + 41), fonts.fitting(below, width), _SOFT)
    for word in placed.words:
        fonts.draw(pen, (left + word.left, top + height + 41 + LINE * (word.line + 1)), word.text, _colour(word))


def _colour(word: PlacedWord) -> tuple[int, int, int]:
    if word.decision is not None:
        return _YES if word.decision else _NO
    return _INK if word.is_strong else _SOFT


def _opened(data: bytes | None) -> Image.Image | None:
    if data is None:
        return None
    with Image.open(io.BytesIO(data)) as image:
        # One page has one profile.
        return srgb(image, image.info.get("icc_profile"))


def _fitted(picture: Image.Image, width: int, height: int) -> Image.Image:
    scale = min(width / picture.width, height / picture.height)
    wide, high = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    # A line of pictures has one height, and a pixel less would show.
    size = width if width - wide <= 1 else wide, height if height - high <= 1 else high
    return picture.resize(size, Image.Resampling.LANCZOS)


def _lines(rows: Sequence[Row], pictures: Sequence[Sequence[Image.Image | None]], fonts: Fonts) -> list[_Line]:
    """Lines of the page, as high as usual if they fit on it."""
    high = _HIGH
    while True:
        lines = [line for row, own in zip(rows, pictures, strict=True) for line in _of_row(row, own, high, fonts)]
        if sum(line.takes for line in lines) <= _LONGEST or high == 1:
            return lines
        high = max(1, high * 3 // 4)


def _of_row(row: Row, pictures: Sequence[Image.Image | None], high: int, fonts: Fonts) -> Iterator[_Line]:
    if row.title or row.remark:
        yield _Line(_OVER + _UNDER, title=row.title, remark=row.remark)
    yield from _grid(row, pictures, high, fonts) if row.has_notes else _justified(row, pictures, high)


def _grid(row: Row, pictures: Sequence[Image.Image | None], high: int, fonts: Fonts) -> Iterator[_Line]:
    width = (_WIDE - 2 * _MARGIN - (_COLUMNS - 1) * _PART) // _COLUMNS
    cells = list(zip(row.cells, pictures, strict=True))
    for start in range(0, len(cells), _COLUMNS):
        placed = [
            _Placed(cell, picture, column * (width + _PART), width, place_notes(cell.notes, width, fonts))
            for column, (cell, picture) in enumerate(cells[start : start + _COLUMNS])
        ]
        yield _Line(max(1, round(width * high / _HIGH / _USUAL)), tuple(placed))


def _justified(row: Row, pictures: Sequence[Image.Image | None], high: int) -> Iterator[_Line]:
    inner = _WIDE - 2 * _MARGIN
    line: list[tuple[Cell, Image.Image | None, float]] = []
    for cell, picture in zip(row.cells, pictures, strict=True):
        line.append((cell, picture, cell_shape(None if picture is None else picture.size)))
        # The height at which the line is as wide as the page.
        full = (inner - _GAP * (len(line) - 1)) / sum(shape for _, _, shape in line)
        if full <= high * _MOST_GROWTH:
            yield _set(line, full, inner)
            line = []
    if line:
        yield _set(line, float(high), None)


def _set(line: Sequence[tuple[Cell, Image.Image | None, float]], height: float, inner: int | None) -> _Line:
    """Place the cells of a line of that *height*, which ends at *inner* if it is full."""
    placed: list[_Placed] = []
    edge = 0.0
    for number, (cell, picture, shape) in enumerate(line):
        right = inner if inner is not None and number == len(line) - 1 else round(edge + shape * height)
        placed.append(_Placed(cell, picture, round(edge), max(1, right - round(edge))))
        edge += shape * height + _GAP
    return _Line(max(1, round(height)), tuple(placed))
