"""Models side by side."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Annotated, TypedDict

if TYPE_CHECKING:
    from photos.operations.models.model_comparison import ComparedModel, ModelComparison, QueryComparison
    from photos.operations.models.spaces import ForgetResult, SpaceStatus, SwitchResult
    from photos.operations.models.trials import TryResult
    from store import Photo


class SpaceRecord(TypedDict):
    """The embeddings of one model: `photos model status`."""

    name: Annotated[str, "Name of the model in this library, such as demo or demo@int8."]
    role: Annotated[str, "answers, tried, previous (can be gone back to) or kept."]
    photos: Annotated[int, "Photos that have an embedding."]
    total: Annotated[int, "Photos in the library."]
    dimension: Annotated[int, "Numbers in an embedding."]
    precision: Annotated[str, "Precision of the model."]
    preprocessing: Annotated[str, "Name of the preprocessing."]
    bytes_a_photo: Annotated[int, "Bytes of a photo's embedding and scores."]
    index_bytes: Annotated[int, "Bytes of the index files."]
    seconds_a_photo: Annotated[float | None, "Seconds of encoding a photo, as measured here; null if unknown."]
    missing: Annotated[list[str], "What it lacks to answer, as parts of a sentence."]
    problem: Annotated[str | None, "Sentence about its checkpoint if that cannot be opened; null if it answers."]
    folder: Annotated[str | None, "Folder that the trial is limited to, absolute."]
    sample: Annotated[int | None, "Number of photos that the trial is limited to."]


class TryRecord(TypedDict):
    """Result of `photos model try`."""

    name: Annotated[str, "Name of the model in this library."]
    photos: Annotated[int, "Photos that it has."]
    embedded: Annotated[int, "Photos that were embedded this time."]
    lacking: Annotated[int, "Photos that could not be embedded: their files are away, unreadable or changed."]
    seconds: Annotated[float, "Duration."]
    whole: Annotated[bool, "Whether it gets all photos."]


class SwitchRecord(TypedDict):
    """Result of `photos model switch` and `photos model rollback`."""

    name: Annotated[str, "Name of the model that answers."]
    before: Annotated[str, "Name of the model that answered before."]
    missing: Annotated[list[str], "What it lacks, as parts of a sentence."]
    untuned: Annotated[list[str], "Labels whose tuned thresholds do not count with this model."]
    written: Annotated[list[str], "Labels with written thresholds, which mean other cosines than before."]
    written_vocabularies: Annotated[list[str], "Vocabularies with a written threshold for their labels, as above."]


class ForgetRecord(TypedDict):
    """Result of `photos model forget`."""

    name: Annotated[str, "Name that the model had."]
    photos: Annotated[int, "Photos whose embeddings were deleted."]
    catalog_bytes: Annotated[int, "Bytes that are free in the catalog's file, and will be used first."]
    index_bytes: Annotated[int, "Bytes of the index files that were deleted."]


class ComparedModelRecord(TypedDict):
    """A model that is compared."""

    name: Annotated[str, "Name of the model in this library."]
    photos: Annotated[int, "Photos that it has."]
    bytes_a_photo: Annotated[int, "Bytes of a photo's embedding and scores."]
    seconds_a_photo: Annotated[float | None, "Seconds of encoding a photo, as measured here; null if unknown."]


class MovedRecord(TypedDict):
    """A photo that either model finds for a query."""

    path: Annotated[str | None, "Absolute path of a file of it."]
    before: Annotated[int, "Its rank with the model that answers, from 1 on."]
    after: Annotated[int, "Its rank with the other one."]


class ComparedQueryRecord(TypedDict):
    """A query in both models."""

    query: Annotated[str, "Its text."]
    found: Annotated[int, "Photos that each model finds."]
    overlap: Annotated[int, "Photos that both find."]
    best_now: Annotated[int | None, "Rank with the other model of the photo that is best with the first one."]
    shift: Annotated[float, "Median distance of the two ranks of a photo that either finds."]
    least_before: Annotated[float | None, "Least score of `--min-score auto`, on these photos; null if there is none."]
    least_after: Annotated[float | None, "The same with the other model."]
    shown_before: Annotated[int, "Photos that `--min-score auto` shows."]
    shown_after: Annotated[int, "The same with the other model."]
    photos: Annotated[list[MovedRecord], "The photos that either finds."]


class ComparedLabelRecord(TypedDict):
    """A label in both models."""

    label: Annotated[str, "Its full name."]
    before: Annotated[int, "Photos that have it with the model that answers."]
    after: Annotated[int, "Photos that have it with the other one."]
    gained: Annotated[int, "Photos that have it with the other one alone."]
    lost: Annotated[int, "Photos that have it with the first one alone."]


class ModelComparisonRecord(TypedDict):
    """Result of `photos model compare`: the model that answers, and another one."""

    answering: Annotated[ComparedModelRecord, "The model that answers."]
    other: Annotated[ComparedModelRecord, "The other one."]
    photos: Annotated[int, "Photos that both have, on which they are compared."]
    count: Annotated[int, "Photos that count as found."]
    overlap: Annotated[float | None, "Mean share of found photos that both find; null without a query."]
    queries: Annotated[list[ComparedQueryRecord], "The queries."]
    labels: Annotated[list[ComparedLabelRecord], "The labels, most differences first."]


def comparison_record(comparison: ModelComparison) -> ModelComparisonRecord:
    """Make the record of a comparison."""
    return {
        "answering": _compared_record(comparison.answering),
        "other": _compared_record(comparison.other),
        "photos": comparison.photos,
        "count": comparison.count,
        "overlap": comparison.overlap,
        "queries": [_query_record(comparison, each) for each in comparison.queries],
        "labels": [
            {
                "label": each.label,
                "before": each.before,
                "after": each.after,
                "gained": each.gained,
                "lost": each.lost,
            }
            for each in comparison.labels
        ],
    }


def _compared_record(model: ComparedModel) -> ComparedModelRecord:
    return {
        "name": model.name,
        "photos": model.photos,
        "bytes_a_photo": model.bytes_a_photo,
        "seconds_a_photo": model.seconds_a_photo,
    }


def _query_record(comparison: ModelComparison, query: QueryComparison) -> ComparedQueryRecord:
    return {
        "query": query.text,
        "found": len(query.pair.before.photo_ids),
        "overlap": query.pair.overlap,
        "best_now": query.best_now,
        "shift": query.shift,
        "least_before": _finite(query.pair.before.least),
        "least_after": _finite(query.pair.after.least),
        "shown_before": query.pair.before.matches,
        "shown_after": query.pair.after.matches,
        "photos": [
            {"path": _path(comparison.found.get(photo_id)), "before": before, "after": after}
            for photo_id, before, after in query.pair.moved
        ],
    }


def _finite(score: float) -> float | None:
    return score if math.isfinite(score) else None


def _path(photo: Photo | None) -> str | None:
    return os.fsdecode(photo.paths[0]) if photo is not None and photo.paths else None


def space_record(status: SpaceStatus) -> SpaceRecord:
    """Make the record of a model's embeddings."""
    identity, trial = status.space.identity, status.trial
    return {
        "name": status.name,
        "role": str(status.role),
        "photos": status.photos,
        "total": status.total,
        "dimension": identity.dimension,
        "precision": identity.precision,
        "preprocessing": identity.preprocessing,
        "bytes_a_photo": status.bytes_a_photo,
        "index_bytes": status.index_bytes,
        "seconds_a_photo": status.seconds_a_photo,
        "missing": list(status.missing),
        "problem": status.problem,
        "folder": None if trial is None or trial.folder is None else os.fsdecode(trial.folder),
        "sample": None if trial is None else trial.sample,
    }


def try_record(result: TryResult) -> TryRecord:
    """Make the record of a trial."""
    return {
        "name": result.name,
        "photos": result.photos,
        "embedded": result.embedded,
        "lacking": result.lacking,
        "seconds": result.seconds,
        "whole": result.is_whole,
    }


def switch_record(result: SwitchResult) -> SwitchRecord:
    """Make the record of a switch."""
    return {
        "name": result.name,
        "before": result.before,
        "missing": list(result.missing),
        "untuned": list(result.untuned),
        "written": list(result.written),
        "written_vocabularies": list(result.written_vocabularies),
    }


def forget_record(result: ForgetResult) -> ForgetRecord:
    """Make the record of a model that was forgotten."""
    return {
        "name": result.name,
        "photos": result.photos,
        "catalog_bytes": result.catalog_bytes,
        "index_bytes": result.index_bytes,
    }
