"""Saved searches through the API are those of the commands."""

from __future__ import annotations

import json


def test_a_search_is_saved_listed_and_removed(filled, api):
    put = api("PUT", "/api/v1/searches/our dog: a/b", {"query": 'dog 2:"red car" -tag:red'})
    assert (put.status, put.json["name"]) == (200, "our dog: a/b")
    assert api("PUT", "/api/v1/searches/second", {"query": "red"}).status == 200
    listed = api.get("searches").json["items"]
    assert [json.loads(line) for line in filled("saved", "list", "--json").lines] == listed
    assert [each["query"] for each in listed] == ["red", 'dog 2:"red car" -tag:red']
    removed = api("DELETE", "/api/v1/searches/our dog: a/b")
    assert (removed.status, removed.json) == (200, put.json)
    assert [each["name"] for each in api.get("searches").json["items"]] == ["second"]


def test_what_cannot_be_saved_is_refused(api):
    assert api("PUT", "/api/v1/searches/x", {"query": "tagg:dog"}).json["code"] == "bad_query"
    assert api("PUT", "/api/v1/searches/x", {"query": ""}).json["field"] == "query"
    assert api("PUT", "/api/v1/searches/  ", {"query": "red"}).status == 404
    assert api("PUT", f"/api/v1/searches/{'x' * 201}", {"query": "red"}).status == 404
    assert api("DELETE", "/api/v1/searches/x").json["code"] == "unknown_search"
    assert api.get("searches").json["items"] == []
