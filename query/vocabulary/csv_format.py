"""The CSV format of a vocabulary.

Columns: label, category, prompts, texts, aliases, threshold, parents, group, examples, counterexamples. The last two
are SHA-256s of photos that show the label and that do not. Lists are split at ";". Labels with the same group are
mutually exclusive.
"""

from __future__ import annotations

import csv
import io

from query.errors import LineProblem
from store import LabelDefinition

from .labels import fill_templates
from .text_format import ParsedFile, parse_hashes, parse_threshold

_PLAIN = frozenset({"label", "category", "prompts", "texts", "aliases", "threshold", "parents", "group"})
_COLUMNS = _PLAIN | {"examples", "counterexamples"}


def parse_csv(text: str) -> ParsedFile:
    """Parse the CSV format, separated by commas, semicolons or tabs. Problems are collected."""
    parsed = ParsedFile()
    groups: dict[str, tuple[list[int], list[str]]] = {}
    first = text.splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text, newline=None), delimiter=delimiter, restkey="?", skipinitialspace=True)
    try:
        columns = [name.strip().lower() for name in reader.fieldnames or ()]
        if "label" not in columns:
            parsed.problems.append(LineProblem(1, "the first line names no column 'label'"))
            return parsed
        unknown = sorted(set(columns) - _COLUMNS)
        if unknown:
            parsed.problems.append(
                LineProblem(1, f"there is no column {unknown[0]!r}; there are {', '.join(sorted(_COLUMNS))}")
            )
        reader.fieldnames = columns
        for row in reader:
            _row(parsed, reader.line_num, row, groups)
    except csv.Error as error:
        parsed.problems.append(LineProblem(reader.line_num, str(error)))
    parsed.exclusive = [(lines[0], tuple(names)) for lines, names in groups.values()]
    return parsed


def _row(
    parsed: ParsedFile,
    number: int,
    row: dict[str, str | list[str] | None],
    groups: dict[str, tuple[list[int], list[str]]],
) -> None:
    if "?" in row:
        parsed.problems.append(LineProblem(number, "there are more fields than columns"))
        return
    fields = {name: value.strip() for name, value in row.items() if isinstance(value, str)}
    name = fields.get("label", "")
    if not name and not any(fields.values()):
        return
    texts = _list(fields.get("texts", "")) or fill_templates(_list(fields.get("prompts", "")) or (name,))
    value = parse_threshold(fields["threshold"], number, parsed.problems) if fields.get("threshold") else None
    aliases, parents = _list(fields.get("aliases", "")), _list(fields.get("parents", ""))
    shown, not_shown = (
        parse_hashes(_list(fields.get(column, "")), number, parsed.problems)
        for column in ("examples", "counterexamples")
    )
    category = fields.get("category") or None
    label = LabelDefinition(name, texts, category, aliases, value, parents, shown, not_shown)
    parsed.labels.append((number, label))
    if fields.get("group"):
        lines, names = groups.setdefault(fields["group"], ([], []))
        lines.append(number)
        names.append(name)


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())
