"""The CSV form of a vocabulary: columns label, category, prompts, texts, aliases, threshold; lists are split at ";"."""

from __future__ import annotations

import csv
import io

from store import LabelDefinition

from ..errors import Problem
from .lines import Lines, threshold
from .prompts import filled

_COLUMNS = frozenset({"label", "category", "prompts", "texts", "aliases", "threshold"})


def parse_table(text: str) -> Lines:
    """Read the CSV form, with commas or semicolons or tabs. Problems are collected."""
    found = Lines()
    first = text.splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text, newline=None), delimiter=delimiter, restkey="?", skipinitialspace=True)
    try:
        columns = [name.strip().lower() for name in reader.fieldnames or ()]
        if "label" not in columns:
            found.problems.append(Problem(1, "the first line names no column 'label'"))
            return found
        unknown = sorted(set(columns) - _COLUMNS)
        if unknown:
            found.problems.append(
                Problem(1, f"there is no column {unknown[0]!r}; there are {', '.join(sorted(_COLUMNS))}")
            )
        reader.fieldnames = columns
        for row in reader:
            _row(found, reader.line_num, row)
    except csv.Error as error:
        found.problems.append(Problem(reader.line_num, str(error)))
    return found


def _row(found: Lines, number: int, row: dict[str, str | list[str] | None]) -> None:
    if "?" in row:
        found.problems.append(Problem(number, "there are more fields than columns"))
        return
    fields = {name: value.strip() for name, value in row.items() if isinstance(value, str)}
    name = fields.get("label", "")
    if not name and not any(fields.values()):
        return
    texts = _list(fields.get("texts", "")) or filled(_list(fields.get("prompts", "")) or (name,))
    value = threshold(fields["threshold"], number, found.problems) if fields.get("threshold") else None
    label = LabelDefinition(name, texts, fields.get("category") or None, _list(fields.get("aliases", "")), value)
    found.labels.append((number, label))


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())
