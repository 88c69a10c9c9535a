"""The last rating by a person in the history of a photo, and ratings of the best that a query finds."""

from __future__ import annotations

import json

from .test_api import opened


def history(photos, path):
    return [
        (each["what"], each["stars"]) for each in json.loads(photos("tags", path, "--history", "--json").out)["history"]
    ]


def test_the_last_rating_is_in_the_history(filled, pictures):
    red = pictures / "red.png"
    filled("tag", red, "+dog")
    filled("rate", "3", red)
    filled("rate", "5", red)
    assert history(filled, red) == [("added", None), ("rated", 5)]
    assert filled("tags", red, "--history").lines[-1].endswith("rated  ★★★★★")
    filled("rate", "file", red)
    assert history(filled, red) == [("added", None), ("rated", None)]
    assert filled("tags", red, "--history").lines[-1].endswith("rated  as its file says")


def test_the_best_of_a_query_are_rated_from_python(filled, pictures):
    with opened(filled) as library:
        rated = library.rate(stars=4, query="red", top=1)
    assert [(each.photo.path, each.rating) for each in rated] == [(bytes(pictures / "red.png"), 4)]
