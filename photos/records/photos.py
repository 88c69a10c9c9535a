"""Photos, searches, tags and embeddings.

Searches are printed from these records, which are the same from this process and from the daemon.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Annotated, NotRequired, TypedDict

from photos.times import local_time

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photos.operations.searching.explain import ExplainResult
    from photos.operations.searching.facets import FacetCount
    from photos.operations.searching.search import SearchResult
    from photos.operations.tagging.ratings import RatedPhoto
    from photos.operations.tagging.tags import PhotoHistory, PhotoTags, TagCount
    from query.search import LabelScore, Match, TermScore
    from query.tagging import ScoredTag
    from store.facts import Facts
    from store.records import Photo, TagEvent


class TagRecord(TypedDict):
    """A tag of a photo. Its scores are null where nothing scored it."""

    label: Annotated[str, "The label's name; with its slot, such as `birds:heron`, outside the main vocabulary."]
    score: Annotated[float | None, "The cosine of the label and the photo."]
    probability: Annotated[float | None, "The model's probability for that cosine."]
    calibrated: Annotated[float | None, "The score's distance from the label's usual score here, in its spreads."]
    threshold: Annotated[float | None, "The score from which the label counts; null for always, and without a score."]
    source: Annotated[str, "`auto`, `user` or `imported`."]
    origin: Annotated[str | None, "The program that an imported tag came from."]
    implied_by: Annotated[str | None, "The tag that implies this one."]


class ScoreRecord(TypedDict):
    """A comparison. All three are null where there was nothing to compare with, as in a search by filters alone."""

    score: Annotated[float | None, "The cosine."]
    logit: Annotated[float | None, "The model's logit; null unless a single text was compared."]
    probability: Annotated[float | None, "The model's probability; null unless a single text was compared."]


class FactRecord(TypedDict):
    """Metadata of a photo; null where its files have none."""

    width: Annotated[int, "Pixels from left to right."]
    height: Annotated[int, "Pixels from top to bottom."]
    format: Annotated[str, "The file's format, such as `JPEG`."]
    taken_at: Annotated[str | None, "The time of capture, ISO 8601."]
    date_source: Annotated[
        str | None, "The property that the time was read from. `DateTime`, the time of the last change, is less sure."
    ]
    camera: Annotated[str | None, "The camera's name."]
    lens: Annotated[str | None, "The lens's name."]
    focal_length: Annotated[float | None, "Millimetres."]
    aperture: Annotated[float | None, "The f-number."]
    exposure: Annotated[float | None, "Seconds."]
    iso: Annotated[int | None, "The ISO speed."]
    latitude: Annotated[float | None, "Degrees north."]
    longitude: Annotated[float | None, "Degrees east."]
    rating: Annotated[int | None, "Stars, -1 to 5."]
    caption: Annotated[str | None, "The caption in the file or its sidecar."]
    keywords: Annotated[list[str], "The keywords in the file or its sidecar."]


class GroupMemberRecord(TypedDict):
    """Another photo of a match's group, with `--group`."""

    path: Annotated[str, "The first of its files."]
    paths: Annotated[list[str], "All its files."]
    photo: Annotated[int, "The photo's number."]
    score: Annotated[float | None, "The cosine."]
    taken_at: Annotated[str | None, "The time of capture, ISO 8601."]


class MatchRecord(FactRecord, ScoreRecord):
    """A photo that `photos search` or `photos similar` found. Path bytes that are no text are lone surrogates."""

    path: Annotated[str, "The first of its files."]
    paths: Annotated[list[str], "All its files."]
    companions: Annotated[list[str], "Files that belong to them, such as RAW files and sidecars."]
    photo: Annotated[int, "The photo's number."]
    tags: Annotated[list[TagRecord], "Its tags."]
    fused: Annotated[
        NotRequired[float], "With `--with-captions`: the value that orders photos, of picture and caption together."
    ]
    more: Annotated[NotRequired[list[GroupMemberRecord]], "With `--group`: the other photos of its group, if any."]


