"""Calibrations of labels, and labels that are missing, through the API."""

from __future__ import annotations

import json

import numpy as np

from photos.operations.tagging.vocabulary_reports import SuggestResult
from query.tagging import UnnamedWord
from query.vocabulary_design import Suggestion, Suggestions
from tests.photos.encoders import COLOURS

from .strips import read_strip


def test_calibrations_have_the_scores_of_the_columns(filled, api):
    found = api.get("calibrations", photos=3).json
    assert found["count"] == len(found["items"]) == len(COLOURS)
    assert (found["photos"], found["measured_at"]) == (None, None), "a library of a few photos is not calibrated"
    for each in found["items"]:
        _, columns = read_strip(api.get(f"labels/{each['label']}/column").content)
        scores = np.array(columns["score"], np.float64)
        assert abs(each["median"] - np.median(scores)) < 2e-3
        assert abs(each["spread"] - max(2e-4, 1.4826 * np.median(np.abs(scores - np.median(scores))))) < 3e-3
        best = np.sort(scores)[::-1][:3]
        assert np.allclose([photo["score"] for photo in each["clearest"]], best, atol=2e-3)
        assert api.get(f"photos/{each['clearest'][0]['photo']}").json["path"].endswith(f"{each['label']}.png")


def test_labels_far_from_the_others_come_first(filled, api):
    items = api.get("calibrations").json["items"]
    distances = [max(abs(each["of_median"]), abs(each["of_spread"])) for each in items]
    assert distances == sorted(distances, reverse=True)
    assert [each["label"] for each in api.get("calibrations", limit=2).json["items"]] == [
        each["label"] for each in items[:2]
    ]
    assert api.get("calibrations", limit=0).status == 400


def test_labels_are_calibrated_again_by_a_job(filled, api):
    job = api.wait(api("POST", "/api/v1/calibrations", {}))
    assert (job["kind"], job["state"]) == ("calibrate", "done")
    found = api.get("calibrations").json
    assert (found["photos"], found["measured_at"] > 0) == (len(COLOURS), True)
    assert api("POST", "/api/v1/calibrations", {"colour": "red"}).status == 400


def test_gaps_are_looked_for_by_a_job(filled, api):
    assert (api.get("labels/gaps").json["words"], api.get("labels/gaps").json["items"]) == (None, [])
    job = api.wait(api("POST", "/api/v1/labels/gaps", {"words": "no such list"}))
    assert (job["state"], "no such list" in job["problem"]) == ("failed", True)
    assert api("POST", "/api/v1/labels/gaps", {"words": "/etc/passwd"}).status == 404
    assert filled("vocab", "import", words_file(filled)).status == 0
    job = api.wait(api("POST", "/api/v1/labels/gaps", {"words": "words", "count": 3}))
    assert (job["kind"], job["state"], job["problem"]) == ("suggest", "done", None)
    found = api.get("labels/gaps").json
    printed = [
        json.loads(line) for line in filled("vocab", "suggest", "--words", "words", "--count", 3, "--json").lines
    ]
    assert [{name: each[name] for name in each if name != "shown"} for each in found["items"]] == printed
    assert (found["words"], found["total"], found["tried"]) == ("words", len(COLOURS), 2)


def test_cards_have_the_numbers_of_their_photos(filled, api):
    with api.service.library().catalog.read() as t:
        photos = tuple(t.photos.get([1, 2]))
    gaps = Suggestions((Suggestion(7, (("pink", 3.0, 2.0),), photos),), (Suggestion(5, (), photos[:1]),), 8, 9, 4)
    said = (UnnamedWord("kite", 6, (("florence@1", 6), ("other@2", 2))),)
    api.service.gaps = SuggestResult(gaps, "colours", "words", 2, said)
    items = api.get("labels/gaps").json["items"]
    assert [(each["label"], each["photos"], each["shown"]) for each in items] == [("pink", 7, [1, 2]), (None, 5, [1])]
    (word,) = api.get("labels/gaps").json["described"]
    assert (word["word"], word["photos"]) == ("kite", 6)
    assert word["describers"][1] == {"describer": "other@2", "photos": 2}


def test_a_label_is_added_as_another_vocabulary_has_it(filled, api):
    assert filled("vocab", "import", words_file(filled)).status == 0
    job = api.wait(api("POST", "/api/v1/labels", {"label": "pink", "words": "words"}))
    assert (job["kind"], job["state"], job["problem"]) == ("label", "done", None)
    (kept,) = [each for each in api.get("vocabularies/colours").json["items"] if each["label"] == "pink"]
    (listed,) = [each for each in api.get("vocabularies/words").json["items"] if each["label"] == "pink"]
    assert kept == listed
    assert "pink" in [each["label"] for each in api.get("labels").json["items"]]


def test_a_label_is_added_by_its_name(filled, api):
    assert api.wait(api("POST", "/api/v1/labels", {"label": "dark green"}))["state"] == "done"
    assert "dark green" in [each["label"] for each in api.get("labels").json["items"]]


def test_labels_that_cannot_be_added_are_named(filled, api):
    assert filled("vocab", "import", words_file(filled)).status == 0
    for body, part in (
        ({"label": "red"}, "red"), ({"label": "none", "words": "words"}, "none"), ({"label": " "}, "label"),
        ({"label": "pink", "words": "no such list"}, "no such list"),
    ):  # fmt: skip
        job = api.wait(api("POST", "/api/v1/labels", body))
        assert (job["state"], part in job["problem"]) == ("failed", True), body
    assert api("POST", "/api/v1/labels", {"label": ""}).status == 400
    assert len(api.get("labels").json["items"]) == len(COLOURS)


def words_file(filled):
    path = filled.library.parent / "words.txt"
    path.write_text("pink\nteal\nred\n")
    return path
