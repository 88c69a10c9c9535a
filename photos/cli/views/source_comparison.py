"""Comparison of sources of tags: tables, and a contact sheet of the photos on which they differ."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import click

from photos.cli.kit.format import counted, table
from photos.cli.kit.output import write_json
from photos.cli.kit.terminal import prose, show_lines
from photos.cli.views.sheet import check_sheet, write_sheet
from photos.errors import NothingFound, safe
from photos.records.sources import comparison_records

if TYPE_CHECKING:
    from photos.output.sheet_rows import Cell, Note
    from photos.thumbnails import Thumbnails
    from query.tagging import ComparedLabel, Comparison, DisputedPhoto, SourceWord

#: Labels that the tables name.
_LABELS: Final = 10
_UNDECIDED: Final = "You said nothing yet of these labels on these photos, so nothing tells which source is right."
_LEGEND: Final = (
    "numbers are SigLIP's scores; faint words are given by all; you confirmed green words, and rejected red ones"
)


def show_comparison(comparison: Comparison, *, as_json: bool) -> None:
    """Show how far sources agree. Raises `NothingFound` if they have no photo or no label in common."""
    names = [safe(each) for each in comparison.sources]
    if comparison.overall is None or not comparison.photos:
        missing = "label" if comparison.photos else "photo"
        raise NothingFound(f"{_joined(names)} have no {missing} in common, so there is nothing to compare.")
    if as_json:
        for record in comparison_records(comparison):
            write_json(record)
        return
    quantifier = "both" if len(names) == len(("one", "other")) else "all"
    click.echo(f"{counted(comparison.photos, 'photo')} and {counted(len(comparison.labels), 'label')} in {quantifier}")
    show_lines([*_pair_lines(comparison, comparison.overall), "", *_label_lines(comparison)])
    if comparison.overall.shown or comparison.overall.absent:
        show_lines(["", *_accuracy_lines(comparison, comparison.overall)])
        _note_taught(comparison.overall.taught)
    else:
        click.echo(prose(_UNDECIDED), err=True)


def write_comparison_sheet(comparison: Comparison, sheet: str, thumbnails: Thumbnails, *, force: bool) -> None:
    """Write the photos with the most differences as a contact sheet. Raises `FileExists` or `UnwritableFile`."""
    from photos.output.sheet_rows import Row

    photos = comparison.disputed
    if not photos:
        click.echo("The sources agree on every photo, so there is no sheet.", err=True)
        return
    check_sheet(sheet, (os.fsdecode(path) for each in photos for path in each.photo.paths), len(photos), force=force)
    names = list(comparison.sources)
    title = f"{counted(len(photos), 'photo')} with the most differences"
    row = Row(title, _LEGEND, [_cell(names, each) for each in photos if each.photo.paths])
    lead = f"{counted(comparison.photos, 'photo')} and {counted(len(comparison.labels), 'label')} were compared."
    write_sheet(sheet, _joined(names), lead, [row], thumbnails, force=force)


def _pair_lines(comparison: Comparison, overall: ComparedLabel) -> Iterator[str]:
    rows = [("all labels", "both", "only first", "only second", "overlap", "kappa")]
    for (one, other), each in zip(comparison.pairs, overall.pairs, strict=True):
        counts = (str(each.both), str(each.only_one), str(each.only_other))
        rows.append((f"{safe(one)}, {safe(other)}", *counts, _share(each.overlap), _share(each.kappa)))
    yield from table(rows, right=(1, 2, 3, 4, 5))


def _label_lines(comparison: Comparison) -> Iterator[str]:
    """The labels with the most differences."""
    headings = ("most differences", *map(safe, comparison.sources), "by all", "overlap", "kappa")
    disputed = [each for each in comparison.labels if each.disputed]
    rows = [
        (safe(each.label), *map(str, (*each.given, each.by_all)), _share(each.overlap), _share(each.kappa))
        for each in disputed[:_LABELS]
    ]
    yield from table([headings, *rows], right=range(1, len(headings))) if rows else ["no label has a difference"]
    if len(disputed) > _LABELS:
        yield f"{counted(len(disputed) - _LABELS, 'more label')} with differences; --json has all."


def _accuracy_lines(comparison: Comparison, overall: ComparedLabel) -> Iterator[str]:
    """Precision and recall of each source, for all labels and for those with the most words of the user."""
    judged = [name for name, each in zip(comparison.sources, overall.accuracies, strict=True) if each is not None]
    headings = ("your words", "yes", "no", *(f"{part} {safe(name)}" for name in judged for part in ("prec.", "recall")))
    decided = sorted(
        (each for each in comparison.labels if each.shown + each.absent),
        key=lambda each: (-each.shown - each.absent, each.label),
    )
    rows = [
        _accuracy_row("all labels", overall),
        *(_accuracy_row(safe(each.label), each) for each in decided[:_LABELS]),
    ]
    yield from table([headings, *rows], right=range(1, len(headings)))
    if len(decided) > _LABELS:
        yield f"{counted(len(decided) - _LABELS, 'more label')} with words of yours; --json has all."


def _accuracy_row(name: str, label: ComparedLabel) -> tuple[str, ...]:
    figures = (_share(part) for each in label.accuracies if each is not None for part in (each.precision, each.recall))
    return (name, str(label.shown), str(label.absent), *figures)


def _note_taught(taught: int) -> None:
    if taught:
        known = "word is an example" if taught == 1 else "words are examples"
        note = f"{taught} of these {known} of `photos teach`, which SigLIP's own tags were made with."
        click.echo(prose(note), err=True)


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _joined(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _cell(names: Sequence[str], photo: DisputedPhoto) -> Cell:
    from photos.output.sheet_rows import Cell

    notes = [_note(name, words) for name, words in zip(names, photo.words, strict=True)]
    if photo.decided:
        notes.append(_note("you", photo.decided))
    difference = counted(photo.disputes, "difference")
    return Cell(photo.photo.id, photo.photo.paths[0], remark=difference, notes=tuple(notes))


def _note(title: str, words: Sequence[SourceWord]) -> Note:
    from photos.output.sheet_rows import Note, NoteWord

    return Note(
        title,
        tuple(
            NoteWord(
                word.label,
                "" if word.cosine is None else f"{word.cosine:.3f}",
                is_strong=word.is_disputed,
                decision=word.decision,
            )
            for word in words
        ),
    )
