"""Vocabularies: lists of them, their labels, and reports on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NotRequired, TypedDict

from photos.records.photos import ScoreRecord, rounded, scores, text_of
from photos.times import local_time
from query.similarity import logit, probability

if TYPE_CHECKING:
    from collections.abc import Sequence

    from photos.operations.tagging.teach import TaughtLabel
    from photos.operations.tagging.vocabularies import ListedRevision, ListedVocabulary
    from photos.operations.tagging.vocabulary_reports import ChangedPhoto, CompareResult, TryResult
    from query.tagging import Doubt, Example, UnnamedWord
    from query.vocabulary_design import LabelPreview, Suggestion
    from store import LabelDefinition, Photo, SlotSummary, SpaceIdentity


class InForceRecord(TypedDict):
    """A slot in which a vocabulary is in force."""

    slot: Annotated[str, "The name of the slot; empty for the main vocabulary."]
    revision: Annotated[int, "The number of the revision that photos are tagged with."]
    folders: Annotated[list[str], "The folders that it is limited to; empty for everywhere."]


class VocabularyRecord(TypedDict):
    """A vocabulary: `photos vocab list`."""

    vocabulary: Annotated[str, "The vocabulary's name."]
    labels: Annotated[int, "The number of labels of its newest revision."]
    revision: Annotated[int | None, "The number of its newest revision; null if it is included and was never used."]
    in_use: Annotated[bool, "True if one of its revisions is in force."]
    in_force: Annotated[list[InForceRecord], "The slots in which it is in force."]


class RevisionRecord(TypedDict):
    """A revision of a vocabulary: `photos vocab history`."""

    vocabulary: Annotated[str, "The vocabulary's name."]
    revision: Annotated[int, "The revision's number, from 1."]
    labels: Annotated[int, "The number of its labels."]
    since: Annotated[str, "The time it was made, local, with its offset, ISO 8601."]
    in_use: Annotated[bool, "True if this revision is in force."]


class LabelRecord(TypedDict):
    """A label of a vocabulary: `photos vocab show`."""

    label: Annotated[str, "The label's name."]
    category: Annotated[str | None, "The category that it stands under."]
    parents: Annotated[list[str], "The labels that it implies."]
    aliases: Annotated[list[str], "Other names of it."]
    texts: Annotated[list[str], "The texts that it is scored by."]
    threshold: Annotated[float | None, "The probability from which it counts, if the vocabulary gives it one."]
    examples: Annotated[list[str], "SHA-256 hashes of photos that show it."]
    counterexamples: Annotated[list[str], "SHA-256 hashes of photos that do not."]


class HistogramRecord(TypedDict):
    """The distribution of a label's scores over the library."""

    edges: Annotated[list[float], "Cosines between the bars, one more than there are bars."]
    photos: Annotated[list[int], "The number of photos in each bar."]


class ScoredPhotoRecord(ScoreRecord):
    """A photo with its score for a label."""

    path: Annotated[str, "The first of its files."]
    photo: Annotated[int, "The photo's number."]


class TrialRecord(TypedDict):
    """A label's outcome over the library: `photos vocab try`."""

    label: Annotated[str, "The label's name."]
    threshold: Annotated[float | None, "The cosine from which it counts; null for always or never."]
    photos: Annotated[int, "The number of photos in the library."]
    tagged: Annotated[int, "The number of photos that it is on."]
    histogram: Annotated[HistogramRecord, "The distribution of the scores."]
    clearest: Annotated[list[ScoredPhotoRecord], "The photos with the highest scores."]
    borderline: Annotated[list[ScoredPhotoRecord], "The photos nearest to the threshold, from above to below it."]


class ExampleRecord(TypedDict):
    """A photo that shows a label, or does not."""

    path: Annotated[str | None, "The first of its files; null if there is none."]
    photo: Annotated[int | None, "The photo's number; null if it is not in the library."]
    hash: Annotated[str, "The SHA-256 of its content."]
    score: Annotated[float | None, "The cosine of the photo and the label; null if it is not in the library."]
    probability: Annotated[float | None, "The model's probability for that cosine."]


