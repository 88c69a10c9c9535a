"""Records of the HTTP API that no command prints.

In the API every record with a `path` also has `path_uri`, and every record of a `photo` also `id` and `media`. Bytes of
paths that are no text become U+FFFD there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal, TypedDict

from photos.records.descriptions import DescriptionRecord
from photos.records.files import DuplicateGroupRecord
from photos.records.library import ProblemRecord
from photos.records.models import SpaceRecord
from photos.records.photos import MatchRecord, SearchSummaryRecord, match_record, rounded, search_summary_record
from photos.records.vocabularies import (
    ChangedPhotoRecord,
    GapRecord,
    UnnamedWordRecord,
    VocabularyDifferenceRecord,
    gap_record,
    unnamed_word_record,
)
from photos.times import local_time

if TYPE_CHECKING:
    from photos.operations.searching.search import SearchResult
    from photos.operations.searching.suggestions import QuerySuggestion
    from photos.operations.tagging.calibrations import CalibrationsResult
    from photos.operations.tagging.labels import LabelInForce
    from photos.operations.tagging.vocabulary_reports import SuggestResult
    from query.search import Match
    from store import DescriberSummary


class MediaRecord(TypedDict):
    """Addresses of a photo's pictures."""

    thumbnail: Annotated[str, "Its longer side has 320 pixels."]
    preview: Annotated[str, "Its longer side has 1440 pixels."]
    original: Annotated[str, "The file itself."]


class PhotoRecord(MatchRecord):
    """A photo, in the HTTP API."""

    hash: Annotated[str, "SHA-256 of its content."]


class PhotoDetailsRecord(PhotoRecord):
    """A photo with its descriptions, in the HTTP API."""

    descriptions: Annotated[
        list[DescriptionRecord], "Those of describers, newest first; `caption` is that of the photo's own files."
    ]


class PageRecord(SearchSummaryRecord):
    """A page of a search, in the HTTP API."""

    matches: Annotated[list[PhotoRecord], "The photos, in order."]
    next: Annotated[str | None, "The cursor of the next page, for `after`; null at the end."]


class DuplicatesRecord(TypedDict):
    """Groups of files that show the same picture, a part of them."""

    items: Annotated[list[DuplicateGroupRecord], "The groups."]
    found: Annotated[int, "The number of all groups."]
    next: Annotated[int | None, "The number for `after` with which the next part begins; null at the end."]


class FailedRecord(TypedDict):
    """Files that could not be indexed."""

    items: Annotated[list[ProblemRecord], "The files, by path."]
    not_pictures: Annotated[int, "The number of files that are something else than pictures."]


class ArchiveRecord(TypedDict):
    """An archive that can be downloaded."""

    address: Annotated[str, "Its address. The server remembers those of the last 16 archives."]
    photos: Annotated[int, "The number of photos that were asked for; those without a file are left out of it."]


class ModelsRecord(TypedDict):
    """The models of a library."""

    items: Annotated[list[SpaceRecord], "Models that photos were embedded with."]
    can_be_tried: Annotated[list[str], "Names of other checkpoints that are on this machine."]


class DescriberRecord(TypedDict):
    """A describer that photos have descriptions by."""

    describer: Annotated[str, "Its name, which holds the model's identity."]
    photos: Annotated[int, "Photos with a description by it."]
    last_at: Annotated[str, "The time of the last one, local time with its offset, ISO 8601."]


class DescribersRecord(TypedDict):
    """The describers of a library."""

    items: Annotated[list[DescriberRecord], "Those that photos have descriptions by, the last one first."]
    offered: Annotated[
        list[str],
        "Those that can describe photos here, the usual one first: `endpoint` for the model at the endpoint of the "
        "settings, or names of Florence-2 checkpoints; empty if none is set up.",
    ]


