"""Shows how two vocabularies differ, and what each says of the library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, shown_path, table
from photos.cli.kit.output import write_json
from photos.cli.kit.progress import Bar
from photos.errors import EmptyLibrary, safe
from photos.operations import vocabularies
from photos.output.json_records import text_of
from query import Difference, TagPreview, difference, preview_tags

if TYPE_CHECKING:
    from photos.library import OpenLibrary
    from store import VocabularyDefinition


def compare_and_tell(app: OpenLibrary, one: str, other: str, *, of_photos: bool, as_json: bool) -> bool:
    """Show the difference. Returns whether there is none."""
    before, after = (vocabularies.definition_of(app.catalog_if_any, name) for name in (one, other))
    found = difference(before, after)
    counted_both = _count(app, before, after, _folders(app, one, other)) if found else None
    if as_json:
        write_json(_record(found, counted_both))
    else:
        for line in [*_labels(found), *(_counts(*counted_both) if counted_both else ())]:
            click.echo(line)
    if of_photos and counted_both is not None:
        _show_photos(app, *counted_both, as_json=as_json)
    return not found


def _folders(app: OpenLibrary, one: str, other: str) -> tuple[bytes, ...]:
    """The folders for which both are in force; none for all, or if they are not for the same."""
    if app.catalog_if_any is None:
        return ()
    first, second = (vocabularies.folders_of(app.catalog, name) for name in (one, other))
    return first if first == second else ()


def _count(
    app: OpenLibrary, before: VocabularyDefinition, after: VocabularyDefinition, folders: Sequence[bytes]
) -> tuple[TagPreview, TagPreview] | None:
    try:
        space = app.space
    except EmptyLibrary:
        return None
    texts = app.texts(space)
    with Bar("Encoding labels", None, "text") as bar:
        return tuple(preview_tags(app.catalog, space, each, texts, bar.reach, folders) for each in (before, after))  # type: ignore[return-value]  # two of two


def _labels(found: Difference) -> Iterator[str]:
    if not found:
        yield "They are the same."
    yield from (f"+ {safe(name)}" for name in found.added)
    yield from (f"- {safe(name)}" for name in found.removed)
    yield from (f"~ {safe(name)}: other {', '.join(what)}" for name, what in found.changed)
    yield from (f"~ the vocabulary's {what}" for what in found.whole)


def _counts(before: TagPreview, after: TagPreview) -> Iterator[str]:
    names = sorted(
        (name for name in before.counts.keys() | after.counts.keys() if before.counts[name] != after.counts[name]),
        key=lambda name: (-abs(after.counts[name] - before.counts[name]), name),
    )
    changed = sum(tags != after.of_photos.get(key) for key, tags in before.of_photos.items())
    yield f"{counted(changed, 'photo')} of {len(before.of_photos)} would have other tags."
    rows = [(safe(name), str(before.counts[name]), "->", str(after.counts[name])) for name in names]
    yield from table(rows, right=(1, 3))


def _show_photos(app: OpenLibrary, before: TagPreview, after: TagPreview, *, as_json: bool) -> None:
    changed = [key for key, tags in before.of_photos.items() if tags != after.of_photos.get(key)]
    with app.catalog.read() as t:
        photos = t.photos.get(changed)
    for photo in photos:
        old, new = before.of_photos[photo.id], after.of_photos.get(photo.id, frozenset())
        added, removed = sorted(new - old), sorted(old - new)
        if as_json:
            path = text_of(photo.paths[0]) if photo.paths else None
            write_json({"path": path, "photo": photo.id, "added": added, "removed": removed})
        elif photo.paths:
            marks = [*(f"+{safe(name)}" for name in added), *(f"-{safe(name)}" for name in removed)]
            click.echo(f"{shown_path(photo.paths[0])}: {', '.join(marks)}")


def _record(found: Difference, both: tuple[TagPreview, TagPreview] | None) -> dict[str, object]:
    record: dict[str, object] = {
        "added": list(found.added),
        "removed": list(found.removed),
        "changed": {name: list(what) for name, what in found.changed},
        "vocabulary": list(found.whole),
    }
    if both is not None:
        before, after = both
        names = sorted(before.counts.keys() | after.counts.keys())
        record["photos"] = {name: [before.counts[name], after.counts[name]] for name in names}
    return record
