"""Shows groups of files that show the same picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, day, shown_path, table
from photos.cli.kit.output import write_json, write_paths
from photos.cli.kit.progress import Bar
from photos.duplicates.file_state import OnDisk
from photos.duplicates.groups import Copy, Sameness, Search, find_duplicates
from photos.duplicates.hashes import KnownLooks
from photos.duplicates.removable import spare
from photos.errors import NothingFound
from photos.output.json_records import fact_record, rounded, text_of
from photos.sizes import readable_size

if TYPE_CHECKING:
    from photos.library import OpenLibrary


def find_and_tell(
    app: OpenLibrary, search: Search, *, others: bool, as_json: bool, paths_only: bool, nul: bool
) -> None:
    """Find duplicates and show them. Raises `NothingFound` if there are none."""
    looks = KnownLooks(app.catalog)
    with Bar("Comparing", None, "photo") as comparing, Bar("Looking", None, "picture") as looking:
        groups = find_duplicates(app, search, looks, comparing=comparing.reach, looking=looking.reach)
    if not groups:
        raise NothingFound("No duplicates were found.")
    if others:
        groups = spare(groups, search.folders, looks)
        paths_only = not as_json
    shown = [group for group in groups if group]
    if not shown:
        raise NothingFound("There is no file with which nothing would be lost; `photos duplicates` shows all groups.")
    if nul or paths_only:
        write_paths([copy.file.path for group in shown for copy in group], nul=nul)
    elif as_json:
        for number, group in enumerate(shown, 1):
            write_json({"group": number, "files": [copy_record(copy) for copy in group]})
    else:
        for line in groups_table(shown):
            click.echo(line)
        click.echo(summary(shown), err=True)


def copy_record(copy: Copy) -> dict[str, object]:
    """A file of a group, as JSON holds it."""
    facts = fact_record(copy.photo.facts)
    return {
        "path": text_of(copy.file.path),
        "photo": copy.photo.id,
        "best": copy.sameness is Sameness.BEST,
        "sameness": str(copy.sameness),
        "score": rounded(copy.cosine),
        "distance": copy.distance,
        "checked": copy.is_checked,
        "same_file": copy.is_same_file,
        "on_disk": str(copy.on_disk),
        "bytes": copy.file.stamp.size,
        "width": facts["width"],
        "height": facts["height"],
        "format": facts["format"],
        "taken_at": facts["taken_at"],
        "camera": facts["camera"],
        "companions": [text_of(path) for path in copy.photo.companions],
    }


def groups_table(groups: Sequence[Sequence[Copy]]) -> Iterator[str]:
    """A line a file, the best of each group with its number."""
    rows = [
        (
            str(number) if copy.sameness is Sameness.BEST else "",
            _how(copy),
            f"{copy.photo.facts.width} x {copy.photo.facts.height}",
            readable_size(copy.file.stamp.size),
            day(copy.photo.facts.taken_at),
            shown_path(copy.file.path) + _remark(copy),
        )
        for number, group in enumerate(groups, 1)
        for copy in group
    ]
    yield from table([("", "", "pixels", "bytes", "taken", "file"), *rows], right=(0, 2, 3))


def summary(groups: Sequence[Sequence[Copy]]) -> str:
    """How many there are, and what those beside the best take."""
    beside = [copy for group in groups for copy in group if copy.sameness is not Sameness.BEST]
    room = sum(copy.file.stamp.size for copy in beside if not copy.is_same_file)
    unchecked = sum(not copy.is_checked for copy in beside)
    files = counted(sum(len(group) for group in groups), "file")
    text = f"{counted(len(groups), 'group')}, {files}; all but the best of each take {readable_size(room)}."
    if unchecked:
        text += f" {counted(unchecked, 'file')} could not be read, and only the embeddings say that they are alike."
    return text


def _how(copy: Copy) -> str:
    if copy.sameness is not Sameness.NEAR or copy.cosine is None:
        return str(copy.sameness)
    return f"{copy.sameness} {copy.cosine:z.3f}"


def _remark(copy: Copy) -> str:
    remarks = [] if copy.is_checked else ["not checked"]
    if copy.is_same_file:
        remarks.append("a link to the same file")
    if copy.on_disk is OnDisk.CHANGED:
        remarks.append("changed since it was indexed")
    if copy.on_disk is OnDisk.MISSING:
        remarks.append("not there now")
    return f"  ({', '.join(remarks)})" if remarks else ""
