"""Import of tags that other programs gave, from their files or from the keywords of pictures."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from query.errors import BadLabel, BadSource, BadTagFile, LineProblem
from store import Catalog, Transaction
from store.json_text import parse_json

from .description_tags import check_source
from .manual_tags import slot_speller, spelt
from .slots import MARK

#: The names of sources that are not programs. "auto:birds" are the tags of one slot, under their plain names.
AUTO, USER = "auto", "user"
#: The names of columns, or of fields.
_PATHS, _LABELS = ("path", "file", "image", "filename"), ("tags", "labels", "tag", "label", "keywords")
#: Separators of several labels in one field of a table.
_SEPARATORS = (";", "|")


@dataclass(frozen=True, slots=True)
class ImportedTags:
    """The tags of one line: a picture's path as it is written there, and its labels."""

    line: int
    path: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TagImportResult:
    """The photos that were named, the number of changed tags, and the lines whose pictures are not in the library."""

    photos: int
    changed: int
    unknown: tuple[ImportedTags, ...]


def read_tags(text: str, path: str, *, is_table: bool) -> list[ImportedTags]:
    """The tags in a file: CSV with columns such as path and tags, or JSON objects, one a line.

    A picture may have several lines. Raises `BadTagFile`, which lists the wrong lines.
    """
    problems: list[LineProblem] = []
    found = list(_csv_rows(text, problems) if is_table else _json_lines(text, problems))
    if not found and not problems:
        problems.append(LineProblem(None, "there are no tags in it"))
    if problems:
        raise BadTagFile(path, problems)
    return found


def import_tags(
    catalog: Catalog, given: Iterable[ImportedTags], origin: str, photo_of: Callable[[Transaction, str], int | None]
) -> TagImportResult:
    """Make the tags that *origin* gave each of the photos exactly those *given*; all or nothing.

    *photo_of* finds a photo by a path as it is written in the file. A name of a label in force is that label.
    Raises `BadLabel` or `BadSource`.
    """
    _check_origin(origin)
    with catalog.write() as t:
        check_source(t, origin)
        of_photo: dict[int, set[str]] = {}
        unknown = []
        speller = slot_speller(t)
        for each in given:
            photo_id = photo_of(t, each.path)
            if photo_id is None:
                unknown.append(each)
            else:
                of_photo.setdefault(photo_id, set()).update(spelt(speller, label) for label in each.labels)
        return TagImportResult(len(of_photo), _replace_tags(t, of_photo, origin), tuple(unknown))


def import_keywords(catalog: Catalog, origin: str) -> TagImportResult:
    """Import keywords of pictures and sidecars as tags of *origin*. Keywords that cannot be labels are skipped.

    Raises `BadSource`.
    """
    _check_origin(origin)
    with catalog.write() as t:
        check_source(t, origin)
        speller = slot_speller(t)
        of_photo = {
            photo_id: set(_valid_labels(lambda word: spelt(speller, word), words))
            for photo_id, words in t.photos.keywords()
        }
        return TagImportResult(len(of_photo), _replace_tags(t, of_photo, origin), ())


def _check_origin(origin: str) -> None:
    """Raise `BadSource` for a name that is reserved for tags of no other program."""
    if origin.partition(MARK)[0].strip().lower() in {AUTO, USER}:
        raise BadSource(origin)


def _replace_tags(t: Transaction, of_photo: dict[int, set[str]], origin: str) -> int:
    names = {name for some in of_photo.values() for name in some}
    ids = {name: t.vocabularies.label_called(name) for name in sorted(names)}
    return sum(
        t.tags.replace_imported(photo_id, origin, {ids[name] for name in some}) for photo_id, some in of_photo.items()
    )


def _valid_labels(spell: Callable[[str], str], words: Iterable[str]) -> Iterator[str]:
    for word in words:
        try:
            yield spell(word)
        except BadLabel:
            continue


def _csv_rows(text: str, problems: list[LineProblem]) -> Iterator[ImportedTags]:
    first = text.splitlines()[0] if text.strip() else ""
    reader = csv.reader(io.StringIO(text, newline=None), delimiter=max(",;\t", key=first.count), skipinitialspace=True)
    header = [name.strip().lower() for name in next(reader, [])]
    at_path = next((header.index(name) for name in _PATHS if name in header), None)
    at_labels = next((header.index(name) for name in _LABELS if name in header), None)
    if at_path is None or at_labels is None:
        problems.append(LineProblem(1, "the first line does not name a column 'path' and one 'tags'"))
        return
    for row in _rows(reader, problems):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) <= max(at_path, at_labels) or not row[at_path].strip():
            problems.append(LineProblem(reader.line_num, "there is no path or no label"))
            continue
        yield ImportedTags(reader.line_num, row[at_path].strip(), tuple(_split(row[at_labels])))


def _rows(reader: Iterator[list[str]], problems: list[LineProblem]) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as error:
        problems.append(LineProblem(None, f"a line is not valid CSV ({error})"))


def _split(cell: str) -> list[str]:
    mark = next((mark for mark in _SEPARATORS if mark in cell), ";")
    return [part.strip() for part in cell.split(mark) if part.strip()]


def _json_lines(text: str, problems: list[LineProblem]) -> Iterator[ImportedTags]:
    # Only at line feeds: JSON may hold other line ends unescaped.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = parse_json(line)
        except ValueError:
            record = None
        path = _field(record, _PATHS)
        labels = _field(record, _LABELS)
        labels = [labels] if isinstance(labels, str) else labels
        if not isinstance(path, str) or not isinstance(labels, list):
            problems.append(LineProblem(number, "it is not a JSON object with 'path' and a list 'tags'"))
            continue
        names = [_field(each, ("label", "tag", "name")) if isinstance(each, dict) else each for each in labels]
        if not all(isinstance(name, str) for name in names):
            problems.append(LineProblem(number, "a tag is neither a text nor an object with 'label'"))
            continue
        yield ImportedTags(number, path, tuple(str(name) for name in names))


def _field(record: object, names: Iterable[str]) -> object:
    return next((record[name] for name in names if name in record), None) if isinstance(record, dict) else None
