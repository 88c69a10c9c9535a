"""Fonts for names in every script: the system's, asked for by the characters that are to be drawn."""

from __future__ import annotations

import subprocess
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from typing import Final

from PIL import Image, ImageDraw, ImageFont, features

Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

#: Fonts with many scripts, by file name, for systems without fontconfig.
_NAMED: Final = ("Arial Unicode.ttf", "PingFang.ttc", "msyh.ttc", "malgun.ttf", "NotoSansCJK-Regular.ttc")
#: Names of the text font, before the one that comes with Pillow, which has Latin letters alone.
_TEXT: Final = ("NotoSans-Regular.ttf", "DejaVuSans.ttf", "Arial.ttf")
#: Seconds for a question to fontconfig; the first one after fonts were installed takes longest.
_PATIENCE: Final = 20
#: Questions to fontconfig, at most: names may have characters that nothing has.
_MOST: Final = 40
#: A character that no font has.
_NOBODYS: Final = "\U0010fffe"
#: The direction of a line, as in the gallery: words of other scripts run in theirs. Without libraqm there is one only.
_DIRECTION: Final = "ltr" if features.check("raqm") else None
#: Kinds of characters that are drawn with the one before: marks, joiners, and variants.
_JOINED: Final = frozenset({"Mn", "Me", "Cf"})


class Fonts:
    """Draws texts in one size, in pixels, each character in a font that has it.

    `missing` are the characters that were to be drawn and that no font has.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._fonts: list[Font] = []
        self._of: dict[str, Font | None] = {}
        self._questions = 0
        self._measure = ImageDraw.Draw(Image.new("L", (1, 1)))
        self.missing: set[str] = set()

    def draw(
        self, page: ImageDraw.ImageDraw, place: tuple[float, float], text: str, fill: tuple[int, int, int]
    ) -> None:
        """Draw *text*; *place* is where its base line starts."""
        left, line = place
        for run, font in self._runs(text):
            anchor = "ls" if isinstance(font, ImageFont.FreeTypeFont) else None
            page.text((left, line), run, fill, font, anchor=anchor, direction=_DIRECTION)
            left += self._measure.textlength(run, font, direction=_DIRECTION)

    def length(self, text: str) -> float:
        """Width of *text* in pixels."""
        return sum(self._measure.textlength(run, font, direction=_DIRECTION) for run, font in self._runs(text))

    def fitting(self, text: str, width: float) -> str:
        """*text*, shortened to *width* pixels."""
        if self.length(text) <= width:
            return text
        # The longest start that fits, by halves: names may have hundreds of characters.
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.length(text[:middle] + "…") <= width else (low, middle - 1)
        return text[:low] + "…"

    def _runs(self, text: str) -> Iterator[tuple[str, Font]]:
        """Parts of *text* with the font of each."""
        run, of = "", self._text_font
        for mark in text:
            # A space keeps the words beside it together, which may run from right to left.
            is_joined = mark.isspace() or unicodedata.category(mark) in _JOINED
            font = of if run and is_joined else self._font(mark)
            if font is None:
                self.missing.add(mark)
                font = self._text_font
            if font is not of and run:
                yield run, of
                run = ""
            run, of = run + mark, font
        if run:
            yield run, of

    def _font(self, mark: str) -> Font | None:
        if mark not in self._of:
            known = (self._text_font, *self._fonts)
            self._of[mark] = next((font for font in known if _has(font, mark)), None) or self._found(mark)
        return self._of[mark]

    def _found(self, mark: str) -> Font | None:
        """A font of the system that has *mark*."""
        for path, index in (*self._asked(mark), *((name, 0) for name in _NAMED)):
            font = self._loaded(path, index)
            if font is not None and _has(font, mark):
                self._fonts.append(font)
                return font
        return None

    def _asked(self, mark: str) -> list[tuple[str, int]]:
        """Files of fonts that have *mark*, by fontconfig, and the places of the fonts in them."""
        if self._questions >= _MOST:
            return []
        self._questions += 1
        command = ["fc-list", "-f", "%{file}\\t%{index}\\t%{scalable}\\t%{style}\\n", f":charset={ord(mark):x}"]
        try:
            answer = subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=True).stdout  # noqa: S603 - no shell, and a number
        except (OSError, subprocess.SubprocessError):
            return []
        rows = [line.split("\t") for line in answer.decode("utf-8", "replace").splitlines()]
        # The upper half of the number is the variant of a variable font.
        fonts = [(row[0], int(row[1]) & 0xFFFF, row[3]) for row in rows if len(row) == 4 and row[2] == "True"]  # noqa: PLR2004 - as asked
        # Upright and of usual weight first, sans serif before serif.
        return [(path, index) for path, index, _ in sorted(fonts, key=_preference)][:8]

    def _loaded(self, path: str, index: int) -> Font | None:
        with suppress(OSError):
            return ImageFont.truetype(path, self._size, index)
        return None

    @cached_property
    def _text_font(self) -> Font:
        loaded = (self._loaded(name, 0) for name in _TEXT)
        return next((font for font in loaded if font is not None), None) or ImageFont.load_default(self._size)


def _preference(font: tuple[str, int, str]) -> tuple[bool, bool, str]:
    path, _, style = font
    names = style.casefold()
    return not any(name in names for name in ("regular", "book", "roman", "normal")), "serif" in path.casefold(), path


def _has(font: Font, mark: str) -> bool:
    """Return whether *font* draws *mark* as anything but the box of missing characters."""
    if mark.isspace() or unicodedata.category(mark) in _JOINED:
        return True
    if not isinstance(font, ImageFont.FreeTypeFont):
        return mark.isascii()
    drawn, box = font.getmask(mark, "1"), font.getmask(_NOBODYS, "1")
    return drawn.size != box.size or bytes(drawn) != bytes(box)
