"""Descriptions by describers, and passes that make them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, TypedDict

from photos.records.photos import rounded
from photos.times import local_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from photos.operations.describing.captions import PhotoCaptions
    from photos.operations.describing.describe import DescribeEstimate, DescribeResult, ForgottenDescriber
    from query.tagging import DescribedWord
    from store import StoredDescription


class DescribedWordRecord(TypedDict):
    """A word of a describer: one of its labels, or a label's name in its caption."""

    word: Annotated[str, "The word or phrase; of a caption its words alone, in lower case."]
    state: Annotated[
        str,
        "`tag`; `unverified` if the photo's score for the label is too low, or not known yet; `rejected` by a person; "
        "or `unknown` if no label in force for the photo is called so.",
    ]
    label: Annotated[str | None, "The label that is called so, by its full name; null if there is none."]
    score: Annotated[float | None, "Cosine of the photo with the label; null if there is none."]
    probability: Annotated[float | None, "The model's probability for that; null if there is none."]


class DescriptionRecord(TypedDict):
    """Words of a describer for a photo."""

    describer: Annotated[str, "The describer's name, which holds the model's identity."]
    made_at: Annotated[str, "When it was made last, local time with its offset, ISO 8601."]
    tasks: Annotated[
        list[str], "Those that it was asked for: caption, detailed-caption, objects, regions, text; in this order."
    ]
    caption: Annotated[str | None, "The caption; null if none was asked for or found."]
    labels: Annotated[list[str], "Words and phrases, as the model wrote them."]
    words: Annotated[
        list[DescribedWordRecord], "What became of each, and then of the caption's words that are a label."
    ]
    text: Annotated[str | None, "Text that stands in the picture; null if none was asked for or found."]


class PhotoCaptionsRecord(TypedDict):
    """A photo's captions: `photos captions`."""

    path: Annotated[str, "Absolute path, as it was named or the photo's first."]
    photo: Annotated[int, "The photo's number."]
    caption: Annotated[str | None, "The caption that its files state."]
    descriptions: Annotated[list[DescriptionRecord], "Those of describers, newest first."]


class UndescribedRecord(TypedDict):
    """A photo that got no description."""

    path: Annotated[str, "Absolute path of its first file."]
    photo: Annotated[int, "The photo's number."]
    reason: Annotated[str, "Why, as a sentence."]


class DescribeRecord(TypedDict):
    """The result of `photos describe`."""

    describer: Annotated[str, "The describer's name."]
    tasks: Annotated[list[str], "Those that it was asked for."]
    described: Annotated[int, "Photos that were described."]
    known: Annotated[int, "Chosen photos that had such descriptions before."]
    away: Annotated[int, "Photos whose files are not there now, or have changed since they were indexed."]
    undescribed: Annotated[int, "Photos that got no description."]
    reasons: Annotated[list[UndescribedRecord], "The first ten of these."]
    left: Annotated[int, "Chosen photos that had no turn."]
    seconds: Annotated[float, "Duration."]
    problem: Annotated[str | None, "Why it ended early; null if it did not."]


class DescribeEstimateRecord(TypedDict):
    """Work that `photos describe` has before it: `--estimate`."""

    describer: Annotated[str, "The describer's name."]
    tasks: Annotated[list[str], "Those that it would be asked for."]
    photos: Annotated[int, "Photos that would be described."]
    known: Annotated[int, "Chosen photos that have such descriptions already."]
    passes: Annotated[
        int | None, "Passes of a base image encoder that a picture takes; null at an endpoint, or on a GPU."
    ]
    seconds: Annotated[float | None, "Duration for all of them; null if it cannot be told."]


class ForgottenDescriberRecord(TypedDict):
    """A describer whose descriptions were deleted: `photos describe --forget`."""

    describer: Annotated[str, "The describer's name."]
    photos: Annotated[int, "Photos that had a description by it."]


#: The order of tasks in records: equal to that of `indexer.describers.Task`.
TASKS = ("caption", "detailed-caption", "objects", "regions", "text")


def described_word_record(found: DescribedWord) -> DescribedWordRecord:
    """Return the record of a word."""
    return {
        "word": found.word,
        "state": str(found.state),
        "label": found.label,
        "score": rounded(found.score),
        "probability": rounded(found.probability),
    }


def description_record(description: StoredDescription, words: Sequence[DescribedWord] = ()) -> DescriptionRecord:
    """Return the record of a description and its words."""
    return {
        "describer": description.origin,
        "made_at": local_time(description.made_at).isoformat(timespec="seconds"),
        "tasks": [each for each in TASKS if each in description.tasks],
        "caption": description.caption,
        "labels": list(description.labels),
        "words": [described_word_record(each) for each in words],
        "text": description.text,
    }


def description_records(found: PhotoCaptions) -> list[DescriptionRecord]:
    """Return the records of a photo's descriptions, newest first."""
    return [description_record(each, found.words.get(each.origin, ())) for each in found.descriptions]


def photo_captions_record(found: PhotoCaptions) -> PhotoCaptionsRecord:
    """Return the record of a photo's captions."""
    return {
        "path": os.fsdecode(found.photo.path),
        "photo": found.photo.id,
        "caption": found.own,
        "descriptions": description_records(found),
    }


def describe_record(result: DescribeResult) -> DescribeRecord:
    """Return the record of a pass."""
    return {
        "describer": result.describer,
        "tasks": [str(each) for each in result.tasks],
        "described": result.described,
        "known": result.known,
        "away": result.away,
        "undescribed": result.undescribed,
        "reasons": [
            {"path": os.fsdecode(each.path), "photo": each.photo_id, "reason": each.reason} for each in result.named
        ],
        "left": result.left,
        "seconds": round(result.seconds, 3),
        "problem": result.problem,
    }


def describe_estimate_record(estimate: DescribeEstimate) -> DescribeEstimateRecord:
    """Return the record of an estimate."""
    cost = estimate.cost
    return {
        "describer": estimate.describer,
        "tasks": [str(each) for each in estimate.tasks],
        "photos": estimate.photos,
        "known": estimate.known,
        "passes": None if cost is None else cost.passes,
        "seconds": None if cost is None or cost.seconds is None else round(cost.seconds),
    }


def forgotten_describer_record(forgotten: ForgottenDescriber) -> ForgottenDescriberRecord:
    """Return the record of a describer that was forgotten."""
    return {"describer": forgotten.describer, "photos": forgotten.photos}
