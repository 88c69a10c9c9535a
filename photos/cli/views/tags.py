"""Tags of photos and of the library, and the history of tags, as tables or as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, minute, percentage, shown_path, stars, table
from photos.cli.kit.output import write_json
from photos.cli.kit.terminal import paint, show_lines
from photos.errors import NothingFound, safe
from photos.records.photos import photo_tags_record, rating_record, tag_count_record, tag_history_record
from query.tagging import LEAST

if TYPE_CHECKING:
    from photos.operations.tagging.ratings import RatedPhoto
    from photos.operations.tagging.tags import PhotoHistory, PhotoTags, TagCount
    from query.tagging import ScoredTag
    from store.records import TagEvent

#: Photos whose tags are shown one by one after a change.
_FEW = 10


def show_tags(found: Sequence[PhotoTags], *, has_probabilities: bool, as_json: bool) -> None:
    """Show the tags of each photo."""
    if as_json:
        for each in found:
            write_json(photo_tags_record(each))
    else:
        show_lines(line for each in found for line in _table(each, has_probabilities=has_probabilities))


def show_tagged(found: Sequence[PhotoTags], labels: Sequence[str], *, has_probabilities: bool, as_json: bool) -> None:
    """Show the tags of photos that were changed; of many photos only their number and the *labels*."""
    if as_json or len(found) <= _FEW:
        show_tags(found, has_probabilities=has_probabilities, as_json=as_json)
        return
    click.echo(f"{', '.join(map(safe, labels))}: {counted(len(found), 'photo')}.")


def show_ratings(found: Sequence[RatedPhoto], *, as_json: bool) -> None:
    """Show the stars of photos that were rated; of many photos only their number."""
    if as_json:
        for each in found:
            write_json(rating_record(each))
    elif len(found) > _FEW:
        click.echo(f"Rated {counted(len(found), 'photo')}.")
    else:
        for line in table(
            [
                ("no rating" if each.rating is None else stars(each.rating), shown_path(each.photo.path))
                for each in found
            ],
            paths=1,
        ):
            click.echo(line)


def show_history(found: Sequence[PhotoHistory], *, as_json: bool) -> None:
    """Show the changes of each photo's tags, oldest first."""
    if as_json:
        for each in found:
            write_json(tag_history_record(each))
    else:
        show_lines(line for each in found for line in _events(each))


def _events(found: PhotoHistory) -> Iterator[str]:
    yield shown_path(found.photo.path)
    rows = [("", minute(event.at), event.what, _subject(event), event.origin or "") for event in found.events]
    yield from table(rows) if rows else ["  no manual tags and no stars"]


def _subject(event: TagEvent) -> str:
    if event.what == "rated":
        return "as its file says" if event.stars is None else stars(event.stars)
    return safe(event.label or "")


def show_counts(counts: Sequence[TagCount], *, has_probabilities: bool, as_json: bool) -> None:
    """Show the library's tags with the number of photos of each. Raises `NothingFound` if there are none."""
    if not counts:
        reason = "; a lower --threshold shows more, "
        if not has_probabilities:
            reason = f". This model has no probabilities, so labels count from {LEAST} photos on; "
        raise NothingFound(f"No photo has a tag{reason}`photos retag` tags again.")
    if as_json:
        for count in counts:
            write_json(tag_count_record(count))
        return
    show_lines(
        table([(counted(count.photos, "photo"), paint(safe(count.label), "tag")) for count in counts], right=(0,))
    )


def _table(found: PhotoTags, *, has_probabilities: bool) -> Iterator[str]:
    yield shown_path(found.photo.path)
    if not found.tags:
        yield f"  no tags{'; a lower --threshold shows more' if has_probabilities else ''}"
    rows = [
        (
            "",
            paint(safe(tag.label), "tag"),
            _score(tag.score),
            percentage(tag.probability),
            *_calibration(tag),
            _source(tag),
        )
        for tag in found.tags
    ]
    yield from table(rows, right=(2, 3))


def _score(score: float | None) -> str:
    return "" if score is None or not math.isfinite(score) else f"{score:z.3f}"


def _calibration(tag: ScoredTag) -> tuple[str, str]:
    """Return the distance from the label's usual score, and the score from which the label counts."""
    least = _score(tag.minimum)
    return "" if tag.calibrated is None else f"{tag.calibrated:+z.1f} sd", f"from {least}" if least else ""


def _source(tag: ScoredTag) -> str:
    if tag.implied_by is not None:
        return f"since {safe(tag.implied_by)}"
    if tag.origin is not None:
        return f"{tag.source} from {safe(tag.origin)}"
    return "" if str(tag.source) == "auto" else str(tag.source)
