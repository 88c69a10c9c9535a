"""Explanation of a photo's rank, as a table or as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, percentage, shown_path, table
from photos.cli.kit.output import write_json
from photos.cli.kit.terminal import prose
from photos.errors import safe
from photos.records.photos import explanation_record
from query.language import Text

if TYPE_CHECKING:
    from photos.operations.searching.explain import ExplainResult
    from query.search import Explanation, LabelScore, TermScore
    from store.records import Photo


def show_explanation(result: ExplainResult, *, as_json: bool) -> None:
    """Show an explanation."""
    if as_json:
        write_json(explanation_record(result))
        return
    for line in _lines(result):
        click.echo(line)


def _lines(result: ExplainResult) -> Iterator[str]:
    found = result.explanation
    yield prose(f"{shown_path(found.photo.paths[0])} and {safe(result.query)}")
    yield from table([("", *row) for row in _scores(result)], right=(2,))
    if len(found.parts) > 1:
        heading = ("terms", "adds", "alone", "")
        yield from table([heading, *map(_part, found.parts)], right=(0, 1, 2))
    for label in found.labels:
        yield from _label_lines(label)
    if found.tags:
        yield "tags"
        yield "  " + ", ".join(
            safe(tag.label) + ("" if tag.score is None else f" {tag.score:z.3f}") for tag in found.tags
        )
    yield from _neighbours("just better", found.better)
    yield from _neighbours("just worse", found.worse)


def _scores(result: ExplainResult) -> Iterator[tuple[str, str, str]]:
    found = result.explanation
    yield "score", f"{found.cosine:z.3f}", "the cosine of the two"
    if result.logit is not None:
        yield "logit", f"{result.logit:z.2f}", ""
        yield "probability", percentage(result.probability), "by the model"
    total = counted(found.total, "photo")
    yield "rank", f"{found.rank}", f"of {total}; better than {_percent(found.percentile)} of the others"
    yield "stands out", "yes" if result.stands_out else "no", _noise(found, result.least, of_text=result.of_text)


def _label_lines(label: LabelScore) -> Iterator[str]:
    verdict = "is a tag of it" if label.is_tag else "is not a tag of it"
    yield f"label {safe(label.label)} {verdict}"
    shown = "" if label.probability is None else f"probability {percentage(label.probability)}"
    calibrated = "" if label.calibrated is None else f"{label.calibrated:+z.1f} sd of what is usual here"
    remarks = ", ".join(filter(None, (shown, calibrated)))
    least = f"counts from {label.minimum:z.3f}" if math.isfinite(label.minimum) else "no score counts"
    yield f"  score {label.cosine:z.3f}{f' ({remarks})' if remarks else ''}; {least}"
    yield from table([("", "", f"{cosine:z.3f}", safe(text)) for text, cosine in label.prompts], right=(2,))


def _neighbours(title: str, found: Sequence[tuple[Photo, float]]) -> Iterator[str]:
    rows = [("", f"{cosine:z.3f}", shown_path(photo.paths[0])) for photo, cosine in found if photo.paths]
    if rows:
        yield title
        yield from table(rows, right=(1,), paths=2)


def _part(part: TermScore) -> tuple[str, str, str, str]:
    name = part.term.text if isinstance(part.term, Text) else part.term.path
    return f"{part.term.weight:+g}", f"{part.contribution:+z.3f}", f"{part.cosine:z.3f}", safe(name)


def _noise(found: Explanation, least: float, *, of_text: bool) -> str:
    if math.isfinite(found.distribution.chance_limit()):
        usual = found.distribution
        return f"from {least:z.3f} on; usual here is {usual.median:z.3f} ± {usual.spread:z.3f}"
    few = "too few photos to tell what is usual"
    return f"{few}; the model rules out what is below {least:z.3f}" if of_text else few


def _percent(value: float) -> str:
    return f"{value:.0f} %" if value in {0.0, 100.0} else f"{min(max(value, 0.1), 99.9):.1f} %"
