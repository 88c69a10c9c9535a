"""The query language: parsing of typed queries, and formatting. It knows nothing of catalogs and photos."""

from .filters import FILTER_TYPES, FilterType
from .formatter import format_filter, format_query
from .parser import parse, parse_line
from .query import (
    Circle,
    CyclicRange,
    DateRange,
    Filter,
    NamedCircle,
    NumberRange,
    PartialDate,
    Picture,
    Query,
    Term,
    Text,
    Value,
)

__all__ = [
    "FILTER_TYPES",
    "Circle",
    "CyclicRange",
    "DateRange",
    "Filter",
    "FilterType",
    "NamedCircle",
    "NumberRange",
    "PartialDate",
    "Picture",
    "Query",
    "Term",
    "Text",
    "Value",
    "format_filter",
    "format_query",
    "parse",
    "parse_line",
]
