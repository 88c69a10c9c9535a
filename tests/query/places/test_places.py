"""Places by name, and the region of a position."""

from __future__ import annotations

import numpy as np
import pytest

from query.places import City, Region, find_place, gazetteer, lies_in, nearest_names


@pytest.mark.parametrize(
    ("name", "found", "latitude", "longitude"),
    [
        ("Paris", "Paris, France", 48.85, 2.35),
        ("paris", "Paris, France", 48.85, 2.35),
        ("Paris, Texas", "Paris, United States", 33.66, -95.56),
        ("Paris, US", "Paris, United States", 33.66, -95.56),
        ("London, Canada", "London, Canada", 42.98, -81.23),
        ("Roma", "Rome, Italy", 41.89, 12.51),
        ("munchen", "Munich, Germany", 48.14, 11.58),
        ("東京", "Tokyo, Japan", 35.69, 139.69),
        ("new york", "New York City, United States", 40.71, -74.01),
        ("Washington, DC", "Washington, United States", 38.90, -77.04),
    ],
)
def test_a_city_is_found_by_its_name(name, found, latitude, longitude):
    place = find_place(name)
    assert isinstance(place, City)
    assert place.name == found
    assert (place.latitude, place.longitude) == pytest.approx((latitude, longitude), abs=0.01)


def test_the_records_that_are_looked_through_hold_all_that_have_the_name():
    every = list(gazetteer._cities(5000))
    names = ["GIESSEN", "Gießen", "서울", "東京", "saint-jean-de-luz", "l'aquila", "Łódź", "sao paulo"]
    for name in names:
        whole = gazetteer._named(name, every)
        assert whole
        assert list(gazetteer._named(name, gazetteer._like(name, 5000))) == whole


def test_a_great_city_reaches_further():
    assert find_place("Paris").metres == 20_000
    assert find_place("Paris, Texas").metres == 10_000


def test_a_village_is_found_among_all():
    assert find_place("Hallstatt").name == "Hallstatt, Austria"


@pytest.mark.parametrize(
    ("name", "countries", "state"),
    [
        ("italy", {"IT"}, None),
        ("IT", {"IT"}, None),
        ("ita", {"IT"}, None),
        ("usa", {"US"}, None),
        ("UK", {"GB"}, None),
        ("Georgia", {"GE"}, None),
        ("Georgia, USA", {"US"}, "GA"),
        ("california", {"US"}, "CA"),
        ("washington", {"US"}, "WA"),
    ],
)
def test_a_region_is_found_by_its_name_or_code(name, countries, state):
    place = find_place(name)
    assert isinstance(place, Region)
    assert (place.countries, place.state) == (countries, state)


def test_a_continent_is_its_countries():
    assert {"IT", "NO", "PT"} < find_place("europe").countries
    assert "US" not in find_place("europe").countries


def test_what_is_no_place_is_none():
    assert find_place("Atlantis on sea") is None
    assert find_place("Paris, Atlantis") is None
    assert nearest_names("Itlay") == ["Italy"]
    assert "Paris" in nearest_names("Pariss")
    assert nearest_names("xqzxqz") == []


POSITIONS = {
    "Rome": (41.9, 12.5, "IT"),
    "Chiasso": (45.83, 9.03, "CH"),
    "Annemasse": (46.19, 6.24, "FR"),
    "Kehl": (48.57, 7.81, "DE"),
    "Nordkapp": (71.17, 25.78, "NO"),
    "Yosemite": (37.75, -119.6, "US"),
    "Windsor": (42.3, -83.02, "CA"),
    "Fiji": (-17.8, 178.0, "FJ"),
    "Sahara": (23.5, 10.0, "DZ"),
}


@pytest.mark.parametrize("code", sorted({code for *_, code in POSITIONS.values()}))
def test_a_position_lies_in_one_country(code):
    positions = np.array([place[:2] for place in POSITIONS.values()])
    inside = lies_in(find_place(code), positions)
    assert [own == code for *_, own in POSITIONS.values()] == inside.tolist()


def test_a_position_lies_in_a_state_and_a_continent():
    positions = np.array([place[:2] for place in POSITIONS.values()])
    assert lies_in(find_place("california"), positions).tolist() == [name == "Yosemite" for name in POSITIONS]
    europe = {"Rome", "Chiasso", "Annemasse", "Kehl", "Nordkapp"}
    assert lies_in(find_place("europe"), positions).tolist() == [name in europe for name in POSITIONS]


def test_the_open_sea_lies_in_no_country():
    sea = np.array([[30.0, -45.0], [-40.0, -120.0]])
    assert not lies_in(find_place("north america"), sea).any()
    assert not lies_in(find_place("PT"), sea).any()


def test_no_position_lies_anywhere():
    assert lies_in(find_place("italy"), np.empty((0, 2))).shape == (0,)
