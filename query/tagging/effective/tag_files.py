"""Files of tags that other programs wrote: tables, JSON, and the text that taggers print."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from query.errors import BadTagFile, LineProblem
from store.json_text import parse_json

from .tagger_text import text_lines

#: The names of columns, or of fields.
_PATHS: Final = ("path", "file", "image", "filename", "filepath", "file_path", "file_name", "image_path")
_LABELS: Final = ("tags", "labels", "tag", "label", "keywords", "model_identified_tags", "<OD>")
#: Fields that hold a list of pictures, beside others about the run.
_LISTS: Final = ("data", "results", "images")
#: Separators of several labels in one field of a table.
_SEPARATORS: Final = (";", "|")
_TABLES: Final = (".csv", ".tsv")
_JSON: Final = (".json", ".jsonl", ".ndjson")
_NO_RECORD: Final = "it is not a JSON object with 'path' and a list 'tags'"
_NO_LABEL: Final = "a tag is neither a text nor an object with 'label'"


@dataclass(frozen=True, slots=True)
class ImportedTags:
    """The tags of one picture: its path as it is written there, and its labels.

    `line` counts from 1; None in JSON that is not written line by line.
    """

    line: int | None
    path: str
    labels: tuple[str, ...]


def read_tags(text: str, path: str, is_picture: Callable[[str], bool]) -> list[ImportedTags]:
    """The tags in a file, whose form *path* and the text tell: CSV, JSON, or what a tagger prints.

    *is_picture* tells names of pictures from others. A picture may come several times. Raises `BadTagFile`, which lists
    the wrong lines.
    """
    problems: list[LineProblem] = []
    name = path.lower()
    if name.endswith(_TABLES):
        found = list(_csv_rows(text, problems))
    elif name.endswith(_JSON) or text.lstrip()[:1] in {"{", "["}:
        found = list(_json(text, is_picture, problems))
    else:
        found = [ImportedTags(*line) for line in text_lines(text, is_picture, problems)]
    if not found and not problems:
        problems.append(LineProblem(None, "there are no tags in it"))
    if problems:
        raise BadTagFile(path, problems)
    return found


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
        yield ImportedTags(reader.line_num, row[at_path].strip(), _split(row[at_labels], _SEPARATORS))


def _rows(reader: Iterator[list[str]], problems: list[LineProblem]) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as error:
        problems.append(LineProblem(None, f"a line is not valid CSV ({error})"))


def _split(cell: str, separators: Iterable[str]) -> tuple[str, ...]:
    mark = next((mark for mark in separators if mark in cell), ";")
    return tuple(part.strip() for part in cell.split(mark) if part.strip())


def _json(text: str, is_picture: Callable[[str], bool], problems: list[LineProblem]) -> Iterator[ImportedTags]:
    """The tags of one JSON value in the whole text, or else of one on each line."""
    whole = _parsed(text)
    if whole is not None and "\n" in text.strip():
        for number, record in enumerate(_records(whole, is_picture), 1):
            yield from _tags(record, None, f"entry {number}: ", problems)
        return
    # Only at line feeds: JSON may hold other line ends unescaped.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            for record in _records(_parsed(line), is_picture):
                yield from _tags(record, number, "", problems)


def _parsed(text: str) -> object:
    try:
        return parse_json(text)
    except ValueError:
        return None


def _records(value: object, is_picture: Callable[[str], bool]) -> list[object]:
    """The records in *value*: a list of them, a field that holds one, an object by path, or itself."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict) and not isinstance(_field(value, _PATHS), str):
        listed = _field(value, _LISTS)
        if isinstance(listed, list):
            return listed
        if value and all(is_picture(str(key)) for key in value):
            return [{"path": key, "tags": labels} for key, labels in value.items()]
    return [value]


def _tags(record: object, line: int | None, before: str, problems: list[LineProblem]) -> Iterator[ImportedTags]:
    path, labels = _field(record, _PATHS), _labels(_field(record, _LABELS))
    if not isinstance(path, str) or labels is None:
        problems.append(LineProblem(line, before + _NO_RECORD))
        return
    names = [_field(each, ("label", "tag", "name")) if isinstance(each, dict) else each for each in labels]
    if not all(isinstance(name, str) for name in names):
        problems.append(LineProblem(line, before + _NO_LABEL))
        return
    yield ImportedTags(line, path, tuple(name.strip() for name in map(str, names) if name.strip()))


def _labels(value: object) -> list[object] | None:
    """The labels in a list, in a text such as "a | b", or in an object that holds them; None if there are none."""
    if isinstance(value, dict):
        inner = _field(value, _LABELS)
        return None if inner is None else _labels(inner)
    if isinstance(value, str):
        return list(_split(value, "|")) if "|" in value else [value] if value.strip() else []
    return value if isinstance(value, list) else None


def _field(record: object, names: Iterable[str]) -> object:
    return next((record[name] for name in names if name in record), None) if isinstance(record, dict) else None