class SearchSummaryRecord(TypedDict):
    """A search without its photos: a part of the records that have them."""

    title: Annotated[str, "The query as a heading."]
    of_text: Annotated[bool, "True if the query is a single text."]
    is_cut: Annotated[bool, "True if a text was longer than the model reads and was cut."]
    is_chance: Annotated[bool, "True if the best photo scores no better than unrelated photos do."]
    best: Annotated[float | None, "The highest cosine; null if none was computed."]
    least: Annotated[float | None, "The lowest cosine that is better than chance; null if none was computed."]
    reason: Annotated[str | None, "The reason why filters leave no photo: a sentence without its full stop."]
    total: Annotated[int, "The number of all photos that match; of a ranking, all that the filters leave."]
    captions: Annotated[int | None, "With `--with-captions`: the number of captions that were compared; null without."]


class SearchRecord(SearchSummaryRecord):
    """A whole search, as the daemon answers it. `--json` prints its matches, one a line."""

    matches: Annotated[list[MatchRecord], "The photos, in order."]


class CountRecord(TypedDict):
    """The number of photos that a search finds: `photos search --count`."""

    count: Annotated[int, "The number of photos."]


class PhotoTagsRecord(TypedDict):
    """A photo's tags: `photos tags IMAGE` and `photos tag`."""

    path: Annotated[str, "The file that was named."]
    photo: Annotated[int, "The photo's number."]
    tags: Annotated[list[TagRecord], "Its tags."]


class TagCountRecord(TypedDict):
    """A tag of the library: `photos tags`."""

    label: Annotated[str, "The label's name."]
    photos: Annotated[int, "The number of photos that have it."]


class FacetRecord(TypedDict):
    """A value of a fact, and its photos: `photos facets`."""

    facet: Annotated[str, "`camera`, `lens`, `year`, `folder` or `keyword`."]
    value: Annotated[str | int, "The value: a name, a year, or a folder's absolute path."]
    photos: Annotated[int, "The number of photos that have it; of a folder, those below it included."]


class RatingRecord(TypedDict):
    """A photo's rating: `photos rate`."""

    path: Annotated[str, "The file that was named."]
    photo: Annotated[int, "The photo's number."]
    rating: Annotated[int | None, "Its stars, -1 to 5; null for none."]


class TagEventRecord(TypedDict):
    """A manual or imported change of a tag, an edit of the picture at which its tags were kept, or the last rating."""

    at: Annotated[str, "The time, local, with its offset, ISO 8601."]
    what: Annotated[str, "`added`, `rejected`, `cleared`, `imported`, `edited` or `rated`."]
    label: Annotated[str | None, "The label's name; null for an edit or a rating."]
    origin: Annotated[str | None, "The program that an imported tag came from."]
    stars: Annotated[int | None, "The stars that were given, -1 for rejected; null if the rating was left to the file."]


class TagHistoryRecord(TypedDict):
    """The changes of a photo's tags, oldest first: `photos tags --history`."""

    path: Annotated[str, "The file that was named."]
    photo: Annotated[int, "The photo's number."]
    history: Annotated[list[TagEventRecord], "The changes."]


class UsualRecord(TypedDict):
    """The distribution of a query's scores over the library."""

    median: Annotated[float, "The median cosine."]
    spread: Annotated[float, "1.4826 times the median distance from the median."]


class TermRecord(TypedDict):
    """A term of a query and its effect on a photo's score."""

    term: Annotated[str, "The text, or the picture's path."]
    weight: Annotated[float, "The weight; negative if the term is taken away."]
    score: Annotated[float, "The cosine of the term alone."]
    share: Annotated[float, "The part of the whole score that comes from the term. The parts add up to the score."]


class PromptRecord(TypedDict):
    """A text that scores a label."""

    text: Annotated[str, "The text."]
    score: Annotated[float, "Its cosine with the photo."]


class LabelScoreRecord(TypedDict):
    """A label that the query names, on the photo."""

    label: Annotated[str, "The label's name."]
    score: Annotated[float, "The cosine of the label and the photo."]
    probability: Annotated[float | None, "The model's probability for that cosine; null if it has none."]
    calibrated: Annotated[float | None, "The score's distance from the label's usual score here, in its spreads."]
    threshold: Annotated[float | None, "The score from which the label counts; null for always or never."]
    tag: Annotated[bool, "True if the label is a tag of the photo."]
    prompts: Annotated[list[PromptRecord], "The label's texts, best first."]


class NeighbourRecord(TypedDict):
    """A photo with a rank close to the explained photo's."""

    path: Annotated[str, "The first of its files."]
    photo: Annotated[int, "The photo's number."]
    score: Annotated[float, "The cosine."]


