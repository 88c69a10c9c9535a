r"""The text form of a vocabulary: a label a line.

% threshold 0.5             probability from which labels count
% template a photo of {}    in place of the default templates; may be given several times
% exclusive day, night      labels of which a photo has one at most; may be given several times
[animals]                   category of the labels that follow
dog
crane: a crane bird; a tall wading bird     prompts, put into the templates in place of the name
our cat:: a grey cat on a sofa              texts, taken as they are
> heron = grey heron, great blue heron      a child of the nearest label above with one mark less, and aliases
pet, mammal > dog                           the same in one line; parents that have no line are labels, too
kestrel @ 0.01                              a threshold of its own
% example 9f86d08…                          a photo that shows the label above it, by its file's SHA-256; one a line
% counterexample 2c26b46…                   a photo that does not
\#1 fan                                     a mark after a backslash means itself
# a comment
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from query.errors import Problem
from store import LabelDefinition

from .prompts import DEFAULT_TEMPLATES, filled

_THRESHOLD = re.compile(r"\s@\s*(\S+)$")
_ESCAPED = re.compile(r"\\([\\#%\[:;=,@>])")
_DEPTH = re.compile(r">*")
_DIRECTIVE = re.compile(r"%\s*(\w+)\s+(.+)")
_EXAMPLE = re.compile(r"%\s*(example|counterexample)\s+(.+)")
_HASH = re.compile("[0-9a-f]{64}")
#: Where escaped marks are kept while a line is taken apart: characters that no text has a use for.
_HIDING_PLACE = 0x10FE00
_SHOWN = {_HIDING_PLACE + ord(mark): mark for mark in "\\#%[:;=,@>"}


@dataclass(slots=True)
class Lines:
    """What was read: labels with their lines, the vocabulary's threshold, and what is wrong."""

    labels: list[tuple[int, LabelDefinition]] = field(default_factory=list)
    threshold: float | None = None
    problems: list[Problem] = field(default_factory=list)
    #: Groups of labels, with their lines.
    exclusive: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    #: Parents that need no line of their own: their line, name, category and parents.
    implied: list[tuple[int, str, str | None, tuple[str, ...]]] = field(default_factory=list)
    #: What the names of labels are put into that have no line of their own.
    templates: tuple[str, ...] = DEFAULT_TEMPLATES


def parse_lines(text: str) -> Lines:
    """Read the text form. Problems are collected, so that all are named at once."""
    found = Lines()
    templates: list[str] = []
    category: str | None = None
    rows = [(number, _hidden(line.strip())) for number, line in enumerate(text.splitlines(), 1)]
    for number, line in rows:
        if line.startswith("%") and not _EXAMPLE.fullmatch(line):
            _directive(found, number, line, templates)
    found.templates = tuple(templates) or DEFAULT_TEMPLATES
    #: The label that is the parent of what follows, for each depth.
    above: list[str] = []
    for number, line in rows:
        if (example := _EXAMPLE.fullmatch(line)) is not None:
            _add_example(found, number, example[1], example[2])
        if not line or line.startswith(("#", "%")):
            continue
        if line.startswith("[") and line.endswith("]"):
            category = _shown(line[1:-1].strip()) or None
            continue
        marks = _DEPTH.match(line)
        depth = 0 if marks is None else marks.end()
        if depth > len(above):
            found.problems.append(Problem(number, f"there is no label above it with {depth - 1} marks '>'"))
            continue
        label = _label(found, number, line[depth:].strip(), category)
        if label is None:
            continue
        if depth:
            label = replace(label, parents=(above[depth - 1], *label.parents))
        above[depth:] = [label.name]
        found.labels.append((number, label))
    return found


def _directive(found: Lines, number: int, line: str, templates: list[str]) -> None:
    match = _DIRECTIVE.fullmatch(line)
    if match is not None and match[1] == "threshold":
        found.threshold = threshold(match[2], number, found.problems)
    elif match is not None and match[1] == "template" and match[2].count("{}") == 1:
        templates.append(_shown(match[2]))
    elif match is not None and match[1] == "exclusive" and "," in match[2]:
        found.exclusive.append((number, tuple(_names(match[2]))))
    else:
        known = "'% threshold NUMBER', '% template TEXT WITH {}' or '% exclusive LABEL, LABEL'"
        found.problems.append(Problem(number, f"{_shown(line)[:60]!r} is none of {known}"))


def _add_example(found: Lines, number: int, kind: str, text: str) -> None:
    """The directive belongs to the label above it."""
    if not found.labels:
        found.problems.append(Problem(number, f"there is no label above this {kind}"))
        return
    at, label = found.labels[-1]
    held = hashes([_shown(text)], number, found.problems)
    if kind == "example":
        found.labels[-1] = (at, replace(label, examples=(*label.examples, *held)))
    else:
        found.labels[-1] = (at, replace(label, counterexamples=(*label.counterexamples, *held)))


def _names(text: str) -> list[str]:
    return [_shown(name.strip()) for name in text.split(",") if name.strip()]


def _label(found: Lines, number: int, line: str, category: str | None) -> LabelDefinition | None:
    own = _THRESHOLD.search(line)
    value = threshold(_shown(own[1]), number, found.problems) if own else None
    line = line[: own.start()] if own else line
    head, _, names = f" {line}".partition(" = ")
    aliases = tuple(_names(names))
    *above, head = f" {head.strip()}".split(" > ")
    parents = _path(found, number, above, category)
    for mark, exact in ((":: ", True), (": ", False)):
        name, found_mark, rest = (head + " ").partition(mark)
        if found_mark:
            prompts = [part.strip() for part in rest.split(";") if part.strip()]
            if not prompts:
                found.problems.append(Problem(number, f"there are no prompts after {mark.strip()!r}"))
                return None
            prompts = [_shown(prompt) for prompt in prompts]
            texts = tuple(prompts) if exact else filled(prompts, found.templates)
            return LabelDefinition(_shown(name.strip()), texts, category, aliases, value, parents)
    name = _shown(head.strip())
    return LabelDefinition(name, filled([name], found.templates), category, aliases, value, parents)


def _path(found: Lines, number: int, steps: Sequence[str], category: str | None) -> tuple[str, ...]:
    """The names in the last of *steps*. All are noted, since those without a line of their own become labels."""
    before: tuple[str, ...] = ()
    for step in steps:
        names = tuple(_names(step))
        for name in names:
            found.implied.append((number, name, category, before))
        before = names
    return before


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


def hashes(texts: Sequence[str], number: int, problems: list[Problem]) -> tuple[str, ...]:
    """The SHA-256s that these are, in small letters; what is none is noted as a problem."""
    held = tuple(text.strip().lower() for text in texts)
    problems += [
        Problem(number, f"the example {text[:70]!r} is no SHA-256 of a file, which has 64 hexadecimal digits")
        for text in held
        if not _HASH.fullmatch(text)
    ]
    return held
