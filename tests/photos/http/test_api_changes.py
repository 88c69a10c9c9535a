"""Changes through the API are those of the commands."""

from __future__ import annotations

import json
import os
import time

import pytest
from PIL import Image

from tests.photos.cli.commands.test_xmp_captions import OLD, describe, written


def number_of(api, name):
    (found,) = api.get("photos", query=f"name:{name}").json["matches"]
    return found["id"]


def labels(record):
    return {each["label"]: each["source"] for each in record["tags"]}


def test_a_tag_is_added_rejected_and_cleared(filled, api, pictures):
    red = number_of(api, "red.png")
    path = f"/api/v1/photos/{red}/tags/our dog: a/b"
    added = api("PUT", path, {"state": "added"})
    assert labels(added.json)["our dog: a/b"] == "user"
    assert "our dog: a/b" in filled("tags", pictures / "red.png").out
    assert labels(api("DELETE", path).json).get("our dog: a/b") is None
    rejected = api("PUT", f"/api/v1/photos/{red}/tags/red", {"state": "rejected"})
    assert "red" not in labels(rejected.json)
    history = api.get(f"photos/{red}/history").json["history"]
    assert [each["what"] for each in history] == ["added", "cleared", "rejected"]


def test_a_rating_is_given_and_taken_back(filled, api, pictures):
    red = number_of(api, "red.png")
    assert api("PUT", f"/api/v1/photos/{red}/rating", {"stars": 4}).json["rating"] == 4
    assert api.get(f"photos/{red}").json["rating"] == 4
    assert api("PUT", f"/api/v1/photos/{red}/rating", {"stars": None}).json["rating"] is None
    assert api("PUT", f"/api/v1/photos/{red}/rating", {"stars": 9}).json["field"] == "stars"


def test_a_selection_is_tagged_and_rated(api):
    some = [number_of(api, "red.png"), number_of(api, "blue.png")]
    tagged = api("POST", "/api/v1/selection/tags", {"photos": some, "add": ["trip"], "reject": ["red"]}).json["items"]
    assert [labels(each)["trip"] for each in tagged] == ["user", "user"]
    rated = api("POST", "/api/v1/selection/rating", {"photos": some, "stars": 5}).json["items"]
    assert [(each["id"], each["rating"]) for each in rated] == [(some[0], 5), (some[1], 5)]
    assert api("POST", "/api/v1/selection/tags", {"photos": [999], "add": ["trip"]}).status == 404


def test_duplicates_are_moved_and_put_back(filled, api, pictures, tmp_path):
    copy = pictures / os.fsdecode(b"caf\xe9.png")
    copy.write_bytes((pictures / "red.png").read_bytes())
    assert filled("index").status == 0
    (group,) = api.get("duplicates", exact=True).json["items"]
    (other,) = [each["path_uri"] for each in group["files"] if not each["best"]]
    body = {"files": [other, "file:///none.png"], "folder": str(tmp_path / "away"), "exact": True}
    job = api.wait(api("POST", "/api/v1/duplicates/moves", body))
    assert (job["kind"], job["state"]) == ("move", "done")
    assert job["note"] == "1 file moved, 1 left: it is in no group of duplicates."
    (run,) = api.get("duplicates/moves").json["items"]
    assert (run["files"], run["folder"], run["undone_at"]) == (1, str(tmp_path / "away"), None)
    assert api.get("duplicates", exact=True).json["items"] == []
    assert api.wait(api("POST", "/api/v1/duplicates/undo", {"run": run["run"]}))["note"] == "1 file put back."
    assert copy.exists()
    assert len(api.get("duplicates", exact=True).json["items"]) == 1
    inside = api.wait(api("POST", "/api/v1/duplicates/moves", {**body, "folder": str(pictures / "x")}))
    assert (inside["state"], "indexed again" in inside["problem"]) == ("failed", True)
    for wrong in ({"folder": "away"}, {"folder": "/a\0"}, {"files": []}, {"files": ["/a.png"]}):
        assert api("POST", "/api/v1/duplicates/moves", {**body, **wrong}).status == 400


def test_a_threshold_is_moved_by_a_job(filled, api):
    before = api.get("photos", query="tag:red").json["total"]
    job = api.wait(api("PATCH", "/api/v1/labels/red", {"threshold": 1}))
    assert (job["kind"], job["state"]) == ("threshold", "done")
    assert before > api.get("photos", query="tag:red").json["total"] == 0
    assert filled("vocab", "history", "colours").out.count("colours") >= 2
    assert api.wait(api("PATCH", "/api/v1/labels/red", {"threshold": None}))["state"] == "done"
    assert api.get("photos", query="tag:red").json["total"] == before
    assert api.wait(api("POST", "/api/v1/vocabularies/colours/rollback", {"revision": 2}))["state"] == "done"
    assert api.get("photos", query="tag:red").json["total"] == 0
    assert api.wait(api("PATCH", "/api/v1/labels/none", {"threshold": 0.1}))["state"] == "failed"