class ComparisonRecord(VocabularyDifferenceRecord):
    """The difference of two vocabularies, with their names and the photos whose tags differ."""

    one: Annotated[str, "The first one."]
    other: Annotated[str, "The second one."]
    changed_photos: Annotated[list[ChangedPhotoRecord], "Photos whose tags differ, if these were asked for."]


class SuggestionRecord(TypedDict):
    """A query that begins with what was typed."""

    kind: Annotated[str, "`label`, `search`, `folder`, `camera`, `lens`, `keyword` or `place`."]
    text: Annotated[str, "The name, as it is shown."]
    query: Annotated[str, "The query that finds its photos."]


class LabelInForceRecord(TypedDict):
    """A label that photos are tagged with."""

    label: Annotated[str, "Its name; with its slot, such as `birds:heron`, outside the main vocabulary."]
    vocabulary: Annotated[str, "The vocabulary that it is of."]
    revision: Annotated[int, "The number of the vocabulary's revision in force."]
    category: Annotated[str | None, "The category that it stands under."]
    aliases: Annotated[list[str], "Other names of it."]
    minimum: Annotated[float | None, "The cosine from which it counts; null for always or never."]
    probability: Annotated[float | None, "The model's probability for that cosine."]
    threshold: Annotated[float | None, "The probability from which it counts, if the vocabulary gives it one."]
    examples: Annotated[int, "The number of photos that were named as showing it."]
    counterexamples: Annotated[int, "The number of photos that were named as not showing it."]
    photos: Annotated[int | None, "The number of photos that have it; null if that was not asked for."]


class ClearPhotoRecord(TypedDict):
    """A photo that a label is clear on."""

    photo: Annotated[int, "The photo's number."]
    score: Annotated[float | None, "The cosine of label and photo."]


class LabelCalibrationRecord(TypedDict):
    """The distribution of a label's cosines over the library."""

    label: Annotated[str, "Its full name."]
    median: Annotated[float | None, "The median: its usual score."]
    spread: Annotated[float | None, "1.4826 times the median distance from it."]
    of_median: Annotated[float | None, "How far the median lies from those of the other labels, in their spreads."]
    of_spread: Annotated[
        float | None, "How far the spread's logarithm lies from those of the other labels, in the same way."
    ]
    minimum: Annotated[float | None, "The cosine from which it counts; null for always or never."]
    clearest: Annotated[list[ClearPhotoRecord], "The photos with the highest cosines, best first."]


class CalibrationsRecord(TypedDict):
    """Scores of labels over the library, those that lie farthest from the others first."""

    items: Annotated[list[LabelCalibrationRecord], "The labels, a part of them."]
    count: Annotated[int, "The number of all labels."]
    photos: Annotated[int | None, "Photos over which it was measured; null for a library too small to be calibrated."]
    measured_at: Annotated[float | None, "The time of that, seconds since 1970; null as above."]
    median: Annotated[float | None, "The median of the medians."]
    spread: Annotated[float | None, "The median of the spreads."]


class GapCardRecord(GapRecord):
    """Photos that the vocabulary has no label for, in the HTTP API."""

    shown: Annotated[list[int], "The numbers of the clearest photos."]


class GapsRecord(TypedDict):
    """Groups of photos that the main vocabulary has no label for."""

    items: Annotated[list[GapCardRecord], "Groups of photos, those that a word fits first."]
    described: Annotated[list[UnnamedWordRecord], "Words of describers that no label is called, of most photos first."]
    vocabulary: Annotated[str | None, "The main vocabulary; null if nothing was looked for yet."]
    words: Annotated[str | None, "The vocabulary whose labels were tried; null as above."]
    tried: Annotated[int, "The number of those labels."]
    sampled: Annotated[int, "The number of photos that were examined."]
    total: Annotated[int, "The number of photos in the library."]
    untagged: Annotated[int, "The number of examined photos without a tag."]


