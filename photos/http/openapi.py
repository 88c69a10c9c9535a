"""The description of the API, OpenAPI 3.1, made of the routes: `python -m photos.http.openapi > docs/openapi.json`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from typing import Any, Final, NotRequired, get_args, get_origin, get_type_hints, is_typeddict

import msgspec

from photos.installed_version import installed_version
from photos.records.http import MediaRecord

from .answers.problems import MEDIA_TYPE as PROBLEM
from .endpoints.calls import JSON, NoParameters, Route
from .endpoints.events import MEDIA_TYPE as EVENTS
from .routes import BASE, ROUTES, Items

_REF: Final = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
_DESCRIPTION: Final = (
    "What the gallery's page and other programs ask of a library. Records are those of the command line's --json; "
    "photos help http says more."
)
#: A problem, which msgspec cannot make a schema of.
_PROBLEM_SCHEMA: Final = {
    "title": "Problem",
    "description": "An error (RFC 9457).",
    "type": "object",
    "properties": {
        "status": {"type": "integer", "description": "The HTTP status."},
        "code": {"type": "string", "description": "The error's code, which stays the same."},
        "title": {"type": "string", "description": "One sentence."},
        "field": {"type": "string", "description": "The field that is wrong."},
        "token": {"type": "string", "description": "The part of the query that is wrong."},
    },
    "required": ["status", "code", "title"],
}


def description() -> dict[str, Any]:
    """Return the description as a JSON object."""
    kinds = {id(kind): kind for route in ROUTES for kind in _kinds(route)}
    kinds[id(MediaRecord)] = MediaRecord
    schemas, components = msgspec.json.schema_components(list(kinds.values()), ref_template=_REF)
    of_kind = dict(zip(kinds, schemas, strict=True))
    known = {kind.__name__: kind for kind in _all_records(kinds.values())}
    for name, schema in components.items():
        _complete(schema, known.get(name))
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        path = BASE + _PARAMETER.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, of_kind, components)
    paths[f"{BASE}/events"] = {"get": _events()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "photos",
            "version": installed_version() or "0",
            "description": _DESCRIPTION,
            "license": _LICENSE,
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"cookie": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted({**components, "Problem": _PROBLEM_SCHEMA}.items())),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "photos-LIBRARY"},
            },
        },
    }


_LICENSE: Final = {"name": "Apache-2.0", "identifier": "Apache-2.0"}


def text() -> str:
    """Return the description as the file in the documentation has it."""
    return json.dumps(description(), indent=1, ensure_ascii=False) + "\n"


def _kinds(route: Route) -> list[Any]:
    answer = route.answer.kind if isinstance(route.answer, Items) else route.answer
    kinds = [] if isinstance(answer, str) else [answer]
    return [*kinds, *([route.body] if route.body else []), *([] if route.query is NoParameters else [route.query])]


def _operation(route: Route, of_kind: Mapping[int, Any], components: Mapping[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": route.summary,
        "parameters": [*_path_parameters(route), *_query_parameters(route, of_kind, components)],
        "responses": {
            str(int(route.status)): {"description": "The answer.", "content": _content(route, of_kind)},
            "default": {
                "description": "An error.",
                "content": {PROBLEM: {"schema": {"$ref": _REF.format(name="Problem")}}},
            },
        },
    }
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": of_kind[id(route.body)]}}}
    return operation


def _content(route: Route, of_kind: Mapping[int, Any]) -> dict[str, Any]:
    if isinstance(route.answer, str):
        return {route.answer: {"schema": {"type": "string", "format": "binary"}}}
    if not isinstance(route.answer, Items):
        return {JSON: {"schema": of_kind[id(route.answer)]}}
    items = {"type": "array", "items": of_kind[id(route.answer.kind)]}
    return {JSON: {"schema": {"type": "object", "properties": {"items": items}, "required": ["items"]}}}


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    numbers = {"type": "integer", "minimum": 1}
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": numbers if name in {"id", "number"} else {"type": "string", "minLength": 1},
        }
        for name in _PARAMETER.findall(route.path)
    ]


def _query_parameters(route: Route, of_kind: Mapping[int, Any], components: Mapping[str, Any]) -> list[dict[str, Any]]:
    if route.query is NoParameters:
        return []
    schema = components[of_kind[id(route.query)]["$ref"].rpartition("/")[2]]
    required = set(schema.get("required", ()))
    found = []
    for name, each in schema["properties"].items():
        own = {key: value for key, value in each.items() if key not in {"description", "default"} or value is not None}
        parameter = {"name": name, "in": "query", "required": name in required, "schema": own}
        if "description" in own:
            parameter["description"] = own.pop("description")
        found.append(parameter)
    return found


def _events() -> dict[str, Any]:
    schema = {"type": "string"}
    return {
        "operationId": "events",
        "summary": "Events: `library` when anything changed, `job` when a job did.",
        "parameters": [],
        "responses": {"200": {"description": "The stream.", "content": {EVENTS: {"schema": schema}}}},
    }


def _all_records(kinds: Any) -> list[Any]:
    """Return the typed dictionaries among *kinds*, and those within them."""
    found: dict[str, Any] = {}
    waiting = list(kinds)
    while waiting:
        kind = waiting.pop()
        if is_typeddict(kind) and kind.__name__ not in found:
            found[kind.__name__] = kind
            waiting += get_type_hints(kind).values()
        else:
            waiting += [each for each in get_args(kind) if not isinstance(each, str)]
    return list(found.values())


def _complete(schema: dict[str, Any], kind: Any) -> None:
    """Add the fields that the API adds to records, and the sentences of their fields."""
    properties = schema.get("properties")
    if properties is None or kind is None:
        return
    for name, sentence in _sentences(kind).items():
        properties[name] = _described(properties[name], sentence)
    if "path" in properties:
        uri = {"anyOf": [{"type": "string"}, {"type": "null"}]}
        properties["path_uri"] = _described(uri, "`path` as a `file:` URI, exact to the byte.")
    if "photo" in properties:
        number = {"anyOf": [{"type": "integer"}, {"type": "null"}]}
        properties["id"] = _described(number, "The photo's number.")
        properties["media"] = _described({"$ref": _REF.format(name="MediaRecord")}, "Addresses of its pictures.")


def _described(schema: dict[str, Any], sentence: str) -> dict[str, Any]:
    return {**schema, "description": sentence}


def _sentences(kind: Any) -> dict[str, str]:
    found = {}
    for name, hint in get_type_hints(kind, include_extras=True).items():
        inner = get_args(hint)[0] if get_origin(hint) is NotRequired else hint
        sentence = next((each for each in get_args(inner)[1:] if isinstance(each, str)), None)
        if sentence is not None and hasattr(inner, "__metadata__"):
            found[name] = sentence
    return found


if __name__ == "__main__":
    sys.stdout.write(text())
