"""Pages of a search go on where the last one ended, whatever came and went meanwhile."""

from __future__ import annotations

import shutil

import pytest
from PIL import Image

from .client import answering


def ids(page):
    return [each["id"] for each in page["matches"]]


def pages(api, between=lambda: None, **query):
    """Return the ids of all pages."""
    found, after = [], {}
    while True:
        page = api.get("photos", **query, **after).json
        found += ids(page)
        if page["next"] is None:
            return found
        after = {"after": page["next"]}
        between()


@pytest.fixture
def many(filled, pictures):
    """The library with twenty more photos, of which many score the same."""
    for number in range(20):
        shade = number // 4 * 10
        Image.new("RGB", (40 + number, 30), (219 - shade, 31, 30)).save(pictures / f"r{number}.png")
    assert filled("index").status == 0
    return filled


@pytest.mark.parametrize("query", ["red", "", "red + blue", "name:*e*", "red name:r*", "red - green"])
@pytest.mark.parametrize("sort", ["relevance", "date"])
def test_pages_together_are_the_whole_result(many, query, sort):
    with answering(many.library) as api:
        whole = ids(api.get("photos", query=query, limit=1000).json)
        for limit in (1, 7, 26):
            found = pages(api, query=query, limit=limit, sort=sort)
            assert sorted(found) == sorted(whole)
            assert len(set(found)) == len(found)
            if sort == "relevance":
                assert found == whole


@pytest.mark.parametrize("query", ["red", ""])
def test_pages_repeat_and_skip_nothing_while_photos_come_and_go(many, pictures, query):
    with answering(many.library) as api:
        before = set(ids(api.get("photos", query=query, limit=1000).json))
        count = iter(range(100))

        def change():
            number = next(count)
            Image.new("RGB", (90, 30 + number), (219 - number, 31, 30)).save(pictures / f"n{number}.png")
            (pictures / f"r{number}.png").unlink(missing_ok=True)
            assert many("index").status == 0

        found = pages(api, change, query=query, limit=6)
        lived = before & set(ids(api.get("photos", query=query, limit=1000).json))
        assert len(set(found)) == len(found)
        assert lived <= set(found)


def test_undated_photos_have_pages_too(many):
    """None of these pictures has a date: the order is by number alone."""
    with answering(many.library) as api:
        assert pages(api, limit=5) == sorted(pages(api, limit=1000), reverse=True)


def test_totals_are_those_of_the_whole_result(many):
    with answering(many.library) as api:
        first = api.get("photos", query="red", limit=3).json
        second = api.get("photos", query="red", limit=3, after=first["next"]).json
        assert first["total"] == second["total"] == 26
        least = first["matches"][-1]["score"] - 1e-6
        above = api.get("photos", query="red", limit=1, min_score=least).json
        later = api.get("photos", query="red", limit=1, min_score=least, after=above["next"]).json
        assert above["total"] == later["total"] >= 3


def test_a_cursor_of_another_library_is_gone(many, tmp_path):
    with answering(many.library) as api:
        cursor = api.get("photos", query="red", limit=3).json["next"]
    other = tmp_path / "other"
    shutil.copytree(many.library, other)
    (tmp_path / "pictures" / "r1.png").unlink()
    assert many("index").status == 0
    with answering(many.library) as api:
        newer = api.get("photos", query="red", limit=3).json["next"]
        assert api.get("photos", query="red", after=cursor).status == 200
    with answering(other) as api:
        reply = api.get("photos", query="red", after=newer)
        assert (reply.status, reply.json["code"]) == (410, "wrong_cursor")


@pytest.mark.parametrize("after", ["", "x", "AAAA", "=" * 40, "é", "A" * 44, "_" * 44, "/" * 44])
def test_what_is_no_cursor_is_refused(api, after):
    assert api.get("photos", query="red", after=after).status in {400, 410}


def test_a_selection_is_a_query_of_its_numbers(api):
    known = [each["id"] for each in api.get("photos").json["matches"]]
    some = sorted(known)[1:3]
    found = api.get("photos", query=f"id:{some[0]}..{some[1]}|{known[-1]}|999").json["matches"]
    assert {each["id"] for each in found} == {*some, known[-1]}
    others = api.get("photos", query=f"-id:{known[0]}").json["matches"]
    assert {each["id"] for each in others} == {*known[1:]}
