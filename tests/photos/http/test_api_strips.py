"""Strips of the API: the same photos in the same order as pages, and scores that weights can be moved with."""

from __future__ import annotations

import gzip
import math

import numpy as np
import pytest
from PIL import Image

from photos.http.answers.strip import NO_DAY

from .strips import read_strip


def order(api, **query):
    return [each["id"] for each in api.get("photos", limit=1000, **query).json["matches"]]


def strip_of(api, path="strip", **query):
    reply = api.get(path, **query)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/vnd.photos.strip")
    return read_strip(reply.content)


@pytest.mark.parametrize("query", ["", "red", "red + 2:blue - green", "name:*e*", "red name:*e*", "name:none"])
def test_a_strip_has_the_order_of_the_pages(api, query):
    head, columns = strip_of(api, query=query)
    assert columns["id"] == order(api, query=query)
    assert ("score" in columns, head["count"]) == ("red" in query, len(columns["id"]))
    assert (head["reason"] is None) == (query != "name:none")


def test_a_strip_has_shapes_days_and_scores(filled, api, pictures):
    wide = Image.new("RGB", (80, 40), (219, 31, 30))
    exif = wide.getexif()
    exif[0x0132] = "2021:05:04 23:59:00"
    wide.save(pictures / "wide.png", exif=exif)
    assert filled("index").status == 0
    _, columns = strip_of(api, query="red", sort="date")
    known = {each["id"]: each for each in api.get("photos", query="red", limit=1000).json["matches"]}
    for number, aspect, day, score in zip(*(columns[name] for name in ("id", "aspect", "day", "score")), strict=True):
        photo = known[number]
        assert aspect == round(32 * math.log2(photo["width"] / photo["height"])) + 128
        assert score == pytest.approx(photo["score"], abs=5e-4)
        assert day == (18_751 if photo["path"].endswith("wide.png") else NO_DAY)
    assert columns["day"] == sorted(columns["day"], reverse=True)


def test_terms_give_the_score_of_any_weights(api):
    query = "red + 2:blue - 0.5:green"
    head, columns = strip_of(api, "terms", query=query)
    strip_head, strip = strip_of(api, query=query)
    assert head["order"] == strip_head["order"]
    assert [(each["term"], each["weight"]) for each in head["columns"]] == [("red", 1), ("blue", 2), ("green", -0.5)]
    cosines = np.array([columns[f"term{place}"] for place in range(3)])
    gram = np.array(head["gram"])
    for weights in ([1, 2, -0.5], [0.3, 0.1, 4]):
        found = np.array(weights) @ cosines / math.sqrt(np.array(weights) @ gram @ np.array(weights))
        moved = f"{weights[0]}:red + {weights[1]}:blue {'-' if weights[2] < 0 else '+'} {abs(weights[2])}:green"
        scores = {each["id"]: each["score"] for each in api.get("photos", query=moved, limit=1000).json["matches"]}
        assert found == pytest.approx([scores[number] for number in strip["id"]], abs=2e-3)


def test_a_label_has_a_column_in_the_order_of_the_strip(api):
    head, columns = strip_of(api, "labels/red/column", sort="date")
    strip_head, strip = strip_of(api)
    assert (head["label"], head["order"]) == ("red", strip_head["order"])
    tagged = {n for n, score in zip(strip["id"], columns["score"], strict=True) if score >= head["threshold"] - 5e-4}
    assert tagged == set(order(api, query="tag:red"))
    assert head["probability"] == pytest.approx(1 / (1 + math.exp(-head["scale"] * head["threshold"] - head["bias"])))


def test_a_strip_is_sent_again_only_if_it_changed(filled, api, pictures):
    first = api.get("strip", query="name:red")
    tag = first.headers["etag"]
    again = api.get("strip", {"If-None-Match": tag}, query="name:red")
    assert (again.status, again.content) == (304, b"")
    Image.new("RGB", (30, 30), (219, 31, 30)).save(pictures / "reddish.png")
    assert filled("index").status == 0
    assert api.get("strip", {"If-None-Match": tag}, query="name:red").status == 200


def test_a_strip_is_compressed_for_who_takes_it(api):
    packed = api.get("strip", {"Accept-Encoding": "gzip, br"})
    plain = api.get("strip")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert packed.headers["etag"] != plain.headers["etag"]


def test_tags_by_hand_show_in_the_next_strip(filled, api, pictures):
    assert filled("tag", pictures / "red.png", "+dusk").status == 0
    assert len(strip_of(api, query="tag:dusk")[1]["id"]) == 1
    assert filled("tag", pictures / "blue.png", "+dusk").status == 0
    assert len(strip_of(api, query="tag:dusk")[1]["id"]) == 2


def test_a_term_can_be_a_photo_of_the_library(api, tmp_path):
    (red,) = order(api, query="name:red.png")
    _, columns = strip_of(api, query=f"like:photo:{red}")
    assert columns["id"][0] == red
    Image.new("RGB", (30, 30), (219, 31, 30)).save(tmp_path / "secret.png")
    for query in (f"{tmp_path}/secret.png", "/etc/passwd", "like:photo:99999", "like:photo:0", "./x.png"):
        for path in ("strip", "terms", "photos"):
            reply = api.get(path, query=query)
            assert (reply.status, reply.json["code"]) == (404, "not_in_library"), query


def test_a_library_without_photos_has_an_empty_strip(tmp_path):
    from .client import answering

    (tmp_path / "empty").mkdir()
    with answering(tmp_path / "empty") as api:
        assert strip_of(api)[0]["count"] == 0
