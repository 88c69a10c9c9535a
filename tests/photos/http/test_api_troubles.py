"""The API while its library is locked, gone, upgraded, or on a full disk: it answers, and nobody else waits."""

from __future__ import annotations

import json
import resource
import shutil
import socket
import sqlite3
from contextlib import closing, contextmanager

import pytest

from photos.daemon.protocol import connectable
from photos.http.access.credentials import make_token
from store.private_files import CATALOG_FILE, PREVIEWS_FILE

from .client import answering


@contextmanager
def locked(library):
    """Another connection in the midst of a change of the catalog."""
    with closing(sqlite3.connect(library / CATALOG_FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def sent(api, method, path, body=None):
    """Send a request, and return its connection without waiting for the answer."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(60)
    with connectable(api.library) as name:
        connection.connect(name)
    content = b"" if body is None else json.dumps(body).encode()
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: photos\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    connection.sendall(head.encode() + content)
    return connection


def status_of(connection):
    with closing(connection), connection.makefile("rb") as answer:
        return int(answer.readline().split()[1])


def test_readers_do_not_wait_for_a_locked_catalog(filled, api):
    with locked(filled.library):
        waiting = [sent(api, "PUT", "/api/v1/photos/1/rating", {"stars": each}) for each in range(5)]
        for path, query in (
            ("photos", {"query": "red"}), ("photos", {"query": "words that are new"}), ("photos/1", {}), ("strip", {}),
            ("labels", {"photos": "true"}), ("status", {}), ("suggestions", {"text": "re"}), ("folders", {}),
        ):  # fmt: skip
            assert api.get(path, **query).status == 200, path
        for picture in ("320.webp", "1440.jpg", "original"):
            assert api("GET", f"/media/id/1/{picture}").status == 200
    assert {status_of(each) for each in waiting} <= {200, 503}
    assert api.get("photos/1").json["rating"] in range(5)


def test_a_catalog_that_stays_locked_is_a_sentence(filled):
    with answering(filled.library, catalog_patience=0.5) as api:
        assert api.get("photos/1").status == 200
        with locked(filled.library):
            for method, path, body in (
                ("PUT", "/api/v1/photos/1/tags/trip", {"state": "added"}),
                ("POST", "/api/v1/selection/rating", {"photos": [1, 2], "stars": 2}),
            ):
                reply = api(method, path, body)
                assert (reply.status, reply.json["code"]) == (503, "catalog_busy")
                assert "another photos process" in reply.json["title"]
                assert reply.headers["retry-after"]
            job = api.wait(api("PATCH", "/api/v1/labels/red", {"threshold": 0.5}))
            assert (job["state"], "another photos process" in job["problem"]) == ("failed", True)
        assert api("PUT", "/api/v1/photos/1/tags/trip", {"state": "added"}).status == 200


def test_a_library_upgraded_by_a_newer_program_is_left_alone(filled, api):
    assert api.get("photos/1").status == 200
    with closing(sqlite3.connect(filled.library / CATALOG_FILE)) as newer, newer:
        newer.execute("ALTER TABLE photo ADD COLUMN mood TEXT")
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
    before = sorted((each.name, each.stat().st_size) for each in filled.library.iterdir())
    for method, path, body in (
        ("GET", "photos/1", None), ("GET", "photos?query=red", None), ("GET", "strip", None), ("GET", "status", None),
        ("PUT", "photos/1/rating", {"stars": 3}), ("GET", "labels", None),
    ):  # fmt: skip
        name, _, query = path.partition("?query=")
        reply = api(method, f"/api/v1/{name}", body, **({"query": query} if query else {}))
        assert (reply.status, reply.json["code"]) == (503, "catalog_upgraded"), path
        assert "start it again" in reply.json["title"]
    job = api.wait(api("POST", "/api/v1/retag", {}))
    assert (job["state"], "newer version" in job["problem"]) == ("failed", True)
    assert api("GET", "/media/id/1/320.webp").status == 503
    assert sorted((each.name, each.stat().st_size) for each in filled.library.iterdir()) == before
    with answering(filled.library) as again:
        assert again.get("photos/1").json["code"] == "catalog_too_new"


def test_a_repair_of_the_catalog_is_no_upgrade(filled, api):
    assert api.get("photos/1").status == 200
    with closing(sqlite3.connect(filled.library / CATALOG_FILE, isolation_level=None)) as other:
        other.execute("VACUUM")
    assert api.get("photos/1").status == 200
    assert api("PUT", "/api/v1/photos/1/rating", {"stars": 3}).status == 200


def test_a_deleted_library_is_not_made_again(filled, api):
    assert api.get("photos/1").status == 200
    shutil.rmtree(filled.library)
    for path in ("photos/1", "photos", "strip", "status", "labels", "folders"):
        reply = api.browser("GET", f"/api/v1/{path}")
        assert reply.status == 401, "nobody is known to a library that is gone"
    assert not filled.library.exists()


def test_a_photo_that_was_pruned_is_not_found(filled, api, pictures):
    found = api.get("photos", query="name:red.png").json["matches"][0]
    (pictures / "red.png").unlink()
    assert api.wait(api("POST", "/api/v1/index", {}))["state"] == "done"
    assert filled("prune", "--older-than", "0", "--yes").status == 0
    number = found["id"]
    for method, path, body in (
        ("GET", f"photos/{number}", None), ("GET", f"photos/{number}/similar", None),
        ("GET", f"photos/{number}/tags", None), ("GET", f"photos/{number}/history", None),
        ("PUT", f"photos/{number}/rating", {"stars": 3}), ("PUT", f"photos/{number}/tags/trip", {"state": "added"}),
        ("POST", "selection/tags", {"photos": [number], "add": ["trip"]}),
        ("POST", "labels/red/examples", {"yes": [number]}),
    ):  # fmt: skip
        reply = api(method, f"/api/v1/{path}", body)
        assert (reply.status, str(number) in reply.json["title"]) == (404, True), path
    for address in (f"/media/id/{number}/320.webp", f"/media/id/{number}/original", found["media"]["preview"]):
        assert api("GET", address).status == 404
    assert number not in [each["id"] for each in api.get("photos").json["matches"]]


@contextmanager
def full_disk():
    """No file of this process, and of those that it starts, can grow, as on a disk without room."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_costs_the_cache_of_previews_alone(filled):
    with answering(filled.library) as api:
        found = api.get("photos", query="name:red.png").json["matches"][0]
        with full_disk():
            replies = [api("GET", found["media"]["preview"]) for _ in range(3)]
            # What is remembered of texts is written into the catalog.
            assert api.get("photos", query="words that are new").status == 200
            change = api("PUT", "/api/v1/photos/1/rating", {"stars": 2})
        assert [(each.status, each.headers["content-type"]) for each in replies] == [(200, "image/jpeg")] * 3
        assert "full" in change.json["title"] or "failed" in change.json["title"], change.json
        assert change.status in {503, 507}
        assert len(api.logged) == 1
        assert PREVIEWS_FILE in api.logged[0]
        assert api("GET", found["media"]["preview"]).status == 200
        assert api("PUT", "/api/v1/photos/1/rating", {"stars": 2}).status == 200


@pytest.mark.parametrize("door", ["socket", "tcp"])
def test_a_query_of_100_000_characters_is_refused(filled, api, door):
    long = "a" * 100_000
    if door == "socket":
        reply = api.get("photos", query=long)
    else:
        key = make_token(filled.library)
        reply = api.browser("GET", f"/api/v1/photos?query={long}", None, {"Authorization": f"Bearer {key}"})
    assert reply.status in {422, 431}
    assert reply.headers["content-type"] == "application/problem+json"
    assert len(reply.content) < 2000
    assert api.get("photos", query="red").status == 200


def test_a_client_that_never_reads_a_strip_keeps_nobody_waiting(filled):
    with answering(filled.library, patience=0.5) as api:
        idle = [sent(api, "GET", "/api/v1/strip") for _ in range(8)]
        idle += [sent(api, "GET", "/api/v1/events") for _ in range(8)]
        try:
            for path in ("photos", "strip", "status"):
                assert api.get(path).status == 200
            assert api("PUT", "/api/v1/photos/1/rating", {"stars": 1}).status == 200
        finally:
            for each in idle:
                each.close()
