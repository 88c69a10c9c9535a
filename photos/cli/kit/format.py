"""Text for people: paths, scores, times, and tables of them."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from photos.cli.kit.terminal import UNLIMITED, paint, width, without_colours
from photos.errors import safe
from photos.times import local_time

if TYPE_CHECKING:
    from photos.records.photos import MatchRecord

#: Gap between two columns.
_GAP = "  "
#: Least columns of a table's tags. With less room there are none.
_LEAST_ROOM = 16
#: Columns that are left to tags where paths are shortened for them, and least columns of such a path.
_TAGS_ROOM, _PATH_ROOM = 18, 20
#: Last characters of a name that are kept where it is shortened: its number and its ending.
_KEPT_END = 12
#: Least percentage that is shown as a number.
_LEAST_PERCENT = 0.0001
_MINUTE = 60
#: Least seconds that are shown as a number.
_LEAST_SECONDS = 0.001
#: Characters of a date at the beginning of a time, ISO 8601.
_DAY = 10
#: Stars that a photo can have.
_MOST_STARS: Final = 5


def shown_path(path: bytes) -> str:
    """*path* relative to the working directory or the home directory, with control characters escaped."""
    text = os.fsdecode(path)
    for base, prefix in ((here(), ""), (str(Path.home()), "~/")):
        if base != "/" and text.startswith(base + "/"):
            return safe(prefix + text[len(base) + 1 :])
    return safe(text)


def file_name(path: bytes) -> str:
    """The last part of *path*, with control characters escaped."""
    return safe(os.fsdecode(path).rpartition("/")[2])


def matches_table(matches: Sequence[MatchRecord], *, of_text: bool, first: int = 1) -> Iterator[str]:
    """Yield a line for each photo, numbered from *first* on, under a line of headings. Tags fill the terminal's width.

    Probabilities are shown for text queries only: the model was not trained to give them for two pictures. The value
    that orders a search with captions is shown as `fused`.
    """
    rows = [
        (
            str(rank),
            f"{match['fused']:z.2f}" if "fused" in match else "",
            "" if match["score"] is None else f"{match['score']:z.3f}",
            percentage(match["probability"]) if of_text else "",
            (match["taken_at"] or "")[:_DAY],
        )
        for rank, match in enumerate(matches, first)
    ]
    headings = ("", "fused", "score", "probability" if of_text else "", "taken")
    facts = list(table(*_without_empty([headings, *rows], right=(0, 1, 2, 3)), strip=False))
    left = width() - columns(facts[0]) - len(_GAP)
    files = [(shown_path(os.fsencode(match["path"])), _others(match)) for match in matches]
    longest = max(columns(path) + columns(others) for path, others in files)
    least = _PATH_ROOM + max(columns(others) for _, others in files)
    has_tags = any(match["tags"] for match in matches)
    room = _room_of_paths(left, longest, least, has_tags=has_tags)
    names = ["file", *(shortened(path, room - columns(others)) + others for path, others in files)]
    lines = [f"{fact}{_GAP}{name}".rstrip() for fact, name in zip(facts, names, strict=True)]
    left = width() - max(map(columns, lines)) - len(_GAP)
    labels = [tags_line([tag["label"] for tag in match["tags"]], left) for match in matches]
    lines[0] = paint(lines[0], "heading")
    yield from _with_tags(lines, [paint("tags", "heading"), *(paint(each, "tag") for each in labels)], left)


def _room_of_paths(left: int, longest: int, least: int, *, has_tags: bool) -> int:
    """Columns for paths of *least* to *longest* columns, where *left* columns are left for them and for tags."""
    if width() == UNLIMITED:
        return longest
    with_tags = left - len(_GAP) - _TAGS_ROOM
    if has_tags and longest > with_tags >= least:
        return with_tags
    return min(longest, left)


def shortened(path: str, room: int) -> str:
    """*path* in at most *room* columns: a part of its middle is left out, and its name is kept as far as it fits."""
    if columns(path) <= room:
        return path
    directory, slash, name = path.rpartition("/")
    end = slash + name
    # The last folders tell more than the first ones.
    head = _first_columns(directory, room // 6)
    if slash and columns(head) + 1 + columns(end) <= room:
        return head + "…" + _last_columns(path, room - columns(head) - 1)
    kept = min(_KEPT_END, max(room // 2, 1))
    return _first_columns(name, room - kept - 1) + "…" + _last_columns(name, kept)


def _first_columns(text: str, room: int) -> str:
    while columns(text) > room:
        text = text[:-1]
    return text


def _last_columns(text: str, room: int) -> str:
    while columns(text) > room:
        text = text[1:]
    return text


def _others(match: MatchRecord) -> str:
    """Number of places of the photo, and of further photos in its group."""
    places, more = len(match["paths"]), len(match.get("more", []))
    return (f"  in {places} places" if places > 1 else "") + (f"  +{more} more" if more else "")


def tags_line(labels: Sequence[str], room: int) -> str:
    """The first *labels* that fit into *room* columns."""
    line = ""
    for label in labels:
        longer = f"{line}, {safe(label)}" if line else safe(label)
        if columns(longer) > room:
            break
        line = longer
    return line


def table(
    rows: Sequence[Sequence[str]], right: Sequence[int] = (), *, paths: int | None = None, strip: bool = True
) -> Iterator[str]:
    """Yield the rows in columns; the columns numbered in *right* are aligned to the right.

    The column *paths* holds paths, which are shortened where a row would be wider than the terminal. Without *strip*,
    all lines have the same width.
    """
    if not rows:
        return
    if paths is not None:
        rows = _fitting(rows, paths)
    widths = [max(columns(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = []
        for i, (cell, wide) in enumerate(zip(row, widths, strict=True)):
            padding = " " * (wide - columns(cell))
            cells.append(padding + cell if i in right else cell + padding)
        line = _GAP.join(cells)
        yield _wrapped(line.rstrip(), sum(widths[:-1]) + len(_GAP) * (len(widths) - 1)) if strip else line


def _wrapped(line: str, start: int) -> str:
    """*line* with its last cell, which begins at column *start*, broken between words to fit the terminal."""
    room = width() - start
    if columns(line) <= width() or room < _LEAST_ROOM or without_colours(line) != line or columns(line) != len(line):
        return line
    import textwrap

    parts = textwrap.wrap(line[start:], room, break_long_words=False, break_on_hyphens=False) or [""]
    return line[:start] + f"\n{' ' * start}".join(parts)


def _fitting(rows: Sequence[Sequence[str]], at: int) -> list[list[str]]:
    """*rows* with the paths in the column *at* shortened so that the widest row fits the terminal."""
    if width() == UNLIMITED:
        return [list(row) for row in rows]
    widths = [max(columns(row[i]) for row in rows) for i in range(len(rows[0]))]
    room = max(width() - sum(widths) + widths[at] - len(_GAP) * (len(widths) - 1), _PATH_ROOM)
    return [[*row[:at], shortened(row[at], room), *row[at + 1 :]] for row in rows]


def columns(text: str) -> int:
    """Number of columns that *text* takes on a terminal, without its colours."""
    text = without_colours(text)
    wide = sum(unicodedata.east_asian_width(mark) in "WF" for mark in text)
    joined = sum(unicodedata.combining(mark) != 0 for mark in text)
    return len(text) + wide - joined


def percentage(value: float | None) -> str:
    """A probability with two significant digits: `93 %`, `0.041 %`."""
    if value is None:
        return ""
    percent = 100 * value
    if percent >= 1:
        return f"{percent:.0f} %"
    return f"{percent:.2g} %" if percent >= _LEAST_PERCENT else f"<{_LEAST_PERCENT} %"


def likely(value: float | None) -> str:
    """A probability in brackets, after a space: ` (probability 93 %)`; empty if there is none."""
    return "" if value is None else f" (probability {percentage(value)})"


def stars(rating: int) -> str:
    """A rating, -1 to 5, as stars or the word `rejected`."""
    return "rejected" if rating < 0 else "★" * rating + "☆" * (_MOST_STARS - rating)


def duration(seconds: float) -> str:
    """A duration: `<1 ms`, `12 ms`, `3.4 s`, `2 min 05 s`, `1 h 20 min`."""
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms" if seconds >= _LEAST_SECONDS else "<1 ms"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    hours, left = divmod(minutes, 60)
    return f"{hours} h {left:02d} min" if hours else f"{minutes} min {rest:02d} s"


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: `1 photo`, `12 345 photos`."""
    return f"{thousands(number)} {one if number == 1 else many or one + 's'}"


