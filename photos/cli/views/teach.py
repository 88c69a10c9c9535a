"""Taught labels: their examples, and how they score over the library."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from photos.cli.kit.format import counted, percentage, shown_path, table
from photos.cli.views.vocabulary_reports import trial_lines
from photos.errors import safe
from query.similarity import probability

if TYPE_CHECKING:
    from photos.operations.tagging.teach import TaughtLabel
    from query.tagging import Example

#: Characters of a hash that are shown: enough to tell it from others.
_SHORT = 12


def taught_lines(taught: TaughtLabel) -> Iterator[str]:
    """Lines on a taught label: a sentence, a row for each example, and the photos that it is on."""
    yield _sentence(taught)
    yield from table([*_rows(taught)], right=(2, 3), paths=4)
    verb = "is, by its scores, on" if taught.is_kept else "would be on"
    yield from trial_lines(f"{safe(taught.full_name)} {verb}", taught.trial, taught.identity)


def _sentence(taught: TaughtLabel) -> str:
    name, label, report = safe(taught.full_name), taught.label, taught.report
    if not label.is_taught:
        return f"{name} has no examples; its words alone score it."
    photos = counted(len(label.examples), "photo")
    count = len(label.counterexamples)
    others = f" and by {count} that {'shows' if count == 1 else 'show'} something else" if count else ""
    if not report.used:
        return f"{name} is taught by {photos}{others}; none can be used here, so its words alone score it."
    share = f"{100 * report.text_share:.0f} % of its score comes from its words, the rest from the photos."
    return f"{name} is taught by {photos}{others}. {share}"


def _rows(taught: TaughtLabel) -> Iterator[tuple[str, str, str, str, str]]:
    for example in taught.report.examples:
        kind = "yes" if example.is_shown else "no"
        score = "" if example.cosine is None else f"{example.cosine:z.3f}"
        percent = "" if example.cosine is None else percentage(probability(example.cosine, taught.identity))
        yield "", kind, score, percent, _place(example)


def _place(example: Example) -> str:
    if example.photo is not None and example.photo.paths:
        return shown_path(example.photo.paths[0])
    problem = "its file is gone" if example.photo is not None else "not in the library"
    return f"{example.content_hash[:_SHORT]}… ({problem})"
