"""JSON files of takeouts."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from indexer.metadata.takeout import read_takeout
from store import DateSource, Metadata


def takeout(**values):
    whole = {
        "title": "IMG.jpg",
        "description": "Grandma at the lake",
        "photoTakenTime": {"timestamp": "1562236496", "formatted": "04.07.2019, 10:34:56 UTC"},
        "creationTime": {"timestamp": "1600000000"},
        "geoData": {"latitude": 48.858, "longitude": 2.351, "altitude": 0.0},
    }
    return json.dumps({**whole, **values}).encode()


def test_date_place_and_caption_are_read():
    assert read_takeout(takeout()) == Metadata(
        taken_at=datetime.fromisoformat("2019-07-04T10:34:56"),
        taken_offset=0,
        date_source=DateSource.TAKEOUT,
        latitude=48.858,
        longitude=2.351,
        caption="Grandma at the lake",
    )


def test_a_place_of_zero_is_none_and_the_camera_may_know_it():
    nowhere = {"latitude": 0.0, "longitude": 0.0}
    there = {"latitude": -33.8, "longitude": 151.2}
    assert read_takeout(takeout(geoData=nowhere)).latitude is None
    assert read_takeout(takeout(geoData=nowhere, geoDataExif=there)).latitude == -33.8
    assert read_takeout(takeout(geoData={"latitude": 91, "longitude": 0})).latitude is None


def test_times_before_1970_are_read_and_0_is_none():
    assert read_takeout(takeout(photoTakenTime={"timestamp": "-14182940"})).taken_at == datetime.fromisoformat(
        "1969-07-20T20:17:40"
    )
    assert read_takeout(takeout(photoTakenTime={"timestamp": "0"})).taken_at is None
    assert read_takeout(takeout(photoTakenTime={"timestamp": "9" * 30})).taken_at is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"photoTakenTime": 3, "geoData": [], "description": 7}',
    ],
    ids=["empty", "list", "cut", "null", "text", "bytes", "deep", "types"],
)
def test_other_json_states_nothing(content):
    assert read_takeout(content) == Metadata()