class ExplanationRecord(ScoreRecord):
    """The reasons for a photo's rank: `photos why`."""

    path: Annotated[str, "The first of the photo's files."]
    photo: Annotated[int, "The photo's number."]
    query: Annotated[str, "The query as it can be typed."]
    rank: Annotated[int, "The photo's rank, from 1 on."]
    photos: Annotated[int, "The number of photos in the library."]
    percentile: Annotated[float, "The part of the other photos with a lower score, in percent."]
    stands_out: Annotated[bool, "True if the score is better than chance."]
    least: Annotated[float | None, "The lowest cosine that is better than chance; null with too few photos to say."]
    usual: Annotated[UsualRecord, "The distribution of the query's scores."]
    terms: Annotated[list[TermRecord], "The query's terms."]
    labels: Annotated[list[LabelScoreRecord], "The labels that the query names."]
    tags: Annotated[list[TagRecord], "The photo's tags."]
    better: Annotated[list[NeighbourRecord], "Photos just before this one, nearest first."]
    worse: Annotated[list[NeighbourRecord], "Photos just after this one, nearest first."]


class EmbeddingRecord(TypedDict):
    """A unit vector: `photos embed`."""

    path: Annotated[NotRequired[str], "The picture file, as it was named."]
    text: Annotated[NotRequired[str], "The text."]
    model: Annotated[str, "The checkpoint's name."]
    dimension: Annotated[int, "The number of values."]
    vector: Annotated[list[float], "The values, float32 with nine significant digits."]


def search_record(result: SearchResult) -> SearchRecord:
    """Return a search as a record."""
    matches = [match_record(match, result.more.get(match.photo_id, ())) for match in result.matches]
    return {**search_summary_record(result), "matches": matches}


def search_summary_record(result: SearchResult) -> SearchSummaryRecord:
    """Return a search without its photos as a record."""
    return {
        "title": result.title,
        "of_text": result.of_text,
        "is_cut": result.is_cut,
        "is_chance": result.is_chance,
        "best": rounded(result.best),
        "least": rounded(result.least),
        "reason": result.reason,
        "total": result.total,
        "captions": result.captions,
    }


def count_record(found: SearchRecord) -> CountRecord:
    """Return the number of photos of a search as a record."""
    return {"count": found["total"]}


def match_record(match: Match, more: Sequence[Match] = ()) -> MatchRecord:
    """Return a match as a record, with the other photos of its group."""
    paths = [text_of(path) for path in match.photo.paths]
    record: MatchRecord = {
        "path": paths[0],
        "paths": paths,
        "companions": [text_of(path) for path in match.photo.companions],
        "photo": match.photo_id,
        **scores(match.cosine, match.logit, match.probability),
        **fact_record(match.photo.facts),
        "tags": [tag_record(tag) for tag in match.tags],
        "fused": _rounded(match.fused or 0.0),
        "more": [_group_member_record(each) for each in more],
    }
    if match.fused is None:
        del record["fused"]
    if not more:
        del record["more"]
    return record


def _group_member_record(match: Match) -> GroupMemberRecord:
    paths = [text_of(path) for path in match.photo.paths]
    return {
        "path": paths[0],
        "paths": paths,
        "photo": match.photo_id,
        "score": rounded(match.cosine),
        "taken_at": _time(match.photo.facts.taken_at, match.photo.facts.taken_offset),
    }


def tag_record(tag: ScoredTag) -> TagRecord:
    """Return a tag as a record."""
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
    """Return a comparison as a record."""
    return {"score": rounded(cosine), "logit": rounded(logit), "probability": rounded(probability)}


def fact_record(facts: Facts) -> FactRecord:
    """Return a photo's metadata as a record, times as ISO 8601."""
    return {
        "width": facts.width,
        "height": facts.height,
        "format": facts.format,
        "taken_at": _time(facts.taken_at, facts.taken_offset),
        "date_source": None if facts.date_source is None else str(facts.date_source),
        "camera": facts.camera,
        "lens": facts.lens,
        "focal_length": _number(facts.focal_length),
        "aperture": _number(facts.aperture),
        "exposure": _number(facts.exposure),
        "iso": facts.iso,
        "latitude": _number(facts.latitude),
        "longitude": _number(facts.longitude),
        "rating": facts.rating,
        "caption": facts.caption,
        "keywords": list(facts.keywords),
    }


