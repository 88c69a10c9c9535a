"""The language of queries: `parse` reads what was typed, `written` writes it down again."""

from .filters import KINDS, Kind
from .parsing import parse, parse_line
from .query import Circle, Dates, Day, Filter, Picture, Query, Span, Term, Text, Turn, Value
from .writing import filter_written, written

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
