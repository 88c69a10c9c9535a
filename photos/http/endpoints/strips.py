"""Answers that are strips: whole results, the terms of a query, and the scores of a label."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from photos.http.answers.strip import MEDIA_TYPE, aspect_column, day_column, float_column, id_column, order_of
from photos.http.answers.strip import strip as strip_of
from photos.operations.changes import library_stamp
from photos.operations.searching.strips import StripRequest, StripResult, strip, terms
from photos.operations.tagging.label_columns import label_column
from photos.public_records import text
from photos.records.photos import rounded
from query.language import Text

from .calls import Answer, Call, Model


class StripQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of a strip."""

    query: Annotated[str, Meta(description="One line of the query language; all photos without one.")] = ""
    sort: Literal["relevance", "date"] = "relevance"
    model: Model | None = None


def show_strip(call: Call) -> Answer:
    """Answer with all photos that a query finds."""
    request = _request(call)

    def make() -> bytes:
        found = strip(call.library, request)
        columns = [
            id_column(found.shapes.ids),
            aspect_column(found.shapes.widths, found.shapes.heights),
            day_column(found.shapes.days),
        ]
        if found.cosines is not None:
            columns.append(float_column("score", found.cosines))
        about = {"reason": found.reason, "least": rounded(found.least)}
        return strip_of(len(found.shapes.ids), columns, {**_about(found), **about})

    return _answer(call, ("strip", request), make)


def show_terms(call: Call) -> Answer:
    """Answer with the cosines of each term of a query with the photos that it finds."""
    request = _request(call)

    def make() -> bytes:
        found = terms(call.library, request)
        columns = [
            float_column(
                f"term{place}",
                found.cosines[:, place],
                {
                    "term": text(term.text if isinstance(term, Text) else term.path),
                    "kind": "text" if isinstance(term, Text) else "picture",
                    "weight": term.weight,
                },
            )
            for place, term in enumerate(found.terms)
        ]
        return strip_of(len(found.strip.shapes.ids), columns, {**_about(found.strip), "gram": found.gram.tolist()})

    return _answer(call, ("terms", request), make)


def show_label_column(call: Call) -> Answer:
    """Answer with the cosines of a label with the photos that a query finds."""
    request, name = _request(call), call.path["name"]

    def make() -> bytes:
        found = label_column(call.library, name, request)
        about = {
            "label": text(found.label),
            "threshold": rounded(found.minimum),
            "probability": found.probability,
            "scale": found.scale,
            "bias": found.bias,
        }
        column = float_column("score", found.cosines)
        return strip_of(len(found.strip.shapes.ids), [column], {**_about(found.strip), **about})

    return _answer(call, ("label", name, request), make)


def _request(call: Call) -> StripRequest:
    asked = call.query(StripQuery)
    return StripRequest(asked.query, asked.sort, asked.model)


def _about(found: StripResult) -> dict[str, object]:
    moment = found.moment
    return {"generation": f"{moment.seq:x}-{moment.token:x}", "order": order_of(found.shapes.ids)}


def _answer(call: Call, key: tuple[object, ...], make: Callable[[], bytes]) -> Answer:
    packed = call.service.strips.get(key, library_stamp(call.library), make)
    is_packed = "gzip" in call.headers.get("accept-encoding", "")
    tag = f'"{packed.tag}{"-gzip" if is_packed else ""}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
    if tag in call.headers.get("if-none-match", ""):
        return Answer(b"", MEDIA_TYPE, HTTPStatus.NOT_MODIFIED, headers)
    if is_packed:
        return Answer(packed.packed, MEDIA_TYPE, headers={**headers, "Content-Encoding": "gzip"})
    return Answer(packed.plain, MEDIA_TYPE, headers=headers)
