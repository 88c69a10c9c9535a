"""Facets as tables, one for each, or as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from photos.cli.kit.format import counted, shown_path, table
from photos.cli.kit.output import write_json
from photos.cli.kit.terminal import paint, show_lines
from photos.errors import NothingFound, safe
from photos.records.photos import facet_record

if TYPE_CHECKING:
    from photos.operations.searching.facets import FacetCount

_PLURALS = {"camera": "cameras", "lens": "lenses", "year": "years", "folder": "folders", "keyword": "keywords"}


def show_facets(found: Sequence[FacetCount], *, as_json: bool, most: int | None) -> None:
    """Show the values of each facet, *most* of each at most; JSON has all. Raises `NothingFound` if there are none."""
    if not found:
        raise NothingFound("No photo has any of these facts.")
    if as_json:
        for each in found:
            write_json(facet_record(each))
        return
    show_lines(_lines(found, most))


def _lines(found: Sequence[FacetCount], most: int | None) -> Iterator[str]:
    for facet, values in groupby(found, key=lambda each: each.facet):
        of_one = list(values)
        shown = of_one[:most]
        yield paint(_PLURALS[facet], "heading")
        yield from table([("", str(each.photos), _name(each)) for each in shown], right=(1,), paths=2)
        if len(of_one) > len(shown):
            yield f"  and {counted(len(of_one) - len(shown), 'more', 'more')}; --all shows them."


def _name(each: FacetCount) -> str:
    return shown_path(each.value) if isinstance(each.value, bytes) else safe(str(each.value))