class JobRecord(TypedDict):
    """Long work of the server."""

    job: Annotated[int, "The job's number."]
    kind: Annotated[
        str,
        "`index`, `retag`, `threshold`, `teach`, `label`, `calibrate`, `suggest`, `rollback`, `xmp`, `xmp undo`, "
        "`move`, `move undo`, `model try`, `model switch`, `model rollback`, `model forget`, `describe` or "
        "`describer forget`.",
    ]
    state: Annotated[Literal["waiting", "running", "done", "failed", "stopped"], "Its state."]
    stage: Annotated[str | None, "What is done at present."]
    done: Annotated[int, "Units of the stage that are done."]
    total: Annotated[int | None, "Units of the stage; null while unknown."]
    problem: Annotated[str | None, "The reason why it failed."]
    note: Annotated[str | None, "What it did, if there is more to say than that it is done."]
    started_at: Annotated[float | None, "Time of its start, seconds since 1970; null while it waits."]
    ended_at: Annotated[float | None, "Time of its end, seconds since 1970; null before."]


def page_record(found: SearchResult, next_page: str | None) -> PageRecord:
    """Return a page of a search as a record."""
    matches = [photo_record(match, found.more.get(match.photo_id, ())) for match in found.matches]
    return {**search_summary_record(found), "matches": matches, "next": next_page}


def photo_record(match: Match, more: Sequence[Match] = ()) -> PhotoRecord:
    """Return a photo as a record, with the other photos of its group."""
    return {**match_record(match, more), "hash": match.photo.content_hash.hex()}


def describer_record(found: DescriberSummary) -> DescriberRecord:
    """Return a describer as a record."""
    last_at = local_time(found.last_at).isoformat(timespec="seconds")
    return {"describer": found.origin, "photos": found.photos, "last_at": last_at}


def suggestion_record(found: QuerySuggestion) -> SuggestionRecord:
    """Return a suggestion as a record."""
    return {"kind": str(found.kind), "text": found.text, "query": found.query}


def label_in_force_record(label: LabelInForce) -> LabelInForceRecord:
    """Return a label in force as a record."""
    return {
        "label": label.name,
        "vocabulary": label.vocabulary,
        "revision": label.revision,
        "category": label.category,
        "aliases": list(label.aliases),
        "minimum": rounded(label.minimum),
        "probability": rounded(label.probability),
        "threshold": rounded(label.threshold),
        "examples": label.examples,
        "counterexamples": label.counterexamples,
        "photos": label.photos,
    }


def calibrations_record(found: CalibrationsResult) -> CalibrationsRecord:
    """Return the calibrations of labels as a record."""
    return {
        "items": [
            {
                "label": each.name,
                "median": rounded(each.median),
                "spread": rounded(each.spread),
                "of_median": rounded(each.of_median),
                "of_spread": rounded(each.of_spread),
                "minimum": rounded(each.minimum),
                "clearest": [{"photo": photo, "score": rounded(score)} for photo, score in each.clearest],
            }
            for each in found.labels
        ],
        "count": found.count,
        "photos": found.photos,
        "measured_at": found.measured_at,
        "median": rounded(found.median),
        "spread": rounded(found.spread),
    }


def gaps_record(found: SuggestResult | None) -> GapsRecord:
    """Return the gaps of a vocabulary as a record; None if nothing was looked for."""
    if found is None:
        nothing: GapsRecord = {
            "items": [],
            "described": [],
            "vocabulary": None,
            "words": None,
            "tried": 0,
            "sampled": 0,
            "total": 0,
            "untagged": 0,
        }
        return nothing
    gaps = found.gaps
    return {
        "items": [
            {**gap_record(each), "shown": [photo.id for photo in each.photos]} for each in (*gaps.named, *gaps.unnamed)
        ],
        "described": [unnamed_word_record(each) for each in found.described],
        "vocabulary": found.vocabulary,
        "words": found.words,
        "tried": found.word_count,
        "sampled": gaps.sampled,
        "total": gaps.total,
        "untagged": gaps.untagged,
    }
