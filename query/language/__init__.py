"""The language of queries: `parse` reads what was typed, `written` writes it down again."""

from .filters import KINDS, Kind
from .formatter import filter_written, written
from .parser import parse, parse_line
from .query import Circle, Dates, Day, Filter, Picture, Query, Span, Term, Text, Turn, Value

__all__ = [
    "KINDS",
    "Circle",
    "Dates",
    "Day",
    "Filter",
    "Kind",
    "Picture",
    "Query",
    "Span",
    "Term",
    "Text",
    "Turn",
    "Value",
    "filter_written",
    "parse",
    "parse_line",
    "written",
]
