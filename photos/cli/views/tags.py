"""Shows tags: of photos, or of the library."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, probability, shown_path, table
from photos.cli.kit.output import write_json
from photos.errors import NothingFound, safe
from photos.operations.folders import absolute
from photos.operations.search_by_image import photo_at
from photos.output.json_records import tag_record, text_of
from query import NotInLibrary, photo_tags, record_manual_tags, tag_counts

#: Before a label: it is added, rejected, or nothing is said of it any more.
MARKS = ("+", "-", "~")

if TYPE_CHECKING:
    from photos.library import OpenLibrary
    from query import ScoredTag
    from store import Photo


def show_tags(app: OpenLibrary, images: Sequence[str], *, as_json: bool) -> None:
    """The tags of each image. Raises `NotInLibrary` before anything is shown."""
    space = app.space
    photos = [_photo(app, image) for image in images]
    tags = photo_tags(app.catalog, space, [photo.id for photo in photos], threshold=app.settings.threshold)
    for image, photo in zip(images, photos, strict=True):
        if as_json:
            records = [tag_record(tag) for tag in tags[photo.id]]
            write_json({"path": text_of(absolute(image)), "photo": photo.id, "tags": records})
        else:
            _show_one(image, tags[photo.id])


def show_history(app: OpenLibrary, images: Sequence[str], *, as_json: bool) -> None:
    """What was said of each image's tags, oldest first. Raises `NotInLibrary` before anything is shown."""
    photos = [_photo(app, image) for image in images]
    for image, photo in zip(images, photos, strict=True):
        with app.catalog.read() as t:
            said = t.tags.history(photo.id)
        if as_json:
            records = [
                {"at": each.at.isoformat() + "Z", "what": each.what, "label": each.label, "origin": each.origin}
                for each in said
            ]
            write_json({"path": text_of(absolute(image)), "photo": photo.id, "history": records})
            continue
        click.echo(shown_path(absolute(image)))
        rows = [("", f"{each.at:%Y-%m-%d %H:%M} UTC", each.what, safe(each.label), each.origin or "") for each in said]
        for line in table(rows) if rows else ["  nothing was said by hand"]:
            click.echo(line)


def tag_and_tell(app: OpenLibrary, images: Sequence[str], words: Sequence[str], *, as_json: bool) -> None:
    """Add, reject or forget labels, as *words* say, and show the tags that are there then."""
    photos = [_photo(app, image) for image in images]
    by_mark = {mark: [word[1:] for word in words if word.startswith(mark)] for mark in MARKS}
    added, rejected, cleared = (by_mark[mark] for mark in MARKS)
    record_manual_tags(app.catalog, [photo.id for photo in photos], added=added, rejected=rejected, cleared=cleared)
    show_tags(app, images, as_json=as_json)


def show_counts(app: OpenLibrary, *, as_json: bool) -> None:
    """How many photos have which tag, most first. Raises `NothingFound` if none has any."""
    space = app.space
    counts = tag_counts(app.catalog, space, threshold=app.settings.threshold)
    if not counts:
        raise NothingFound("No photo has a tag; a lower --threshold shows more, `photos retag` tags again.")
    if as_json:
        for label, count in counts:
            write_json({"label": label, "photos": count})
        return
    for line in table([(counted(count, "photo"), safe(label)) for label, count in counts], right=(0,)):
        click.echo(line)


def _photo(app: OpenLibrary, image: str) -> Photo:
    with app.catalog.read() as t:
        photo = photo_at(t, image)
    if photo is None:
        raise NotInLibrary(os.fsencode(image))
    return photo


def _show_one(image: str, tags: Sequence[ScoredTag]) -> None:
    click.echo(shown_path(absolute(image)))
    if not tags:
        click.echo("  no tags; a lower --threshold shows more")
    rows = [
        ("", safe(tag.label), _score(tag.score), probability(tag.probability), *_standing(tag), _source(tag))
        for tag in tags
    ]
    for line in table(rows, right=(2, 3)):
        click.echo(line)


def _score(score: float | None) -> str:
    return "" if score is None or not math.isfinite(score) else f"{score:z.3f}"


def _standing(tag: ScoredTag) -> tuple[str, str]:
    """How far above the label's usual score it is, and from which score on the label counts."""
    least = _score(tag.minimum)
    return "" if tag.calibrated is None else f"{tag.calibrated:+z.1f} sd", f"from {least}" if least else ""


def _source(tag: ScoredTag) -> str:
    if tag.implied_by is not None:
        return f"since {safe(tag.implied_by)}"
    if tag.origin is not None:
        return f"{tag.source} from {safe(tag.origin)}"
    return "" if str(tag.source) == "auto" else str(tag.source)
