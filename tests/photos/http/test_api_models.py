"""The API with other models: after a switch, and with one that has no probabilities."""

from __future__ import annotations

import pytest

from tests.photos.encoders import make_checkpoint

from .client import answering
from .strips import read_strip


def test_answers_follow_a_switch_of_the_model(filled, api, tmp_path):
    turned = make_checkpoint(tmp_path / "turned", seed=3)
    (before,) = api.get("photos", query="a red thing", limit=1).json["matches"]
    strip = api.get("strip", query="a red thing")
    assert filled("model", "try", turned).status == 0
    assert filled("model", "switch").status == 0
    (after,) = api.get("photos", query="a red thing", limit=1).json["matches"]
    assert (before["path"].rpartition("/")[2], after["path"].rpartition("/")[2]) == ("red.png", "blue.png")
    again = api.get("strip", query="a red thing")
    assert again.headers["etag"] != strip.headers["etag"]
    assert read_strip(again.content)[1]["id"][0] == after["id"]
    assert filled("model", "rollback").status == 0
    assert api.get("strip", query="a red thing").content == strip.content


def test_a_model_without_probabilities_has_labels_but_no_thresholds(photos, pictures, vocabulary, tmp_path):
    unbiased = make_checkpoint(tmp_path / "unbiased", bias=None)
    assert photos("vocab", "use", vocabulary).status == 0
    assert photos("add", pictures, "--model", unbiased).status == 0
    with answering(photos.library) as api:
        labels = api.get("labels").json["items"]
        assert {(each["minimum"], each["probability"]) for each in labels} == {(None, None)}
        head, columns = read_strip(api.get("labels/red/column").content)
        assert (head["threshold"], head["probability"], head["bias"]) == (None, None, None)
        assert head["count"] == len(columns["score"])
        (found,) = api.get("photos", query="red", limit=1).json["matches"]
        assert (found["probability"], found["path"]) == (None, str(pictures / "red.png"))
        job = api.wait(api("PATCH", "/api/v1/labels/red", {"threshold": 0.5}))
        assert job["state"] == "failed"
        assert "has no probabilities" in job["problem"]
        assert api.logged == []


def test_a_model_is_tried_switched_to_and_gone_back_from(filled, api, tmp_path):
    turned = make_checkpoint(filled.library / "models" / "turned", seed=3)
    (answering_one,) = api.get("models").json["items"]
    assert (answering_one["role"], answering_one["missing"]) == ("answers", [])
    red = api.get("photos", query="a red thing").json["matches"]
    assert filled("model", "try", turned, "--sample", 2).status == 0
    tried = next(each for each in api.get("models").json["items"] if each["role"] == "tried")
    name = tried["name"]
    assert tried["missing"]
    refused = api.wait(api("POST", "/api/v1/models/switch", {}))
    assert (refused["state"], "not embedded" in refused["problem"]) == ("failed", True)
    assert filled("model", "try", turned).status == 0
    job = api.wait(api("POST", "/api/v1/models/try", {}))
    assert (job["kind"], job["state"]) == ("model try", "done")

    other = api.get("photos", query="a red thing", model=name).json["matches"]
    assert other[0]["id"] != red[0]["id"]
    _, columns = read_strip(api.get("strip", query="a red thing", model=name).content)
    assert list(columns["id"]) == [each["id"] for each in other]
    number = red[0]["id"]
    mine, theirs = (
        api.get(f"photos/{number}/explanation", query="a red thing", **model).json["score"]
        for model in ({}, {"model": name})
    )
    assert mine != theirs
    assert theirs == pytest.approx(next(each["score"] for each in other if each["id"] == number), abs=1e-6)
    assert len(api.get(f"photos/{number}/similar", model=name).json["matches"]) == len(red) - 1
    assert api.get(f"photos/{number}/similar", model="none").json["code"] == "unknown_space"
    cursor = api.get("photos", query="red", model=name, limit=1).json["next"]
    assert api.get("photos", query="red", model=name, limit=1, after=cursor).status == 200
    assert api.get("photos", query="red", limit=1, after=cursor).json["code"] == "wrong_cursor"
    assert api.get("strip", query="red", model="none").json["code"] == "unknown_space"

    switched = api.wait(api("POST", "/api/v1/models/switch", {"model": name}))
    assert switched["note"].startswith(f"{name} answers, in place of ")
    assert api.get("photos", query="a red thing").json["matches"][0]["id"] == other[0]["id"]
    assert api.wait(api("POST", "/api/v1/models/rollback", {}))["state"] == "done"
    assert api.get("photos", query="a red thing").json["matches"][0]["id"] == red[0]["id"]
    assert api.wait(api("DELETE", f"/api/v1/models/{name}"))["state"] == "done"
    assert len(api.get("models").json["items"]) == 1
    assert "no model to go back to" in api.wait(api("POST", "/api/v1/models/rollback", {}))["problem"]


def test_only_a_checkpoint_that_is_installed_is_tried(api, tmp_path):
    turned = make_checkpoint(tmp_path / "turned", seed=3)
    assert "demo" in api.get("models").json["can_be_tried"]
    for name in (str(turned), "/etc", "none/none"):
        assert api("POST", "/api/v1/models/try", {"model": name}).json["code"] == "not_found"
    nothing = api.wait(api("POST", "/api/v1/models/try", {}))
    assert (nothing["state"], "No model is being tried" in nothing["problem"]) == ("failed", True)
