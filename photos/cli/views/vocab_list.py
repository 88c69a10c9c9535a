"""Shows which vocabularies there are, and where they are in force."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, day, shown_path, table
from photos.cli.kit.output import write_json
from photos.errors import safe
from photos.operations import vocabularies
from photos.output.json_records import text_of
from query import SHIPPED, shipped_vocabulary

if TYPE_CHECKING:
    from photos.library import OpenLibrary
    from store import SlotSummary


def list_and_tell(app: OpenLibrary, *, as_json: bool) -> None:
    """The vocabularies of the catalog by name, and then those that only come with the program."""
    known, there = [], []
    if not app.is_new:
        with app.catalog.read() as t:
            known, there = t.vocabularies.all(), t.slots.in_force()
    places = {v.name: [each for each in there if each.vocabulary == v.name] for v in known}
    rows = [(v.name, v.label_count, v.number, day(v.created_at)) for v in known]
    rows += [(n, len(shipped_vocabulary(n).labels), 0, "included") for n in SHIPPED if n not in places]
    if as_json:
        for name, labels, revision, _ in rows:
            mine = places.get(name, [])
            record = {"vocabulary": name, "labels": labels, "revision": revision or None, "in_use": bool(mine)}
            write_json({**record, "in_force": [place_record(each) for each in mine]})
        return
    lines = [
        (safe(name), str(labels), str(number or ""), made, uses(places.get(name, []), newest=number))
        for name, labels, number, made in rows
    ]
    for line in table([("vocabulary", "labels", "revision", "since", ""), *lines], right=(1, 2)):
        click.echo(line)


def history_and_tell(app: OpenLibrary, name: str | None, *, as_json: bool) -> None:
    """The revisions of the vocabulary *name*, or of the main one, newest first."""
    revisions = vocabularies.history(app.catalog_if_any, name)
    with app.catalog.read() as t:
        there = t.slots.in_force()
    if as_json:
        for each in revisions:
            made = each.created_at.isoformat() + "Z"
            record = {"revision": each.number, "labels": each.label_count, "since": made, "in_use": each.in_use}
            write_json({"vocabulary": each.name, **record})
        return
    rows = [
        (
            f"{each.name}@{each.number}",
            day(each.created_at),
            counted(each.label_count, "label"),
            uses([place for place in there if place.revision_id == each.revision_id]),
        )
        for each in revisions
    ]
    for line in table(rows, right=(2,)):
        click.echo(line)


def uses(places: Iterable[SlotSummary], newest: int | None = None) -> str:
    """Where a vocabulary is in force, such as `in use as birds in ~/Pictures/birds`. *newest* is its last revision."""
    return "; ".join(
        f"in use{under(each)}" + (f" (revision {each.number})" if newest not in {None, each.number} else "")
        for each in places
    )


def under(place: SlotSummary) -> str:
    """The namespace and the folders, if there are any, after a space."""
    name = f" as {place.namespace}" if place.namespace else ""
    return name + (f" in {shown_folders(place.folders)}" if place.folders else "")


def shown_folders(folders: Sequence[bytes]) -> str:
    """The folders as they can be typed from here."""
    return ", ".join(map(shown_path, folders))


def place_record(place: SlotSummary) -> dict[str, object]:
    """A place as plain values, for JSON."""
    folders = [text_of(folder) for folder in place.folders]
    return {"namespace": place.namespace, "revision": place.number, "folders": folders}
