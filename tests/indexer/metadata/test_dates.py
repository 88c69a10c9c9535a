"""Dates in the forms that cameras and programs write."""

from __future__ import annotations

from datetime import datetime

import pytest

from indexer.metadata.dates import Moment, first_date, read_date, read_offset
from store import DateSource


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2019:07:04 12:34:56", "2019-07-04 12:34:56"),
        ("2019:07:04 12:34:56\0", "2019-07-04 12:34:56"),
        ("2005.09.15 16:28:54", "2005-09-15 16:28:54"),
        ("2007/06/30 18:45:17", "2007-06-30 18:45:17"),
        ("2019-07-04T12:34:56", "2019-07-04 12:34:56"),
        ("2019: 7: 4  9: 5: 3", "2019-07-04 09:05:03"),
        ("2019:7:4 9:5:3", "2019-07-04 09:05:03"),
        ("2019:07:04", "2019-07-04 00:00:00"),
        ("2019:07:04 ", "2019-07-04 00:00:00"),
        ("2019:07:04   :  :  ", "2019-07-04 00:00:00"),
        ("2019:07:04 12:34", "2019-07-04 12:34:00"),
        ("2019:07:04 12:34:60", "2019-07-04 12:35:00"),
        ("2019:12:31 23:59:60", "2020-01-01 00:00:00"),
        ("2019:07:04 12:34:71", "2019-07-04 12:34:00"),
        ("2019:07:04 24:00:00", "2019-07-05 00:00:00"),
        ("2019:07:04 25:61:61", "2019-07-04 00:00:00"),
        ("2019:07:04 12:34:56.789", "2019-07-04 12:34:56"),
        ("2019:07:04 12.34.56", "2019-07-04 12:34:56"),
        ("2019:07:04 01:34:56 PM", "2019-07-04 13:34:56"),
        ("2019:07:04 1:34:56pm", "2019-07-04 13:34:56"),
        ("2019:07:04 01:34 p.m.", "2019-07-04 13:34:00"),
        ("2019:07:04 PM 01:34:56", "2019-07-04 13:34:56"),
        ("2019:07:04 12:34:56 AM", "2019-07-04 00:34:56"),
        ("2019:07:04 12:34:56 PM", "2019-07-04 12:34:56"),
        ("2019:07:04 13:34:56 PM", "2019-07-04 13:34:56"),
        ("20190704", "2019-07-04 00:00:00"),
        ("20190704 123456", "2019-07-04 12:34:56"),
        ("20190704123456", "2019-07-04 12:34:56"),
        ("20190704T1234", "2019-07-04 12:34:00"),
        ("1965", "1965-01-01 00:00:00"),
        ("1965-06", "1965-06-01 00:00:00"),
        ("19650000", "1965-01-01 00:00:00"),
        ("1965:00:00 00:00:00", "1965-01-01 00:00:00"),
    ],
)
def test_odd_forms_of_a_date_are_read(text, expected):
    assert read_date(text) == Moment(datetime.fromisoformat(expected))


@pytest.mark.parametrize(
    "text",
    [
        *("", "   ", "    :  :     :  :  ", "0000:00:00 00:00:00", "0001-01-01T00:00:00Z", "1700:01:01 00:00:00"),
        *("not a date", "2021:13:41 25:61:61", "2021:02:30 10:00:00", "9999:12:31 24:00:00", "2048 kB", "20194"),
        *("4000x3000", "12:34:56"),
    ],
)
def test_what_is_no_date_gives_none(text):
    assert read_date(text) is None


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        *(
            ("+02:00", 120),
            ("-03:30", -210),
            ("+0545", 345),
            ("Z", 0),
            (" Z ", 0),
            ("UTC", 0),
            ("+00:00", 0),
            ("+2", 120),
        ),
        *(("+99:00", None), ("+02:75", None), ("   :  ", None), ("", None), ("02:00", None), ("+02:00 x", None)),
    ],
)
def test_offsets_are_read_and_broken_ones_are_none(text, minutes):
    assert read_offset(text) == minutes


def test_a_date_may_carry_its_offset():
    assert read_date("2024-01-23T18:12:34-07:00") == Moment(datetime.fromisoformat("2024-01-23T18:12:34"), -420)
    assert read_date("2024-01-23T18:12:34.25Z") == Moment(datetime.fromisoformat("2024-01-23T18:12:34"), 0)
    assert read_date("19990305 101112+0100") == Moment(datetime.fromisoformat("1999-03-05T10:11:12"), 60)
    assert read_date("2024-01-23T18:12:34+77:00") == Moment(datetime.fromisoformat("2024-01-23T18:12:34"))


def test_the_first_source_counts_and_an_equal_date_lends_its_offset():
    at, other = datetime.fromisoformat("2020-01-02T03:04:05"), datetime.fromisoformat("2021-01-01")
    found = {
        DateSource.CHANGED: Moment(other, 60),
        DateSource.ORIGINAL: Moment(at),
        DateSource.XMP_CREATED: Moment(at, -60),
    }
    assert first_date(found) == (DateSource.ORIGINAL, Moment(at, -60))
    assert first_date({DateSource.CHANGED: Moment(other, 60)}) == (DateSource.CHANGED, Moment(other, 60))
    assert first_date({}) is None