def thousands(number: int) -> str:
    """A number with spaces between its thousands: `12 345`."""
    return f"{number:,}".replace(",", " ")


def minute(moment: datetime) -> str:
    """The local date and minute of *moment*, which is UTC without a zone."""
    return f"{local_time(moment):%Y-%m-%d %H:%M}"


def local_day(moment: datetime | None) -> str:
    """The local date of *moment*, which is UTC without a zone; empty if it is unknown."""
    return "" if moment is None else day(local_time(moment))


def day(moment: datetime | None) -> str:
    """The date, ISO 8601; empty if it is unknown."""
    return "" if moment is None else f"{moment:%Y-%m-%d}"


def _without_empty(rows: Sequence[Sequence[str]], right: Sequence[int]) -> tuple[list[list[str]], list[int]]:
    """*rows* without the columns that are empty below the heading, and the new numbers of the columns *right*."""
    kept = [i for i in range(len(rows[0])) if any(row[i] for row in rows[1:])]
    return [[row[i] for i in kept] for row in rows], [at for at, i in enumerate(kept) if i in right]


def _with_tags(lines: Sequence[str], tags: Sequence[str], room: int) -> Iterator[str]:
    if room < _LEAST_ROOM or not any(tags[1:]):
        yield from lines
        return
    widest = max(map(columns, lines))
    for line, of_line in zip(lines, tags, strict=True):
        yield f"{line}{' ' * (widest - columns(line))}{_GAP}{of_line}".rstrip()


def here() -> str:
    """The working directory; the root if it was deleted."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        return "/"
