"""Pages of the documentation, as `photos help` shows them: in the package, or in the checkout beside it."""

from __future__ import annotations

import re
from pathlib import Path

import photos

_PAGES = Path(photos.__file__).parent
#: Folders with pages: of an installed package, and of a checkout.
_PLACES = (_PAGES / "docs", _PAGES.parent / "docs")
_TITLE = re.compile(r"#\s+(.+)")


def topics() -> dict[str, Path]:
    """Return the pages by their names, sorted."""
    place = next((each for each in _PLACES if each.is_dir()), None)
    return {} if place is None else {path.stem: path for path in sorted(place.glob("*.md"))}


def title(page: Path) -> str:
    """Return the heading of a page."""
    with page.open(encoding="utf-8") as lines:
        found = _TITLE.match(next(lines, ""))
    return found[1].strip() if found else page.stem


def plain(page: str) -> list[str]:
    """Return a page of Markdown as lines for a terminal: links as their texts, without pictures."""
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)\n?", "", page)
    text = re.sub(r"\[([^\]]+)\]\((?!http)([\w-]+)\.md[^)]*\)", r"\1 (photos help \2)", text)
    text = re.sub(r"\[([^\]]+)\]\((?:\.\.?/|#)[^)]*\)", r"\1", text)
    return text.splitlines()