def test_examples_teach_a_label_as_the_command_does(filled, api, pictures):
    red, blue = number_of(api, "red.png"), number_of(api, "blue.png")
    job = api.wait(api("POST", "/api/v1/labels/ours/examples", {"yes": [red], "no": [blue]}))
    assert job["state"] == "done", job
    (taught,) = [json.loads(line) for line in filled("teach", "ours", "--json").lines]
    assert [each["photo"] for each in taught["examples"]] == [red]
    assert [each["photo"] for each in taught["counterexamples"]] == [blue]
    assert api("POST", "/api/v1/labels/ours/examples", {"yes": [999]}).status == 404


def test_indexing_finds_new_photos(api, pictures):
    Image.new("RGB", (30, 30), (219, 31, 30)).save(pictures / "new.png")
    job = api.wait(api("POST", "/api/v1/index", {}))
    assert (job["kind"], job["state"], job["problem"]) == ("index", "done", None)
    assert api.get("photos", query="name:new.png").json["total"] == 1
    assert api.get("jobs").json["items"][0] == api.get(f"jobs/{job['job']}").json == job


def test_photos_are_tagged_again(api, tmp_path):
    assert api.wait(api("POST", "/api/v1/retag", {}))["state"] == "done"
    assert api.wait(api("POST", "/api/v1/retag", {"vocabulary": "demo"}))["state"] == "done"
    assert {each["vocabulary"] for each in api.get("labels").json["items"]} == {"demo"}
    file = tmp_path / "words.txt"
    file.write_text("red\n")
    assert api("POST", "/api/v1/retag", {"vocabulary": str(file)}).status == 404


def test_a_job_that_waits_or_runs_is_stopped(api):
    import threading

    begun, go_on = threading.Event(), threading.Event()

    def long(progress):
        from photos.operations.progress import Stage, Step

        begun.set()
        go_on.wait(60)
        progress.report(Step(Stage.TAG, 1, 2))

    running, waiting = (api.service.jobs.start("retag", long).number for _ in range(2))
    assert begun.wait(20)
    assert api("DELETE", f"/api/v1/jobs/{waiting}").json["state"] == "stopped"
    assert api("DELETE", f"/api/v1/jobs/{running}").json["state"] == "running"
    go_on.set()
    while api.get(f"jobs/{running}").json["state"] == "running":
        time.sleep(0.01)
    assert api.get(f"jobs/{running}").json["state"] == "stopped"
    assert api("DELETE", "/api/v1/jobs/99").status == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "photos/1/tags/x", b"", 400),
        ("PUT", "photos/1/tags/x", {"state": "maybe"}, 400),
        ("PUT", "photos/1/tags/x", {"colour": 1}, 400),
        ("PUT", "photos/99/tags/x", {}, 404),
        ("PUT", "photos/1/tags/\x01", {}, 422),
        ("PUT", "photos/0/rating", {"stars": 1}, 404),
        ("PUT", "photos/1/rating", {}, 400),
        ("POST", "selection/tags", {"photos": []}, 400),
        ("POST", "selection/tags", {"photos": [1] * 100_001}, 400),
        ("POST", "index", b"[" * 100_000, 400),
        ("POST", "nothing", {}, 404),
        ("POST", "status", {}, 405),
        ("PATCH", "labels/red", {"threshold": 2}, 400),
    ],
)
def test_a_wrong_change_gets_a_problem(api, method, path, body, status):
    reply = api(method, f"/api/v1/{path}", body, {"Content-Type": "application/json"})
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json")
    assert reply.json["status"] == status
    assert {"code", "title"} <= reply.json.keys()


def test_a_body_of_another_type_is_refused(api):
    """A form of another page can send text, but no JSON."""
    assert api("POST", "/api/v1/index", b"{}", {"Content-Type": "text/plain"}).status == 415


def test_sidecars_are_written_and_put_back(filled, api, pictures):
    red = number_of(api, "red.png")
    job = api.wait(api("POST", "/api/v1/selection/xmp", {"photos": [red]}))
    assert (job["kind"], job["state"], job["problem"]) == ("xmp", "done", None)
    (sidecar,) = pictures.glob("red*.xmp")
    assert "red" in sidecar.read_text("utf-8")
    assert api.wait(api("POST", "/api/v1/xmp/undo", {"run": None}))["state"] == "done"
    assert not sidecar.exists()
    assert api("POST", "/api/v1/selection/xmp", {"photos": [999_999]}).status == 404


def test_captions_are_written_into_sidecars_if_asked(filled, api, pictures):
    describe(filled)
    red = number_of(api, "red.png")
    for asked, caption in (
        ({"captions": True}, "All red"),
        ({"describer": OLD}, "An area in red"),
        ({}, "An area in red"),
    ):
        assert api.wait(api("POST", "/api/v1/selection/xmp", {"photos": [red], **asked}))["state"] == "done"
        assert written(pictures, "red") == caption
    job = api.wait(api("POST", "/api/v1/selection/xmp", {"photos": [red], "describer": "nobody"}))
    assert (job["state"], "described by nobody" in job["problem"]) == ("failed", True)
