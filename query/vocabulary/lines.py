r"""The text form of a vocabulary: a label a line.

% threshold 0.5             probability from which labels count
% template a photo of {}    in place of the default templates; may be given several times
[animals]                   category of the labels that follow
dog
crane: a crane bird; a tall wading bird     prompts, put into the templates in place of the name
our cat:: a grey cat on a sofa              texts, taken as they are
heron = grey heron, great blue heron        aliases
kestrel @ 0.01                              a threshold of its own
\#1 fan                                     a mark after a backslash means itself
# a comment
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from store import LabelDefinition

from ..errors import Problem
from .prompts import DEFAULT_TEMPLATES, filled

_THRESHOLD = re.compile(r"\s@\s*(\S+)$")
_ESCAPED = re.compile(r"\\([\\#%\[:;=,@])")
_DIRECTIVE = re.compile(r"%\s*(\w+)\s+(.+)")
#: Where escaped marks are kept while a line is taken apart: characters that no text has a use for.
_HIDING_PLACE = 0x10FE00
_SHOWN = {_HIDING_PLACE + ord(mark): mark for mark in "\\#%[:;=,@"}


@dataclass(slots=True)
class Lines:
    """What was read: labels with their lines, the vocabulary's threshold, and what is wrong."""

    labels: list[tuple[int, LabelDefinition]] = field(default_factory=list)
    threshold: float | None = None
    problems: list[Problem] = field(default_factory=list)


def parse_lines(text: str) -> Lines:
    """Read the text form. Problems are collected, so that all are named at once."""
    found = Lines()
    templates: list[str] = []
    category: str | None = None
    rows = [(number, _hidden(line.strip())) for number, line in enumerate(text.splitlines(), 1)]
    for number, line in rows:
        if line.startswith("%"):
            _directive(found, number, line, templates)
    for number, line in rows:
        if not line or line.startswith(("#", "%")):
            continue
        if line.startswith("[") and line.endswith("]"):
            category = _shown(line[1:-1].strip()) or None
            continue
        label = _label(found, number, line, category, templates or list(DEFAULT_TEMPLATES))
        if label is not None:
            found.labels.append((number, label))
    return found


def _directive(found: Lines, number: int, line: str, templates: list[str]) -> None:
    match = _DIRECTIVE.fullmatch(line)
    if match is not None and match[1] == "threshold":
        found.threshold = threshold(match[2], number, found.problems)
    elif match is not None and match[1] == "template" and match[2].count("{}") == 1:
        templates.append(_shown(match[2]))
    else:
        found.problems.append(
            Problem(number, f"{_shown(line)[:60]!r} is neither '% threshold NUMBER' nor '% template TEXT WITH {{}}'")
        )


def _label(found: Lines, number: int, line: str, category: str | None, templates: list[str]) -> LabelDefinition | None:
    own = _THRESHOLD.search(line)
    value = threshold(_shown(own[1]), number, found.problems) if own else None
    line = line[: own.start()] if own else line
    head, _, names = f" {line}".partition(" = ")
    aliases = tuple(_shown(name.strip()) for name in names.split(",") if name.strip())
    for mark, exact in ((":: ", True), (": ", False)):
        name, found_mark, rest = (head + " ").partition(mark)
        if found_mark:
            prompts = [part.strip() for part in rest.split(";") if part.strip()]
            if not prompts:
                found.problems.append(Problem(number, f"there are no prompts after {mark.strip()!r}"))
                return None
            prompts = [_shown(prompt) for prompt in prompts]
            texts = tuple(prompts) if exact else filled(prompts, templates)
            return LabelDefinition(_shown(name.strip()), texts, category, aliases, value)
    name = _shown(head.strip())
    return LabelDefinition(name, filled([name], templates), category, aliases, value)


def _hidden(line: str) -> str:
    return _ESCAPED.sub(lambda found: chr(_HIDING_PLACE + ord(found[1])), line)


def _shown(text: str) -> str:
    return text.translate(_SHOWN)


def threshold(text: str, number: int, problems: list[Problem]) -> float | None:
    """A probability, or None with a problem noted."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        problems.append(Problem(number, f"the threshold {text[:40]!r} is no probability between 0 and 1"))
        return None
    return value