def photo_tags_record(found: PhotoTags) -> PhotoTagsRecord:
    """Return a photo's tags as a record."""
    tags = [tag_record(tag) for tag in found.tags]
    return {"path": text_of(found.photo.path), "photo": found.photo.id, "tags": tags}


def tag_count_record(count: TagCount) -> TagCountRecord:
    """Return a tag's count as a record."""
    return {"label": count.label, "photos": count.photos}


def facet_record(count: FacetCount) -> FacetRecord:
    """Return a facet's value as a record."""
    value = text_of(count.value) if isinstance(count.value, bytes) else count.value
    return {"facet": count.facet, "value": value, "photos": count.photos}


def rating_record(rated: RatedPhoto) -> RatingRecord:
    """Return a photo's rating as a record."""
    return {"path": text_of(rated.photo.path), "photo": rated.photo.id, "rating": rated.rating}


def tag_history_record(found: PhotoHistory) -> TagHistoryRecord:
    """Return the changes of a photo's tags as a record."""
    events = [_tag_event_record(event) for event in found.events]
    return {"path": text_of(found.photo.path), "photo": found.photo.id, "history": events}


def _tag_event_record(event: TagEvent) -> TagEventRecord:
    return {
        "at": local_time(event.at).isoformat(),
        "what": event.what,
        "label": event.label,
        "origin": event.origin,
        "stars": event.stars,
    }


def explanation_record(result: ExplainResult) -> ExplanationRecord:
    """Return an explanation as a record."""
    found = result.explanation
    return {
        "path": text_of(found.photo.paths[0]),
        "photo": found.photo.id,
        "query": result.query,
        **scores(found.cosine, result.logit, result.probability),
        "rank": found.rank,
        "photos": found.total,
        "percentile": _rounded(found.percentile),
        "stands_out": result.stands_out,
        "least": rounded(result.least),
        "usual": {"median": _rounded(found.distribution.median), "spread": _rounded(found.distribution.spread)},
        "terms": [_term_record(part) for part in found.parts],
        "labels": [_label_score_record(label) for label in found.labels],
        "tags": [tag_record(tag) for tag in found.tags],
        "better": _neighbour_records(found.better),
        "worse": _neighbour_records(found.worse),
    }


def _term_record(part: TermScore) -> TermRecord:
    from query.language import Text  # noqa: PLC0415 - a search that the daemon answers loads no query

    return {
        "term": part.term.text if isinstance(part.term, Text) else part.term.path,
        "weight": part.term.weight,
        "score": _rounded(part.cosine),
        "share": _rounded(part.contribution),
    }


def _label_score_record(label: LabelScore) -> LabelScoreRecord:
    return {
        "label": label.label,
        "score": _rounded(label.cosine),
        "probability": rounded(label.probability),
        "calibrated": rounded(label.calibrated),
        "threshold": rounded(label.minimum),
        "tag": label.is_tag,
        "prompts": [{"text": text, "score": _rounded(cosine)} for text, cosine in label.prompts],
    }


def _neighbour_records(found: Sequence[tuple[Photo, float]]) -> list[NeighbourRecord]:
    return [
        {"path": text_of(photo.paths[0]), "photo": photo.id, "score": _rounded(cosine)}
        for photo, cosine in found
        if photo.paths
    ]


def embedding_record(
    vector: NDArray[np.float32], model: str, *, path: str | None = None, text: str | None = None
) -> EmbeddingRecord:
    """Return a vector, float32 (d,), of the picture at *path* or else of *text*, as a record."""
    values = [_rounded(value) for value in vector.tolist()]
    if path is not None:
        return {"path": path, "model": model, "dimension": len(values), "vector": values}
    return {"text": text or "", "model": model, "dimension": len(values), "vector": values}


def text_of(path: bytes) -> str:
    """Return *path* as JSON holds it: bytes that are no text become lone surrogates."""
    return os.fsdecode(path)


def rounded(value: float | None) -> float | None:
    """Round to nine significant digits, which give a float32 back exactly. JSON has no infinity and no NaN: None."""
    return _rounded(value) if value is not None and math.isfinite(value) else None


def _rounded(value: float) -> float:
    return float(f"{float(value):.9g}")


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _time(taken_at: datetime | None, offset: int | None) -> str | None:
    if taken_at is None:
        return None
    if offset is None:
        return taken_at.isoformat()
    zone = UTC if offset == 0 else timezone(timedelta(minutes=offset))
    return taken_at.replace(tzinfo=zone).isoformat()
