r"""The text format of a vocabulary, read and written: a label a line.

% threshold 0.5             probability from which labels count
% template a photo of {}    replaces the default templates; may be given several times
% exclusive day, night      a photo shows at most one of them; may be given several times
[animals]                   category of the labels that follow
dog
crane: a crane bird; a tall wading bird     prompts, filled into the templates instead of the name
our cat:: a grey cat on a sofa              texts, used as they are
> heron = grey heron, great blue heron      child of the nearest label above with one mark less; aliases
pet, mammal > dog                           the same in one line; parents without a line become labels
kestrel @ 0.01                              its own threshold
% example 9f86d08…                          a photo that shows the label above, by the file's SHA-256; one a line
% counterexample 2c26b46…                   a photo that does not
\#1 fan                                     a backslash makes a mark literal
# a comment
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from query.errors import LineProblem
from store import LabelDefinition, VocabularyDefinition

from .labels import DEFAULT_TEMPLATES, fill_templates

#: Ends of lines. Python knows more, such as a form feed, which would make two labels of one.
_LINE_END = re.compile(r"\r\n|\n|\r")
_THRESHOLD = re.compile(r"\s@\s*(\S+)$")
_ESCAPED = re.compile(r"\\([\\#%\[:;=,@>])")
_DEPTH = re.compile(r">*")
_DIRECTIVE = re.compile(r"%\s*(\w+)\s+(.+)")
_EXAMPLE = re.compile(r"%\s*(example|counterexample)\s+(.+)")
_HASH = re.compile("[0-9a-f]{64}")
#: Lone surrogates, which no decoded text has, stand for escaped marks while a line is split.
_STAND_IN = 0xDC00
_UNESCAPED = {_STAND_IN + ord(mark): mark for mark in "\\#%[:;=,@>"}
#: Marks that the writer escapes.
_MARKS = re.compile(r"[\\:;=,@>]|^[#%\[]")


@dataclass(slots=True)
class ParsedFile:
    """Content of a vocabulary file before it is checked. Line numbers count from 1."""

    #: Labels with their lines.
    labels: list[tuple[int, LabelDefinition]] = field(default_factory=list)
    threshold: float | None = None
    problems: list[LineProblem] = field(default_factory=list)
    #: Groups of mutually exclusive labels, with their lines.
    exclusive: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    #: Parents that may have no line of their own: the line that mentions them, name, category and parents.
    implied: list[tuple[int, str, str | None, tuple[str, ...]]] = field(default_factory=list)
    #: Templates for labels without a line of their own.
    templates: tuple[str, ...] = DEFAULT_TEMPLATES


def parse_text(text: str) -> ParsedFile:
    """Parse the text format. Problems are collected, so that all are reported at once."""
    parsed = ParsedFile()
    templates: list[str] = []
    category: str | None = None
    rows = [(number, _escaped(line.strip())) for number, line in enumerate(_LINE_END.split(text), 1)]
    for number, line in rows:
        if line.startswith("%") and not _EXAMPLE.fullmatch(line):
            _directive(parsed, number, line, templates)
    parsed.templates = tuple(templates) or DEFAULT_TEMPLATES
    #: The latest label of each depth: the parent of deeper labels that follow.
    above: list[str] = []
    for number, line in rows:
        if (example := _EXAMPLE.fullmatch(line)) is not None:
            _add_example(parsed, number, example[1], example[2])
        if not line or line.startswith(("#", "%")):
            continue
        if line.startswith("[") and line.endswith("]"):
            category = _unescaped(line[1:-1].strip()) or None
            continue
        marks = _DEPTH.match(line)
        depth = 0 if marks is None else marks.end()
        if depth > len(above):
            parsed.problems.append(LineProblem(number, f"there is no label above it with {depth - 1} marks '>'"))
            continue
        label = _label(parsed, number, line[depth:].strip(), category)
        if label is None:
            continue
        if depth:
            label = replace(label, parents=(above[depth - 1], *label.parents))
        above[depth:] = [label.name]
        parsed.labels.append((number, label))
    return parsed


def _directive(parsed: ParsedFile, number: int, line: str, templates: list[str]) -> None:
    match = _DIRECTIVE.fullmatch(line)
    if match is not None and match[1] == "threshold":
        parsed.threshold = parse_threshold(match[2], number, parsed.problems)
    elif match is not None and match[1] == "template" and match[2].count("{}") == 1:
        templates.append(_unescaped(match[2]))
    elif match is not None and match[1] == "exclusive" and _names(match[2]):
        parsed.exclusive.append((number, tuple(_names(match[2]))))
    else:
        known = "'% threshold NUMBER', '% template TEXT WITH {}' or '% exclusive LABEL, LABEL'"
        parsed.problems.append(LineProblem(number, f"{_unescaped(line)[:60]!r} is none of {known}"))


def _add_example(parsed: ParsedFile, number: int, kind: str, text: str) -> None:
    """Add the example to the label above it."""
    if not parsed.labels:
        parsed.problems.append(LineProblem(number, f"there is no label above this {kind}"))
        return
    at, label = parsed.labels[-1]
    held = parse_hashes([_unescaped(text)], number, parsed.problems)
    if kind == "example":
        parsed.labels[-1] = (at, replace(label, examples=(*label.examples, *held)))
    else:
        parsed.labels[-1] = (at, replace(label, counterexamples=(*label.counterexamples, *held)))


def _names(text: str) -> list[str]:
    return [_unescaped(name.strip()) for name in text.split(",") if name.strip()]


def _label(parsed: ParsedFile, number: int, line: str, category: str | None) -> LabelDefinition | None:
    own = _THRESHOLD.search(line)
    value = parse_threshold(_unescaped(own[1]), number, parsed.problems) if own else None
    line = line[: own.start()] if own else line
    head, _, names = f" {line}".partition(" = ")
    aliases = tuple(_names(names))
    *above, head = f" {head.strip()}".split(" > ")
    parents = _path(parsed, number, above, category)
    for mark, exact in ((":: ", True), (": ", False)):
        name, has_mark, rest = (head + " ").partition(mark)
        if has_mark:
            prompts = [part.strip() for part in rest.split(";") if part.strip()]
            if not prompts:
                parsed.problems.append(LineProblem(number, f"there are no prompts after {mark.strip()!r}"))
                return None
            prompts = [_unescaped(prompt) for prompt in prompts]
            texts = tuple(prompts) if exact else fill_templates(prompts, parsed.templates)
            return LabelDefinition(_unescaped(name.strip()), texts, category, aliases, value, parents)
    name = _unescaped(head.strip())
    return LabelDefinition(name, fill_templates([name], parsed.templates), category, aliases, value, parents)


def _path(parsed: ParsedFile, number: int, steps: Sequence[str], category: str | None) -> tuple[str, ...]:
    """Return the names in the last of *steps*. All are recorded: those without a line of their own become labels."""
    before: tuple[str, ...] = ()
    for step in steps:
        names = tuple(_names(step))
        for name in names:
            parsed.implied.append((number, name, category, before))
        before = names
    return before


def _escaped(line: str) -> str:
    return _ESCAPED.sub(lambda match: chr(_STAND_IN + ord(match[1])), line)


def _unescaped(text: str) -> str:
    return text.translate(_UNESCAPED)


def parse_threshold(text: str, number: int, problems: list[LineProblem]) -> float | None:
    """Parse a probability. Returns None and records a problem if it is none."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        problems.append(LineProblem(number, f"the threshold {text[:40]!r} is not a probability between 0 and 1"))
        return None
    return value


