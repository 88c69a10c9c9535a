"""The YAML format of a vocabulary.

threshold: 0.01
templates: ["a photo of {}"]
exclusive: [[day, night]]
labels:
  - dog
  - label: crane
    prompts: [a crane bird, a tall wading bird]
    parents: [bird]
    aliases: [common crane]
    category: animals
    threshold: 0.002
    examples: [9f86d081…]            SHA-256s of photos that show it
    counterexamples: [2c26b46b…]     and of photos that do not
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from query.errors import LineProblem
from store import LabelDefinition

from .labels import fill_templates
from .text_format import ParsedFile, parse_hashes, parse_threshold

_WHOLE = frozenset({"threshold", "templates", "exclusive", "labels"})
_PLAIN = frozenset({"label", "prompts", "texts", "aliases", "parents", "category", "threshold"})
_OF_ONE = _PLAIN | {"examples", "counterexamples"}


#: Levels of lists and mappings within each other: a vocabulary needs four.
_DEEPEST = 50


class _Loader(yaml.SafeLoader):
    """Reads no deeper than `_DEEPEST`: thousands of open brackets take the scanner hours."""

    def fetch_flow_collection_start(self, TokenClass: Any) -> None:  # noqa: N803 - the library's name
        """Begin a list or mapping in brackets."""
        self._check_depth(self.flow_level)
        super().fetch_flow_collection_start(TokenClass)

    def add_indent(self, column: int) -> bool:
        """Begin a list or mapping by its indentation, if it is one."""
        self._check_depth(len(self.indents))
        return bool(super().add_indent(column))

    def _check_depth(self, depth: int) -> None:
        if depth > _DEEPEST:
            raise yaml.scanner.ScannerError(None, None, "it is nested too deeply", self.get_mark())


def parse_yaml(text: str) -> ParsedFile:
    """Parse the YAML format. Problems are collected. YAML tags construct no objects."""
    parsed = ParsedFile()
    root = _composed(parsed, text)
    if root is None:
        return parsed
    whole = _mapping(parsed, root, _WHOLE, {"labels": root})
    if "threshold" in whole:
        parsed.threshold = parse_threshold(
            _text(parsed, whole["threshold"]), _line(whole["threshold"]), parsed.problems
        )
    if "templates" in whole:
        parsed.templates = tuple(_texts(parsed, whole["templates"])) or parsed.templates
        if any(template.count("{}") != 1 for template in parsed.templates):
            parsed.problems.append(LineProblem(_line(whole["templates"]), "a template needs one {}"))
            return parsed
    for group in _items(parsed, whole.get("exclusive")):
        parsed.exclusive.append((_line(group), tuple(_texts(parsed, group))))
    for node in _items(parsed, whole.get("labels")):
        _label(parsed, node)
    return parsed


def _composed(parsed: ParsedFile, text: str) -> yaml.Node | None:
    """Return the root of the document; None if there is none, or there is a problem."""
    try:
        root: yaml.Node | None = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else None
        problem = LineProblem(line, f"it is not YAML ({error.problem or error.context})")
    except yaml.YAMLError as error:
        problem = LineProblem(None, f"it is not YAML ({str(error).splitlines()[0]})")
    except (ValueError, OverflowError) as error:
        # The library does not check the numbers of escapes.
        problem = LineProblem(None, f"it is not YAML ({error})")
    else:
        return root
    parsed.problems.append(problem)
    return None


def _label(parsed: ParsedFile, node: yaml.Node) -> None:
    fields = _mapping(parsed, node, _OF_ONE, {"label": node})
    name = _text(parsed, fields["label"]).strip() if "label" in fields else ""
    prompts, texts = _texts(parsed, fields.get("prompts")), _texts(parsed, fields.get("texts"))
    value = None
    if "threshold" in fields:
        value = parse_threshold(_text(parsed, fields["threshold"]), _line(fields["threshold"]), parsed.problems)
    category = _text(parsed, fields["category"]).strip() if "category" in fields else None
    label = LabelDefinition(
        name,
        tuple(texts) or fill_templates(prompts or [name], parsed.templates),
        category or None,
        tuple(_texts(parsed, fields.get("aliases"))),
        value,
        tuple(_texts(parsed, fields.get("parents"))),
        _hashes(parsed, fields.get("examples")),
        _hashes(parsed, fields.get("counterexamples")),
    )
    parsed.labels.append((_line(node), label))


def _mapping(
    parsed: ParsedFile, node: yaml.Node, known: frozenset[str], short: dict[str, yaml.Node]
) -> dict[str, yaml.Node]:
    """Return the fields of *node*, or *short* if it is not a mapping."""
    if not isinstance(node, yaml.MappingNode):
        return short
    fields: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = _text(parsed, key)
        if name in known:
            fields[name] = value
        else:
            what = f"there is no field {name[:40]!r}; there are {', '.join(sorted(known))}"
            parsed.problems.append(LineProblem(_line(key), what))
    return fields


def _items(parsed: ParsedFile, node: yaml.Node | None) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif node is not None:
        parsed.problems.append(LineProblem(_line(node), "a list belongs here"))


def _texts(parsed: ParsedFile, node: yaml.Node | None) -> list[str]:
    if node is None:
        return []
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    return [text for text in (_text(parsed, each).strip() for each in nodes) if text]


def _hashes(parsed: ParsedFile, node: yaml.Node | None) -> tuple[str, ...]:
    return () if node is None else parse_hashes(_texts(parsed, node), _line(node), parsed.problems)


def _text(parsed: ParsedFile, node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    parsed.problems.append(LineProblem(_line(node), "a text belongs here"))
    return ""


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
