"""Positions of receivers, telephones and programs."""

from __future__ import annotations

import math

import pytest
from PIL.TiffImagePlugin import IFDRational

from indexer.metadata.positions import position, xmp_position

THREE = ((33.0, 51.0, 24.0), (151.0, 12.0, 36.0))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((THREE[0], "S", THREE[1], "E"), (-33.856667, 151.21)),
        ((THREE[0], "s\0", THREE[1], b"E\0"), (-33.856667, 151.21)),
        ((THREE[0], "South", THREE[1], "East longitude"), (-33.856667, 151.21)),
        (((52.5,), "N", (13.4,), "E"), (52.5, 13.4)),
        ((52.5, "N", 13.4, "E"), (52.5, 13.4)),
        (((52.0, 30.5), "N", (13.0, 24.0), "W"), (52.508333, -13.4)),
        (((-33.0, 51.0, 24.0), None, THREE[1], None), (-33.856667, 151.21)),
        (((-33.0, 51.0, 24.0), "S", THREE[1], "E"), (-33.856667, 151.21)),
        (((-33.0, 51.0, 24.0), "N", THREE[1], "E"), (-33.856667, 151.21)),
        ((33.85, "N", -118.2, None), (33.85, -118.2)),
        ((IFDRational((1 << 32) - 338567, 10000), None, IFDRational(1512100, 10000), None), (-33.8567, 151.21)),
        (("52,30.5N", None, "13,24,0E", None), (52.508333, 13.4)),
        (((0.0, 0.0, 0.0), "N", THREE[1], "E"), (0.0, 151.21)),
    ],
)
def test_positions_are_read(values, expected):
    assert position(*values) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    "values",
    [
        (THREE[0], None, THREE[1], None),
        (THREE[0], "S", THREE[1], None),
        (THREE[0], "", THREE[1], "\0"),
        (THREE[0], "X", THREE[1], "E"),
        (THREE[0], "E", THREE[1], "N"),
        ((33.0, 51.0, math.nan), "S", THREE[1], "E"),
        ((200.0, 0.0, 0.0), "N", (1.0, 0.0, 0.0), "E"),
        ((0.0, 0.0, 0.0), "N", (0.0, 0.0, 0.0), "E"),
        (THREE[0], "N", None, "E"),
        ((), "N", (), "E"),
        ((1.0, 2.0, 3.0, 4.0), "N", THREE[1], "E"),
        ("somewhere", "N", "else", "E"),
        (object(), "N", object(), "E"),
    ],
)
def test_a_position_without_a_known_side_is_none(values):
    assert position(*values) is None


@pytest.mark.parametrize(
    ("latitude", "longitude", "expected"),
    [
        ("48,51.5N", "2,21.05E", (48.858333, 2.350833)),
        ("60,43,55N", "135,4,0.6W", (60.731944, -135.066833)),
        ("-33.856667", "151.21", (-33.856667, 151.21)),
        ("60.73 N", "135.07 W", (60.73, -135.07)),
        ("48 deg 51' 30.00\" N", "2 deg 21' 3.00\" E", (48.858333, 2.350833)),
        ("S33.856667", "E 151.21", (-33.856667, 151.21)),
        ("33.856667° S", "151.21°", (-33.856667, 151.21)),
        ("48;51.5,N", "2º21.05'E", (48.858333, 2.350833)),
    ],
)
def test_texts_of_xmp_are_positions(latitude, longitude, expected):
    assert xmp_position(latitude, longitude) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [("", ""), (None, "1"), ("95,0N", "1,0E"), ("1,0E", "1,0N"), ("0,0N", "0,0E"), ("a", "b")],
)
def test_broken_texts_of_xmp_are_none(latitude, longitude):
    assert xmp_position(latitude, longitude) is None
