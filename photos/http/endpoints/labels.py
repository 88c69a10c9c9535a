"""Labels and vocabularies: those in force, trials, comparisons."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from photos.operations.tagging.calibrations import CalibrationsRequest, label_calibrations
from photos.operations.tagging.labels import labels_in_force
from photos.operations.tagging.revisions import is_file
from photos.operations.tagging.vocabularies import list_vocabularies, show_vocabulary, vocabulary_history
from photos.operations.tagging.vocabulary_reports import (
    CompareVocabulariesRequest,
    TryRequest,
    compare_vocabularies,
    try_new_label,
)
from photos.records.http import (
    CalibrationsRecord,
    ComparisonRecord,
    GapsRecord,
    calibrations_record,
    gaps_record,
    label_in_force_record,
)
from photos.records.vocabularies import (
    TrialRecord,
    changed_photo_record,
    label_record,
    revision_record,
    try_record,
    vocabulary_difference_record,
    vocabulary_record,
)
from query.errors import UnknownVocabulary
from query.vocabulary import SHIPPED

from .calls import Call, records

Name = Annotated[str, Meta(max_length=200)]


class LabelsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the list of labels."""

    photos: Annotated[bool, Meta(description="Count the photos of each, too.")] = False


class CalibrationsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the calibrations of labels."""

    limit: Annotated[int, Meta(ge=1, le=200, description="The number of labels at most.")] = 24
    photos: Annotated[int, Meta(ge=0, le=50, description="The number of photos of each.")] = 6


class TrialQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of a trial."""

    text: Annotated[str, Meta(max_length=200, description="The label.")]
    threshold: Annotated[float, Meta(ge=0, le=1, description="The probability from which it counts.")] | None = None


class CompareQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"one": "from"}):
    """Parameters of a comparison."""

    one: Annotated[str, Meta(max_length=200, description="A vocabulary, or NAME@NUMBER.")]
    to: (
        Annotated[str, Meta(max_length=200, description="Another one; without it, compare with the main one.")] | None
    ) = None
    photos: Annotated[bool, Meta(description="Name the photos whose tags differ, too.")] = False


def list_labels(call: Call) -> object:
    """Answer with the labels in force."""
    counted = call.query(LabelsQuery).photos
    return records([label_in_force_record(each) for each in labels_in_force(call.library, counted=counted)])


def list_calibrations(call: Call) -> CalibrationsRecord:
    """Answer with the distribution of labels' cosines, outliers first."""
    asked = call.query(CalibrationsQuery)
    return calibrations_record(label_calibrations(call.library, CalibrationsRequest(asked.limit, asked.photos)))


def show_gaps(call: Call) -> GapsRecord:
    """Answer with what the last job that looked for gaps of the vocabulary found."""
    return gaps_record(call.service.gaps)


def try_label(call: Call) -> TrialRecord:
    """Answer with the photos that a new label would be on."""
    asked = call.query(TrialQuery)
    return try_record(try_new_label(call.library, TryRequest(asked.text, asked.threshold)))


def list_all_vocabularies(call: Call) -> object:
    """Answer with all vocabularies."""
    return records([vocabulary_record(each) for each in list_vocabularies(call.library)])


def show_one_vocabulary(call: Call) -> object:
    """Answer with the labels of a vocabulary."""
    definition = show_vocabulary(call.library, vocabulary_name(call.path["name"]))
    return records([label_record(each) for each in definition.labels])


def list_revisions(call: Call) -> object:
    """Answer with the revisions of a vocabulary."""
    found = vocabulary_history(call.library, vocabulary_name(call.path["name"]))
    return records([revision_record(each) for each in found])


def compare(call: Call) -> ComparisonRecord:
    """Answer with the difference of two vocabularies."""
    asked = call.query(CompareQuery)
    other = None if asked.to is None else vocabulary_name(asked.to)
    result = compare_vocabularies(
        call.library, CompareVocabulariesRequest(one=vocabulary_name(asked.one), other=other, of_photos=asked.photos)
    )
    changed = [changed_photo_record(each) for each in result.photos]
    return {**vocabulary_difference_record(result), "changed_photos": changed, "one": result.one, "other": result.other}


def vocabulary_name(name: str) -> str:
    """Return the name of a vocabulary. Raises `UnknownVocabulary` for a path: no file is opened for a client."""
    if is_file(name) or "\0" in name:
        raise UnknownVocabulary(name, list(SHIPPED))
    return name
