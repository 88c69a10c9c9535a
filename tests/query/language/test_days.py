"""Days counted from today: `today`, `last week`, `3 months ago`."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from query.errors import BadQuery
from query.language import DateRange, PartialDate, format_query, parse_line
from query.language.times import days_of

#: A Wednesday.
TODAY = date(2024, 2, 28)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("today", (2024, 2, 28), (2024, 2, 28)),
        ("Yesterday", (2024, 2, 27), (2024, 2, 27)),
        ("this week", (2024, 2, 26), (2024, 3, 3)),
        ("last week", (2024, 2, 19), (2024, 2, 25)),
        ("last-week", (2024, 2, 19), (2024, 2, 25)),
        ("last_weekend", (2024, 2, 24), (2024, 2, 25)),
        ("this weekend", (2024, 3, 2), (2024, 3, 3)),
        ("this month", (2024, 2), (2024, 2)),
        ("last month", (2024, 1), (2024, 1)),
        ("this year", (2024,), (2024,)),
        ("last year", (2023,), (2023,)),
        ("last 7 days", (2024, 2, 22), (2024, 2, 28)),
        ("last 1 day", (2024, 2, 28), (2024, 2, 28)),
        ("last 2 weeks", (2024, 2, 15), (2024, 2, 28)),
        ("last 3 months", (2023, 11, 29), (2024, 2, 28)),
        ("last  2   years", (2022, 3, 1), (2024, 2, 28)),
        ("3 days ago", (2024, 2, 25), (2024, 2, 25)),
        ("1 week ago", (2024, 2, 21), (2024, 2, 21)),
        ("2 months ago", (2023, 12, 28), (2023, 12, 28)),
    ],
)
def test_words_are_days_counted_from_today(text, first, last):
    assert days_of(text, TODAY) == (PartialDate(*first), PartialDate(*last))


def test_a_month_without_that_day_ends_earlier():
    assert days_of("1 month ago", date(2023, 3, 31)) == (PartialDate(2023, 2, 28),) * 2
    assert days_of("last month", date(2024, 1, 31)) == (PartialDate(2023, 12),) * 2


@pytest.mark.parametrize("text", ["2019", "tomorrow", "last", "week", "last 0.5 weeks", "next week", "todays"])
def test_other_words_are_none(text):
    assert days_of(text, TODAY) is None


def test_a_query_takes_such_days_and_formats_them_as_dates():
    today = datetime.now().astimezone().date()
    day = PartialDate(today.year, today.month, today.day)
    for line in ("date:today", 'added:"today"', "date:today..today", "date:..today", "date:>=today"):
        (found,) = parse_line(line).filters
        assert isinstance(found.values[0], DateRange)
        assert parse_line(format_query(parse_line(line))) == parse_line(line)
    assert parse_line("date:today").filters[0].values == (DateRange(day, day),)
    week = parse_line('date:"last week"').filters[0].values[0]
    assert week.high.start() - week.low.start() == timedelta(days=6)


def test_a_period_as_an_end_of_a_range_counts_whole():
    last_week = parse_line("date:last-week").filters[0].values[0]
    assert parse_line("date:last-week..").filters[0].values[0].low == last_week.low
    assert parse_line("date:>last-week").filters[0].values[0].low == last_week.high
    assert parse_line("date:..last-week").filters[0].values[0].high == last_week.high
    assert parse_line("date:<last-week").filters[0].values[0].high == last_week.low
    assert parse_line("after:last-week").filters[0].values[0] == last_week.low


def test_a_mistake_is_met_by_the_nearest_word():
    with pytest.raises(BadQuery, match="did you mean yesterday"):
        parse_line("date:yestrday")
    with pytest.raises(BadQuery, match="before the first year"):
        parse_line("date:last-9999-years")
