"""Descriptions in the API: what describers said of a photo, and jobs that let one describe photos."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from photos.config import load
from photos.http.access.access_control import AccessRules
from photos.http.access.credentials import make_token
from photos.http.jobs import Jobs, Lane
from photos.library import OpenLibrary
from store import StoredDescription
from tests.indexer.describers.chat_server import GOOD
from tests.indexer.describers.conftest import ChatServer

from .client import answering

MADE_AT = datetime(2026, 5, 4, 12, tzinfo=UTC).replace(tzinfo=None)
HOSTILE = '<img src=x onerror="alert(1)">'


@pytest.fixture(scope="module")
def server():
    running = ChatServer("--quiet")
    yield running
    assert running.stop() == ""


def describing(library, server, model="good", **more):
    """A client of the API with the endpoint set up; the model's name chooses how it behaves."""
    endpoint = {"PHOTOS_DESCRIBE_ENDPOINT": server.url, "PHOTOS_DESCRIBE_MODEL": model, "PHOTOS_DESCRIBE_KEY": "secret"}
    return answering(library, **endpoint, **more)


def describe(filled, name, **said):
    """Store a description of the photo whose file has that *name*, and return the photo's number."""
    with OpenLibrary(load({"library": filled.library}, {}), filled.encoders) as library, library.catalog.write() as t:
        (number,) = (each.id for each in t.photos.get(t.selection.all().tolist()) if each.paths[0].endswith(name))
        given = {"origin": "model@here", "caption": None, "labels": (), "text": None, "made_at": MADE_AT, **said}
        tasks = frozenset({"caption", "objects", "text"})
        t.descriptions.put(number, StoredDescription(tasks=tasks, **given))
    return number


def test_a_photo_has_its_descriptions_apart_from_its_own_caption(filled, api):
    words = ("Red", "green", "tapir")
    number = describe(filled, b"red.png", caption=HOSTILE, labels=words, text="INVOICE\n2024")
    describe(filled, b"red.png", origin="newer@here", made_at=MADE_AT.replace(hour=13), caption="a red square")
    photo = api.get(f"photos/{number}").json
    assert photo["caption"] is None
    newer, older = photo["descriptions"]
    assert (newer["describer"], newer["caption"], newer["labels"]) == ("newer@here", "a red square", [])
    assert (older["describer"], older["caption"], older["text"]) == ("model@here", HOSTILE, "INVOICE\n2024")
    assert older["tasks"] == ["caption", "objects", "text"]
    assert older["made_at"].startswith("2026-05-04T")
    assert older["labels"] == list(words)


def test_each_word_says_whether_scores_verify_it(filled, api):
    number = describe(filled, b"red.png", labels=("Red", "green", "tapir"))
    (description,) = api.get(f"photos/{number}").json["descriptions"]
    states = {each["word"]: (each["state"], each["label"]) for each in description["words"]}
    assert states == {"Red": ("tag", "red"), "green": ("unverified", "green"), "tapir": ("unknown", None)}
    red, green, tapir = description["words"]
    assert red["score"] > green["score"]
    assert (tapir["score"], tapir["probability"]) == (None, None)
    api("PUT", f"/api/v1/photos/{number}/tags/red", {"state": "rejected"})
    (description,) = api.get(f"photos/{number}").json["descriptions"]
    assert description["words"][0]["state"] == "rejected"


def test_photos_of_a_list_have_no_descriptions(filled, api):
    """The page asks for a hundred of them at once."""
    number = describe(filled, b"red.png", caption="red")
    (photo,) = api.get("photos", ids=number).json["matches"]
    assert "descriptions" not in photo


def test_photos_are_described_by_a_job(filled, server):
    with describing(filled.library, server) as api:
        assert api.get("describers").json == {"items": [], "offered": ["endpoint"]}
        (red,) = api.get("photos", query="name:red*").json["matches"]
        job = api.wait(api("POST", "/api/v1/describe", {"photos": [red["id"]]}))
        name = f"good@127.0.0.1:{server.port}"
        assert (job["kind"], job["state"], job["note"]) == ("describe", "done", f"1 photo described by {name}.")
        assert (job["done"], job["total"]) == (1, 1)
        (description,) = api.get(f"photos/{red['id']}").json["descriptions"]
        assert (description["caption"], description["labels"]) == (GOOD["caption"], GOOD["labels"])
        # The query finds the same one, and two others.
        body = {"query": "name:red*|blue*|green*", "with": "endpoint", "tasks": ["caption", "objects"]}
        job = api.wait(api("POST", "/api/v1/describe", body))
        assert job["note"] == f"2 photos described by {name}; 1 had a description before."
        job = api.wait(api("POST", "/api/v1/describe", body | {"again": True}))
        assert job["note"] == f"3 photos described by {name}."
        job = api.wait(api("POST", "/api/v1/describe", {"query": "a red thing", "top": 1, "tasks": ["text"]}))
        assert job["note"] == f"1 photo described by {name}."
        (item,) = api.get("describers").json["items"]
        assert (item["describer"], item["photos"]) == (name, 3)
        assert datetime.fromisoformat(item["last_at"]).tzinfo is not None
        job = api.wait(api("DELETE", f"/api/v1/describers/{name}"))
        assert (job["kind"], job["note"]) == ("describer forget", f"Deleted what {name} said of 3 photos.")
        assert api.get("describers").json["items"] == []
        assert api.get(f"photos/{red['id']}").json["descriptions"] == []
        assert api("DELETE", f"/api/v1/describers/{name}").status == 404
        assert api.logged == []


