"""Hypothesis strategies for queries and for typed command lines."""

from __future__ import annotations

from hypothesis import strategies as st

from query.language import (
    Circle,
    CyclicRange,
    DateRange,
    Filter,
    NamedCircle,
    NumberRange,
    PartialDate,
    Picture,
    Query,
    Text,
)

LETTERS = st.characters(exclude_categories=())
WORDS = st.text(LETTERS, min_size=1, max_size=12).map(lambda text: " ".join(text.split())).filter(bool)
WEIGHTS = st.floats(1e-6, 1000).flatmap(lambda weight: st.sampled_from([1.0, -1.0, weight, -weight]))
NUMBERS = st.one_of(st.floats(0, 1e9), st.integers(0, 10**6).map(float))
DAYS = st.one_of(
    st.builds(PartialDate, st.integers(1, 9999)),
    st.builds(PartialDate, st.integers(1, 9999), st.integers(1, 12)),
    st.dates().map(lambda date: PartialDate(date.year, date.month, date.day)),
)


def ranges(make, bounds, key):
    def build(pair, shape):
        low, high = sorted(pair, key=key)
        return {
            "both": make(low, high),
            "from": make(low, None),
            "to": make(None, high),
            "above": make(low, None, takes_low=False),
            "below": make(None, high, takes_high=False),
        }[shape]

    return st.builds(build, st.tuples(bounds, bounds), st.sampled_from(["both", "from", "to", "above", "below"]))


def valued(names, values):
    return st.builds(Filter, st.sampled_from(names), st.lists(values, min_size=1, max_size=3).map(tuple), st.booleans())


FILTERS = st.one_of(
    valued(["tag", "camera", "lens", "keyword", "caption", "text"], WORDS),
    valued(["in", "name"], st.text(LETTERS, min_size=1, max_size=9).filter(str.strip)),
    valued(
        ["iso", "aperture", "focal", "exposure", "filesize", "width", "height"], ranges(NumberRange, NUMBERS, float)
    ),
    valued(["year"], ranges(NumberRange, st.integers(1, 9999).map(float), float)),
    valued(["id"], ranges(NumberRange, st.integers(1, 2**53).map(float), float)),
    valued(["rating"], ranges(NumberRange, st.integers(-1, 5).map(float), float)),
    valued(["date"], ranges(DateRange, DAYS, lambda day: (day.start(), day.end()))),
    valued(["after", "before"], DAYS),
    valued(["month"], st.builds(CyclicRange, st.integers(1, 12), st.integers(1, 12))),
    valued(["weekday"], st.builds(CyclicRange, st.integers(1, 7), st.integers(1, 7))),
    valued(["time"], st.builds(CyclicRange, st.integers(0, 1439), st.integers(0, 1439))),
    valued(["near"], st.builds(Circle, st.floats(-90, 90), st.floats(-180, 180), st.floats(0, 1e8))),
    valued(
        ["near"],
        st.builds(
            NamedCircle, st.sampled_from(["Paris", "Paris, Texas", "São Paulo", "東京"]), st.none() | st.floats(0, 1e8)
        ),
    ),
    valued(["format"], st.sampled_from(["JPEG", "HEIF", "RAW"])),
    valued(["is"], st.sampled_from(["duplicate", "untagged"])),
)
TERMS = st.one_of(st.builds(Text, WORDS, WEIGHTS), st.builds(Picture, st.text(LETTERS, min_size=1), WEIGHTS))
QUERIES = st.builds(Query, st.lists(TERMS, max_size=3).map(tuple), st.lists(FILTERS, max_size=3).map(tuple)).filter(
    lambda query: query.terms or query.filters
)

PIECES = st.sampled_from(
    ["+", "-", '"', "\\", ":", "|", "..", ">", "<", "2:", "tag:", "in:", "date:", "near:", "./", "/", "like:", " ",
    "2022-06", "dog", "1/3", "é", "\udcff", "\x00", "9" * 50, "time:", "month:", "year:", "size:", "exposure:"]
)  # fmt: skip
#: Words of a command line: any characters, and pieces of the query language.
TYPED = st.lists(st.one_of(st.text(LETTERS), st.lists(PIECES).map("".join)), max_size=5)
