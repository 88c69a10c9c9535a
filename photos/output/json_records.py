"""Photos, scores and tags under the names that the documentation promises, as JSON holds them.

What shows a search's answer works on these: they are the same whether this process made them or another one sent them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from query.search import Match
    from query.tagging import ScoredTag
    from store import Facts


class TagRecord(TypedDict):
    """A tag. Its scores are null where nothing scored it."""

    label: str
    score: float | None
    probability: float | None
    calibrated: float | None
    threshold: float | None
    source: str
    origin: str | None
    implied_by: str | None


class ScoreRecord(TypedDict):
    """A comparison's three forms: `score` is the cosine."""

    score: float | None
    logit: float | None
    probability: float | None


class FactRecord(TypedDict):
    """What a photo's files say of it; null where they do not."""

    width: int
    height: int
    format: str
    taken_at: str | None
    camera: str | None
    lens: str | None
    focal_length: float | None
    aperture: float | None
    exposure: float | None
    iso: int | None
    latitude: float | None
    longitude: float | None
    rating: int | None
    caption: str | None
    keywords: list[str]


class MoreRecord(TypedDict):
    """Another photo of a group."""

    path: str
    paths: list[str]
    photo: int
    score: float | None
    taken_at: str | None


class MatchRecord(FactRecord, ScoreRecord):
    """A photo that was found. Paths that are no text keep their bytes as lone surrogates, as Python reads them."""

    path: str
    paths: list[str]
    companions: list[str]
    photo: int
    tags: list[TagRecord]
    #: Only where photos were grouped, and there are others.
    more: NotRequired[list[MoreRecord]]


def match_record(match: Match, more: Sequence[Match] = ()) -> MatchRecord:
    """A search's result, with the others of its group."""
    paths = [text_of(path) for path in match.photo.paths]
    record: MatchRecord = {
        "path": paths[0],
        "paths": paths,
        "companions": [text_of(path) for path in match.photo.companions],
        "photo": match.photo_id,
        **scores(match.cosine, match.logit, match.probability),
        **fact_record(match.photo.facts),
        "tags": [tag_record(tag) for tag in match.tags],
        "more": [_more_record(each) for each in more],
    }
    if not more:
        del record["more"]
    return record


def _more_record(match: Match) -> MoreRecord:
    paths = [text_of(path) for path in match.photo.paths]
    return {
        "path": paths[0],
        "paths": paths,
        "photo": match.photo_id,
        "score": rounded(match.cosine),
        "taken_at": _moment(match.photo.facts.taken_at, match.photo.facts.taken_offset),
    }


def tag_record(tag: ScoredTag) -> TagRecord:
    """A tag: its label, its cosine and probability (null where a person said it), and where it came from."""
    return {
        "label": tag.label,
        "score": rounded(tag.score),
        "probability": rounded(tag.probability),
        "calibrated": rounded(tag.calibrated),
        "threshold": rounded(tag.minimum),
        "source": str(tag.source),
        "origin": tag.origin,
        "implied_by": tag.implied_by,
    }


def scores(cosine: float | None, logit: float | None, probability: float | None) -> ScoreRecord:
    """A comparison's three forms; null where there was nothing to compare with."""
    return {"score": rounded(cosine), "logit": rounded(logit), "probability": rounded(probability)}


def fact_record(facts: Facts) -> FactRecord:
    """What is known of a photo, times as ISO 8601."""
    return {
        "width": facts.width,
        "height": facts.height,
        "format": facts.format,
        "taken_at": _moment(facts.taken_at, facts.taken_offset),
        "camera": facts.camera,
        "lens": facts.lens,
        "focal_length": facts.focal_length,
        "aperture": facts.aperture,
        "exposure": facts.exposure,
        "iso": facts.iso,
        "latitude": facts.latitude,
        "longitude": facts.longitude,
        "rating": facts.rating,
        "caption": facts.caption,
        "keywords": list(facts.keywords),
    }


def text_of(path: bytes) -> str:
    """*path* as JSON keeps it."""
    return os.fsdecode(path)


def rounded(value: float | None) -> float | None:
    """*value* with nine significant digits, which give a float32 back exactly."""
    return None if value is None else float(f"{float(value):.9g}")


def _moment(taken_at: datetime | None, offset: int | None) -> str | None:
    if taken_at is None:
        return None
    if offset is None:
        return taken_at.isoformat()
    zone = UTC if offset == 0 else timezone(timedelta(minutes=offset))
    return taken_at.replace(tzinfo=zone).isoformat()
