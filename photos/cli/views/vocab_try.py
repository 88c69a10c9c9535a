"""Shows what a label would tag."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, shown_path, table
from photos.cli.kit.format import probability as shown_probability
from photos.cli.kit.output import write_json
from photos.errors import safe
from photos.operations import vocabularies
from photos.output.json_records import scores, text_of
from query import Trial, checked_name, logit, probability, try_label

if TYPE_CHECKING:
    from photos.library import OpenLibrary
    from store import Photo, SpaceIdentity

#: Columns of the longest bar.
_BAR = 40


def try_and_tell(app: OpenLibrary, text: str, *, as_json: bool) -> None:
    """Show what a label with that name would tag. Raises `BadLabel`."""
    space = app.space
    text = checked_name(text)
    threshold = app.settings.threshold
    if threshold is None:
        # What the label would go by in the vocabulary in force.
        threshold = vocabularies.definition_of(app.catalog, None).threshold
    trial = try_label(app.catalog, space, app.text_vectors(space).label_vector(text), threshold)
    if as_json:
        write_json(trial_record(text, trial, space.identity))
        return
    for line in trial_lines(f"{safe(text)} would be on", trial, space.identity):
        click.echo(line)


def trial_lines(begin: str, trial: Trial, identity: SpaceIdentity) -> Iterator[str]:
    """On how many photos it is, how the scores lie, and the photos that tell most."""
    share = f"{trial.tagged} of {counted(trial.total, 'photo')}"
    least = shown_probability(probability(trial.minimum, identity))
    yield f"{begin} {share}, from a score of {trial.minimum:z.3f} (probability {least})."
    yield from _histogram(trial)
    yield from _examples("clearest", trial.clearest, identity)
    yield from _examples("nearest to the threshold", trial.borderline, identity)


def _histogram(trial: Trial) -> Iterator[str]:
    most = max(trial.heights.tolist(), default=0)
    if not most:
        return
    yield "scores"
    rows = []
    for at in reversed(range(len(trial.heights))):
        low, height = float(trial.edges[at]), int(trial.heights[at])
        # What is there at all is seen.
        bar = "█" * max(round(_BAR * height / most), height > 0)
        mark = "<- threshold" if low <= trial.minimum < float(trial.edges[at + 1]) else ""
        rows.append(("", f"{low:z.3f}", str(height), f"{bar} {mark}".strip()))
    yield from table(rows, right=(1, 2))


def _examples(title: str, found: Sequence[tuple[Photo, float]], identity: SpaceIdentity) -> Iterator[str]:
    if not found:
        return
    yield title
    rows = [
        ("", f"{cosine:z.3f}", shown_probability(probability(cosine, identity)), shown_path(photo.paths[0]))
        for photo, cosine in found
        if photo.paths
    ]
    yield from table(rows, right=(1, 2))


def trial_record(text: str, trial: Trial, identity: SpaceIdentity) -> dict[str, object]:
    """The same for programs."""

    def shown(found: Sequence[tuple[Photo, float]]) -> list[dict[str, object]]:
        return [
            {
                "path": text_of(photo.paths[0]),
                "photo": photo.id,
                **scores(cosine, logit(cosine, identity), probability(cosine, identity)),
            }
            for photo, cosine in found
            if photo.paths
        ]

    return {
        "label": text,
        "threshold": trial.minimum,
        "photos": trial.total,
        "tagged": trial.tagged,
        "histogram": {"edges": trial.edges.tolist(), "photos": trial.heights.tolist()},
        "clearest": shown(trial.clearest),
        "borderline": shown(trial.borderline),
    }