class TaughtLabelRecord(TrialRecord):
    """A taught label: `photos teach`."""

    examples: Annotated[list[ExampleRecord], "Photos that show it."]
    counterexamples: Annotated[list[ExampleRecord], "Photos that do not."]
    used: Annotated[int, "The number of these that its vector was made of."]
    text_share: Annotated[float | None, "The share of its score that comes from its texts, from 0 to 1."]


class VocabularyDifferenceRecord(TypedDict):
    """The difference of two vocabularies: `photos vocab diff`."""

    added: Annotated[list[str], "Labels that only the second one has."]
    removed: Annotated[list[str], "Labels that only the first one has."]
    changed: Annotated[dict[str, list[str]], "Labels that differ, each with the names of what differs."]
    vocabulary: Annotated[list[str], "Names of what differs of the vocabularies as a whole."]
    photos: Annotated[
        NotRequired[dict[str, list[int]]],
        "For each label the number of photos with it, by the first and by the second; absent without photos.",
    ]


class ChangedPhotoRecord(TypedDict):
    """A photo that two vocabularies tag differently: `photos vocab diff --photos`."""

    path: Annotated[str | None, "The first of its files; null if there is none."]
    photo: Annotated[int, "The photo's number."]
    added: Annotated[list[str], "Tags that only the second vocabulary gives it."]
    removed: Annotated[list[str], "Tags that only the first one gives it."]


class DoubtRecord(TypedDict):
    """A doubtful label: `photos vocab lint`."""

    label: Annotated[str, "The label's name."]
    doubt: Annotated[str, "The problem, to be read after the label's name."]


class GapWordRecord(TypedDict):
    """A word that names a gap."""

    label: Annotated[str, "The word."]
    calibrated: Annotated[float | None, "The photos' distance from the word's median score, in its spreads."]
    unsaid: Annotated[float | None, "The part of that distance that the photos' tags do not explain."]


class GapRecord(TypedDict):
    """Photos that the vocabulary has no label for: `photos vocab suggest`."""

    label: Annotated[str | None, "The word that fits best; null if none does."]
    photos: Annotated[int, "The number of photos."]
    words: Annotated[list[GapWordRecord], "Words that fit, best first."]
    examples: Annotated[list[str], "Files of the clearest photos."]


class DescriberCountRecord(TypedDict):
    """Photos of a describer."""

    describer: Annotated[str, "The describer's name."]
    photos: Annotated[int, "The number of photos."]


class UnnamedWordRecord(TypedDict):
    """A word of describers that no label in force is called: `photos vocab suggest`, after the gaps."""

    word: Annotated[str, "The word, as most descriptions have it."]
    photos: Annotated[int, "The number of photos that a describer says it of."]
    describers: Annotated[list[DescriberCountRecord], "The describers that say it, by name."]


def in_force_record(slot: SlotSummary) -> InForceRecord:
    """The record of a slot."""
    folders = [text_of(folder) for folder in slot.folders]
    return {"slot": slot.name, "revision": slot.number, "folders": folders}


def vocabulary_record(listed: ListedVocabulary) -> VocabularyRecord:
    """The record of a vocabulary."""
    return {
        "vocabulary": listed.name,
        "labels": listed.label_count,
        "revision": listed.number,
        "in_use": bool(listed.slots),
        "in_force": [in_force_record(each) for each in listed.slots],
    }


def revision_record(listed: ListedRevision) -> RevisionRecord:
    """The record of a revision."""
    return {
        "vocabulary": listed.vocabulary,
        "revision": listed.number,
        "labels": listed.label_count,
        "since": local_time(listed.created_at).isoformat(),
        "in_use": listed.in_use,
    }


