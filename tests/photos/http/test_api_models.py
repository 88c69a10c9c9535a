"""The API with other models: after a switch, and with one that has no probabilities."""

from __future__ import annotations

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
