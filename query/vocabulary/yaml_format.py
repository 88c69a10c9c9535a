"""The YAML form of a vocabulary.

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

import yaml

from query.errors import Problem
from store import LabelDefinition

from .prompts import filled
from .text_format import Lines, hashes, threshold

_WHOLE = frozenset({"threshold", "templates", "exclusive", "labels"})
_PLAIN = frozenset({"label", "prompts", "texts", "aliases", "parents", "category", "threshold"})
_OF_ONE = _PLAIN | {"examples", "counterexamples"}


def parse_structure(text: str) -> Lines:
    """Read the YAML form. Problems are collected. Only plain values are made of it, whatever tags it has."""
    found = Lines()
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else None
        found.problems.append(Problem(line, f"it is no YAML ({error.problem or error.context})"))
        return found
    except yaml.YAMLError as error:
        found.problems.append(Problem(None, f"it is no YAML ({str(error).splitlines()[0]})"))
        return found
    if root is None:
        return found
    whole = _mapping(found, root, _WHOLE, {"labels": root})
    if "threshold" in whole:
        found.threshold = threshold(_text(found, whole["threshold"]), _line(whole["threshold"]), found.problems)
    if "templates" in whole:
        found.templates = tuple(_texts(found, whole["templates"])) or found.templates
        if any(template.count("{}") != 1 for template in found.templates):
            found.problems.append(Problem(_line(whole["templates"]), "a template needs one {}"))
            return found
    for group in _items(found, whole.get("exclusive")):
        found.exclusive.append((_line(group), tuple(_texts(found, group))))
    for node in _items(found, whole.get("labels")):
        _label(found, node)
    return found


def _label(found: Lines, node: yaml.Node) -> None:
    fields = _mapping(found, node, _OF_ONE, {"label": node})
    name = _text(found, fields["label"]).strip() if "label" in fields else ""
    prompts, texts = _texts(found, fields.get("prompts")), _texts(found, fields.get("texts"))
    value = None
    if "threshold" in fields:
        value = threshold(_text(found, fields["threshold"]), _line(fields["threshold"]), found.problems)
    category = _text(found, fields["category"]) if "category" in fields else None
    label = LabelDefinition(
        name,
        tuple(texts) or filled(prompts or [name], found.templates),
        category or None,
        tuple(_texts(found, fields.get("aliases"))),
        value,
        tuple(_texts(found, fields.get("parents"))),
        _hashes(found, fields.get("examples")),
        _hashes(found, fields.get("counterexamples")),
    )
    found.labels.append((_line(node), label))


def _mapping(found: Lines, node: yaml.Node, known: frozenset[str], short: dict[str, yaml.Node]) -> dict[str, yaml.Node]:
    """The fields of *node*; *short* if it is none with fields."""
    if not isinstance(node, yaml.MappingNode):
        return short
    fields: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = _text(found, key)
        if name in known:
            fields[name] = value
        else:
            what = f"there is no field {name[:40]!r}; there are {', '.join(sorted(known))}"
            found.problems.append(Problem(_line(key), what))
    return fields


def _items(found: Lines, node: yaml.Node | None) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif node is not None:
        found.problems.append(Problem(_line(node), "a list belongs here"))


def _texts(found: Lines, node: yaml.Node | None) -> list[str]:
    if node is None:
        return []
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    return [text for text in (_text(found, each).strip() for each in nodes) if text]


def _hashes(found: Lines, node: yaml.Node | None) -> tuple[str, ...]:
    return () if node is None else hashes(_texts(found, node), _line(node), found.problems)


def _text(found: Lines, node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    found.problems.append(Problem(_line(node), "a text belongs here"))
    return ""


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