def label_record(label: LabelDefinition) -> LabelRecord:
    """The record of a label."""
    return {
        "label": label.name,
        "category": label.category,
        "parents": list(label.parents),
        "aliases": list(label.aliases),
        "texts": list(label.texts),
        "threshold": label.threshold,
        "examples": list(label.examples),
        "counterexamples": list(label.counterexamples),
    }


def try_record(result: TryResult) -> TrialRecord:
    """The record of a label that was tried."""
    return _trial_record(result.label, result.trial, result.identity)


def taught_label_record(taught: TaughtLabel) -> TaughtLabelRecord:
    """The record of a taught label."""
    report, identity = taught.report, taught.identity
    return {
        **_trial_record(taught.full_name, taught.trial, identity),
        "examples": [_example_record(each, identity) for each in report.examples if each.is_shown],
        "counterexamples": [_example_record(each, identity) for each in report.examples if not each.is_shown],
        "used": report.used,
        "text_share": rounded(report.text_share),
    }


def vocabulary_difference_record(result: CompareResult) -> VocabularyDifferenceRecord:
    """The record of a comparison."""
    found = result.difference
    record: VocabularyDifferenceRecord = {
        "added": list(found.added),
        "removed": list(found.removed),
        "changed": {name: list(what) for name, what in found.changed},
        "vocabulary": list(found.whole),
    }
    if result.tags is not None:
        before, after = result.tags
        names = sorted(before.counts.keys() | after.counts.keys())
        record["photos"] = {name: [before.counts[name], after.counts[name]] for name in names}
    return record


def changed_photo_record(changed: ChangedPhoto) -> ChangedPhotoRecord:
    """The record of a photo whose tags differ."""
    return {
        "path": _path(changed.photo),
        "photo": changed.photo.id,
        "added": list(changed.added),
        "removed": list(changed.removed),
    }


def doubt_record(doubt: Doubt) -> DoubtRecord:
    """The record of a doubtful label."""
    return {"label": doubt.label, "doubt": doubt.what}


def gap_record(gap: Suggestion) -> GapRecord:
    """The record of a gap."""
    return {
        "label": gap.labels[0][0] if gap.labels else None,
        "photos": gap.count,
        "words": [
            {"label": name, "calibrated": rounded(calibrated), "unsaid": rounded(unsaid)}
            for name, calibrated, unsaid in gap.labels
        ],
        "examples": [text_of(photo.paths[0]) for photo in gap.photos if photo.paths],
    }


def unnamed_word_record(found: UnnamedWord) -> UnnamedWordRecord:
    """The record of a describer's word that no label is called."""
    describers: list[DescriberCountRecord] = [
        {"describer": name, "photos": count} for name, count in found.by_describer
    ]
    return {"word": found.word, "photos": found.photos, "describers": describers}


def _trial_record(label: str, trial: LabelPreview, identity: SpaceIdentity) -> TrialRecord:
    return {
        "label": label,
        "threshold": rounded(trial.minimum),
        "photos": trial.total,
        "tagged": trial.tagged,
        "histogram": {"edges": trial.edges.tolist(), "photos": trial.heights.tolist()},
        "clearest": _scored_photo_records(trial.clearest, identity),
        "borderline": _scored_photo_records(trial.borderline, identity),
    }


def _scored_photo_records(found: Sequence[tuple[Photo, float]], identity: SpaceIdentity) -> list[ScoredPhotoRecord]:
    return [
        {
            "path": text_of(photo.paths[0]),
            "photo": photo.id,
            **scores(cosine, logit(cosine, identity), probability(cosine, identity)),
        }
        for photo, cosine in found
        if photo.paths
    ]


def _example_record(example: Example, identity: SpaceIdentity) -> ExampleRecord:
    photo = example.photo
    return {
        "path": None if photo is None else _path(photo),
        "photo": None if photo is None else photo.id,
        "hash": example.content_hash,
        "score": rounded(example.cosine),
        "probability": None if example.cosine is None else rounded(probability(example.cosine, identity)),
    }


def _path(photo: Photo) -> str | None:
    return text_of(photo.paths[0]) if photo.paths else None
