"""Takes over tags of other programs, and shows how far sources agree."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, table
from photos.cli.kit.output import write_json
from photos.errors import NothingFound, UnreadableFile, safe
from query import Agreement, ImportedTags, compare_sources, import_keywords, import_tags, read_tags

if TYPE_CHECKING:
    from photos.library import OpenLibrary
    from store import Transaction

#: Lines that are named; the rest is counted.
_NAMED = 3


def import_and_tell(app: OpenLibrary, file: str | None, source: str) -> None:
    """Take the tags in *file*, or the pictures' own keywords, as those of *source*. Raises `NothingFound`."""
    if file is None:
        taken = import_keywords(app.catalog, source)
    else:
        taken = import_tags(app.catalog, _read(file), source, _finder(Path(file)))
    if taken.unknown:
        lines = ", ".join(f"line {each.line}: {safe(each.path)}" for each in taken.unknown[:_NAMED])
        more = f" and {len(taken.unknown) - _NAMED} more" if len(taken.unknown) > _NAMED else ""
        click.echo(f"Not in the library: {lines}{more}.", err=True)
    if not taken.photos:
        raise NothingFound(f"No photo of the library has tags from {safe(source)}; nothing was taken over.")
    click.echo(
        f"{counted(taken.photos, 'photo')} with tags from {safe(source)}; {counted(taken.changed, 'tag')} changed."
    )


def compare_and_tell(app: OpenLibrary, one: str, other: str, *, as_json: bool) -> None:
    """Show how far the sources agree. Raises `NothingFound` if they have no photo or no label in common."""
    found = compare_sources(app.catalog, app.space, one, other)
    if not found.photos or not found.labels:
        missing = "photo" if not found.photos else "label"
        raise NothingFound(
            f"{safe(one)} and {safe(other)} have no {missing} in common, so there is nothing to compare."
        )
    if as_json:
        write_json({"photos": found.photos, "labels": len(found.labels), **_record(found.overall, one, other)})
        for each in found.labels:
            write_json({"label": each.label, **_record(each, one, other)})
        return
    click.echo(f"{counted(found.photos, 'photo')} and {counted(len(found.labels), 'label')} that both speak of")
    told = sorted(found.labels, key=lambda each: (-(each.both + each.only_one + each.only_other), each.label))
    rows = [("", "both", f"only {safe(one)}", f"only {safe(other)}", "overlap", "kappa"), _row("all", found.overall)]
    for line in table([*rows, *(_row(safe(each.label), each) for each in told)], right=(1, 2, 3, 4, 5)):
        click.echo(line)


def _row(name: str, each: Agreement) -> tuple[str, ...]:
    counts = (str(each.both), str(each.only_one), str(each.only_other))
    return (name, *counts, *("" if value is None else f"{value:.2f}" for value in (each.overlap, each.kappa)))


def _record(each: Agreement, one: str, other: str) -> dict[str, object]:
    return {
        "both": each.both,
        f"only {one}": each.only_one,
        f"only {other}": each.only_other,
        "overlap": each.overlap,
        "kappa": each.kappa,
    }


def _read(file: str) -> list[ImportedTags]:
    try:
        text = Path(file).read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        raise UnreadableFile(file, getattr(error, "strerror", None) or str(error)) from error
    return read_tags(text, file, is_table=Path(file).suffix.lower() in {".csv", ".tsv"})


def _finder(file: Path) -> Callable[[Transaction, str], int | None]:
    """Finds photos by paths that are absolute or begin at the folder of *file*."""
    folder = os.fsencode(file.resolve().parent)

    def photo_of(t: Transaction, path: str) -> int | None:
        try:
            photo = t.photos.at(os.path.normpath(os.path.join(folder, os.fsencode(path))))
        except UnicodeEncodeError:
            # JSON can hold what no file is called.
            return None
        return None if photo is None else photo.id

    return photo_of