def parse_hashes(texts: Sequence[str], number: int, problems: list[LineProblem]) -> tuple[str, ...]:
    """Parse SHA-256s, in lower case. Others are recorded as problems."""
    held = tuple(text.strip().lower() for text in texts)
    problems += [
        LineProblem(number, f"the example {text[:70]!r} is not the SHA-256 of a file, which has 64 hexadecimal digits")
        for text in held
        if not _HASH.fullmatch(text)
    ]
    return held


def write_vocabulary(definition: VocabularyDefinition) -> str:
    """Return *definition* in the text format, ending in a newline. Reading it gives the same vocabulary."""
    # A line break in the name would make a label of the rest.
    lines = [f"# {' '.join(definition.name.split())}"]
    if definition.threshold is not None:
        lines.append(f"% threshold {float(definition.threshold)!r}")
    lines += [f"% exclusive {', '.join(map(_escape_marks, group))}" for group in definition.exclusive]
    category = None
    #: The latest label of each depth.
    above: list[str] = []
    for label in definition.labels:
        if label.category != category:
            lines += ["", f"[{_escape_marks(label.category or '')}]"]
            category = label.category
        depth = _depth(label, above)
        parents = "" if depth is not None or not label.parents else ", ".join(map(_escape_marks, label.parents)) + " > "
        above[depth or 0 :] = [label.name]
        lines.append(">" * (depth or 0) + " " * bool(depth) + parents + _line(label))
        lines += [f"% example {each}" for each in label.examples]
        lines += [f"% counterexample {each}" for each in label.counterexamples]
    return "\n".join(lines) + "\n"


def _depth(label: LabelDefinition, above: Sequence[str]) -> int | None:
    """Return the number of marks that express the label's parent; None if the parent must be named."""
    if len(label.parents) != 1 or label.parents[0] not in above:
        return None
    return above.index(label.parents[0]) + 1


def _line(label: LabelDefinition) -> str:
    line = _escape_marks(label.name)
    if label.texts != fill_templates([label.name]):
        line += ":: " + "; ".join(map(_escape_marks, label.texts))
    if label.aliases:
        line += " = " + ", ".join(map(_escape_marks, label.aliases))
    if label.threshold is not None:
        line += f" @ {float(label.threshold)!r}"
    return line


def _escape_marks(text: str) -> str:
    """Return *text* with a backslash before each mark."""
    return _MARKS.sub(lambda match: "\\" + match[0], text)