def test_without_a_describer_the_job_is_refused(api):
    reply = api("POST", "/api/v1/describe", {"photos": [1]})
    assert (reply.status, reply.json["code"]) == (422, "no_describer")
    assert reply.json["title"].startswith("No describer is set up; ")
    assert api.get("describers").json == {"items": [], "offered": []}
    assert api.get("jobs").json["items"] == []


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "photos"),
        ({"photos": [1], "query": "year:2020"}, 400, "photos"),
        ({"photos": []}, 400, "photos"),
        ({"query": " "}, 400, "query"),
        ({"query": "a red thing"}, 400, "top"),
        ({"photos": [1], "tasks": ["poem"]}, 400, "tasks"),
        ({"photos": [1], "with": "/etc"}, 404, None),
        ({"query": "nonsense:1"}, 422, None),
    ],
)
def test_a_wrong_wish_gets_a_problem(filled, server, body, status, field):
    with describing(filled.library, server) as api:
        reply = api("POST", "/api/v1/describe", body)
        assert reply.status == status, reply.content
        assert (reply.json.get("field") or "").split("[")[0] == (field or "")
        assert api.get("jobs").json["items"] == []


def test_a_describer_that_refuses_fails_the_job_with_its_sentence(filled, server):
    with describing(filled.library, server, "unauthorised") as api:
        job = api.wait(api("POST", "/api/v1/describe", {"query": "name:*.png"}))
        assert job["state"] == "failed"
        assert "unauthorised@127.0.0.1" in job["problem"]
        assert "secret" not in job["problem"]
        assert job["note"] == f"0 photos described by unauthorised@127.0.0.1:{server.port}; 6 left."


def test_a_describing_job_is_stopped_and_keeps_nothing_else_waiting(filled, server):
    with describing(filled.library, server, "silent", PHOTOS_DESCRIBE_TIMEOUT="2") as api:
        job = api("POST", "/api/v1/describe", {"query": "name:*.png"})
        other = api.wait(api("POST", "/api/v1/retag", {}))
        assert other["state"] == "done"
        assert api.get(f"jobs/{job.json['job']}").json["state"] == "running"
        api("DELETE", f"/api/v1/jobs/{job.json['job']}")
        assert api.wait(job)["state"] == "stopped"


def test_lanes_run_beside_each_other_and_share_their_bound():
    jobs, begun, go_on = Jobs(), threading.Event(), threading.Event()

    def long(_progress):
        begun.set()
        assert go_on.wait(20)

    first = jobs.start("describe", long, Lane.DESCRIBING)
    second = jobs.start("describe", long, Lane.DESCRIBING)
    assert begun.wait(20)
    usual = jobs.start("retag", lambda _: "done it")
    while jobs.get(usual.number).state != "done":
        pass
    assert (jobs.get(first.number).state, jobs.get(second.number).state) == ("running", "waiting")
    assert jobs.stop(second.number).state == "stopped"
    go_on.set()
    while jobs.get(first.number).state != "done":
        pass
    assert jobs.get(second.number).state == "stopped"


def test_other_machines_describe_nothing_unless_they_may_edit(filled, server):
    token = {"Authorization": f"Bearer {make_token(filled.library)}", "Host": "192.168.7.7"}
    body = {"query": "name:red*"}
    with describing(filled.library, server, access=AccessRules(is_remote=True)) as api:
        assert api.browser("GET", "/api/v1/describers", None, token).status == 200
        for method, path in (("POST", "/api/v1/describe"), ("DELETE", "/api/v1/describers/model@here")):
            reply = api.browser(method, path, body if method == "POST" else None, token)
            assert (reply.status, reply.json["code"]) == (403, "read_only")
    with describing(filled.library, server, access=AccessRules(is_remote=True, allow_edits=True)) as api:
        assert api.wait(api.browser("POST", "/api/v1/describe", body, token))["state"] == "done"
