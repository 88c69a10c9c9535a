"""Asks about photos around a label's threshold, and moves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, shown_path
from photos.cli.kit.format import probability as shown_probability
from photos.cli.views.preview import shower
from photos.cli.views.retag import finish_and_tell
from photos.errors import NothingFound, safe
from photos.operations import vocabularies
from photos.operations.vocabulary_changes import Change, revise
from query import UnknownLabel, borderline, fitted, full_name, probability, record_manual_tags

if TYPE_CHECKING:
    from photos.library import OpenLibrary
    from store import Photo, VocabularyDefinition

_YES, _NO, _SKIP, _END = "y", "n", "s", "q"


def tune_and_tell(app: OpenLibrary, name: str, count: int, preview: str | None = None) -> None:
    """Ask about photos, note the answers as tags by hand, and tag with the threshold that suits them best.

    With *preview*, see `preview.protocol`, the terminal shows each picture that it is asked about.

    Raises `UnknownLabel`, `UnknownNamespace`, or `NothingFound` if there is no photo to ask about.
    """
    space = app.space
    with app.catalog.read() as t:
        label, revision, namespace = vocabularies.holding(t, name)
        folders = t.slots.folders(namespace)
    shown = full_name(namespace, label.definition.name)
    asked = borderline(app.catalog, space, revision, label, count, folders)
    if not asked.photos:
        raise NothingFound(f"There is no photo to ask about {safe(shown)!r} yet.")
    before = shown_probability(probability(asked.minimum, space.identity))
    click.echo(
        f"{safe(shown)} counts from a score of {asked.minimum:z.3f} (probability {before}). "
        f"Is it right for these {counted(len(asked.photos), 'photo')}? y: yes, n: no, s: skip, q: enough"
    )
    answers = _ask(app, shown, asked.photos, None if preview is None else shower(preview))
    if not answers:
        click.echo(f"{safe(shown)} stays as it is.")
        return
    minimum = fitted(answers, asked.minimum)
    wrong = sum((cosine >= minimum) != right for cosine, right in answers)
    after = shown_probability(probability(minimum, space.identity))
    click.echo(
        f"{safe(shown)} counts from a score of {minimum:z.3f} (probability {after}) now; "
        f"{len(answers) - wrong} of {counted(len(answers), 'answer')} fit."
    )
    if minimum != asked.minimum:
        change = _moving(label.definition.name, probability(minimum, space.identity))
        finish_and_tell(app, revise(app.catalog, change, namespace), namespace)


def _ask(
    app: OpenLibrary, name: str, photos: tuple[tuple[Photo, float], ...], show: Callable[[bytes], None] | None
) -> list[tuple[float, bool]]:
    answers: list[tuple[float, bool]] = []
    for photo, cosine in photos:
        if show is not None and photo.paths:
            show(photo.paths[0])
        path = shown_path(photo.paths[0]) if photo.paths else f"photo {photo.id}"
        answer = click.prompt(
            f"  {cosine:z.3f}  {path}", type=click.Choice([_YES, _NO, _SKIP, _END], case_sensitive=False)
        )
        if answer == _END:
            break
        if answer != _SKIP:
            is_right = answer == _YES
            # Kept at once: an answer is not asked for twice.
            record_manual_tags(app.catalog, [photo.id], **{"added" if is_right else "rejected": [name]})
            answers.append((cosine, is_right))
    return answers


def _moving(name: str, threshold: float) -> Change:
    def moved(definition: VocabularyDefinition) -> VocabularyDefinition:
        names = [label.name for label in definition.labels]
        # Another process may have taken it out while the user was asked.
        if name not in names:
            raise UnknownLabel(name, definition.name, names)
        labels = (replace(each, threshold=threshold) if each.name == name else each for each in definition.labels)
        return replace(definition, labels=tuple(labels))

    return moved
