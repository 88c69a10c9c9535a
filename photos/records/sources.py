"""Sources of tags side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypedDict

if TYPE_CHECKING:
    from query.tagging import Accuracy, Agreement, ComparedLabel, Comparison


class AgreementRecord(TypedDict):
    """The agreement of two sources."""

    one: Annotated[str, "The first source."]
    other: Annotated[str, "The other one."]
    both: Annotated[int, "Photos that both tag."]
    only_one: Annotated[int, "Photos that the first one alone tags."]
    only_other: Annotated[int, "Photos that the other one alone tags."]
    overlap: Annotated[float | None, "Photos that both tag, as a part of those that either tags (Jaccard)."]
    kappa: Annotated[float | None, "Cohen's kappa, the agreement beyond chance."]


class SourceRecord(TypedDict):
    """A source beside the user's own words. All but the first two are null for the user's own tags."""

    source: Annotated[str, "The source."]
    photos: Annotated[int, "Photos that it tags."]
    right: Annotated[int | None, "Its tags that the user confirmed or taught."]
    wrong: Annotated[int | None, "Its tags that the user rejected or taught to be wrong."]
    missed: Annotated[int | None, "Tags that the user gave or taught, and this source does not give."]
    precision: Annotated[float | None, "`right` as a part of `right` and `wrong`; null without either."]
    recall: Annotated[float | None, "`right` as a part of `right` and `missed`; null without either."]


class ComparedFiguresRecord(TypedDict):
    """Figures of a label, or of all labels, where each photo and label counts once."""

    photos: Annotated[int, "Photos that count."]
    by_all: Annotated[int, "Photos that all sources tag."]
    by_any: Annotated[int, "Photos that any source tags."]
    overlap: Annotated[float | None, "`by_all` as a part of `by_any`."]
    kappa: Annotated[float | None, "The mean of the pairs' kappas."]
    shown: Annotated[int, "Photos that show it, as the user said."]
    absent: Annotated[int, "Photos that do not show it, as the user said."]
    taught: Annotated[int, "Photos among these two that are examples of `photos teach`, which make automatic tags."]
    pairs: Annotated[list[AgreementRecord], "The agreement of each two sources."]
    sources: Annotated[list[SourceRecord], "Each source beside the user's own words."]


class SourceComparisonRecord(ComparedFiguresRecord):
    """The first line of `photos tags compare`: all labels together. `photos` counts photos once for each label."""

    compared_photos: Annotated[int, "Photos that all sources tag."]
    labels: Annotated[int, "Labels that all sources could give."]


class ComparedSourceLabelRecord(ComparedFiguresRecord):
    """A label in all sources: the other lines of `photos tags compare`, most differences first."""

    label: Annotated[str, "The label's name."]


def comparison_records(comparison: Comparison) -> list[SourceComparisonRecord | ComparedSourceLabelRecord]:
    """The record of all labels, and then that of each label. There must be a label."""
    assert comparison.overall is not None
    overall: SourceComparisonRecord = {
        "compared_photos": comparison.photos,
        "labels": len(comparison.labels),
        **_figures(comparison, comparison.overall),
    }
    labels: list[ComparedSourceLabelRecord] = [
        {"label": each.label, **_figures(comparison, each)} for each in comparison.labels
    ]
    return [overall, *labels]


def _figures(comparison: Comparison, label: ComparedLabel) -> ComparedFiguresRecord:
    pairs = zip(comparison.pairs, label.pairs, strict=True)
    sources = zip(comparison.sources, label.given, label.accuracies, strict=True)
    return {
        "photos": label.photos,
        "by_all": label.by_all,
        "by_any": label.by_any,
        "overlap": label.overlap,
        "kappa": label.kappa,
        "shown": label.shown,
        "absent": label.absent,
        "taught": label.taught,
        "pairs": [_agreement(one, other, each) for (one, other), each in pairs],
        "sources": [_source(name, given, accuracy) for name, given, accuracy in sources],
    }


def _agreement(one: str, other: str, each: Agreement) -> AgreementRecord:
    return {
        "one": one,
        "other": other,
        "both": each.both,
        "only_one": each.only_one,
        "only_other": each.only_other,
        "overlap": each.overlap,
        "kappa": each.kappa,
    }


def _source(name: str, given: int, accuracy: Accuracy | None) -> SourceRecord:
    return {
        "source": name,
        "photos": given,
        "right": None if accuracy is None else accuracy.right,
        "wrong": None if accuracy is None else accuracy.wrong,
        "missed": None if accuracy is None else accuracy.missed,
        "precision": None if accuracy is None else accuracy.precision,
        "recall": None if accuracy is None else accuracy.recall,
    }
