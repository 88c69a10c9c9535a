"""Wrong requests get a problem with a code and a sentence, never an internal error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from photos.http.openapi import description, text
from photos.http.routes import BASE, ROUTES

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        ("photos", {"query": "tag:gren"}, 422, "bad_query"),
        ("photos", {"query": "a" * 5000}, 422, "bad_query"),
        ("photos", {"query": "a" * 100_000}, 422, "bad_query"),
        ("photos", {"query": "red\0"}, 400, "bad_request"),
        ("photos", {"limit": "0"}, 400, "bad_request"),
        ("photos", {"limit": "many"}, 400, "bad_request"),
        ("photos", {"colour": "red"}, 400, "bad_request"),
        ("photos", {"query": ["red", "blue"]}, 400, "bad_request"),
        ("photos", {"sort": "colour"}, 400, "bad_request"),
        ("photos", {"min_score": "nan"}, 400, "bad_request"),
        ("photos/99", {}, 404, "not_found"),
        ("photos/none", {}, 404, "not_found"),
        ("photos/99999999999999999999", {}, 404, "not_found"),
        ("photos/1/explanation", {}, 400, "bad_request"),
        ("photos/1/explanation", {"query": "year:2000"}, 422, "bad_query"),
        ("photos/1/similar", {"query": "red"}, 422, "bad_query"),
        ("vocabularies/none", {}, 404, "unknown_vocabulary"),
        ("vocabularies/none.txt", {}, 404, "unknown_vocabulary"),
        ("vocabularies/none/revisions", {}, 404, "unknown_vocabulary"),
        ("compare", {"from": "/etc/passwd"}, 404, "unknown_vocabulary"),
        ("labels/none/column", {}, 404, "unknown_label"),
        ("labels/trial", {"text": " "}, 422, "bad_label"),
        ("nothing", {}, 404, "not_found"),
    ],
)
def test_a_wrong_request_gets_a_problem(api, path, query, status, code):
    reply = api.get(path, **query)
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json")
    problem = reply.json
    assert (problem["status"], problem["code"]) == (status, code)
    assert len(problem["title"]) < 600


def test_a_wrong_field_is_named(api):
    assert api.get("photos", limit="many").json["field"] == "limit"
    assert api.get("photos", colour="red").json["field"] == "colour"
    assert api.get("photos/1/explanation").json["field"] == "query"
    assert api.get("photos", query="red tag:gren").json["token"] == "tag:gren"


def test_the_description_in_the_documentation_is_current(api):
    assert (ROOT / "docs" / "openapi.json").read_text("utf-8") == text()
    assert api("GET", "/openapi.json").json == description()


def test_every_route_is_described_once():
    paths = description()["paths"]
    described = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert len(described) == len(ROUTES) + 1
    names = [each["operationId"] for methods in paths.values() for each in methods.values()]
    assert len(set(names)) == len(names)
    assert all(path.startswith(BASE) for path in paths)


def test_every_field_of_an_answer_has_a_sentence():
    schemas = json.loads(text())["components"]["schemas"]
    silent = [
        f"{name}.{field}"
        for name, schema in schemas.items()
        if name.endswith("Record")
        for field, each in schema.get("properties", {}).items()
        if "description" not in each
    ]
    assert not silent
