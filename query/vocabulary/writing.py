"""Writes a vocabulary in the text form, such that reading it gives the same vocabulary."""

from __future__ import annotations

from store import LabelDefinition, VocabularyDefinition

from .prompts import filled


def write_vocabulary(definition: VocabularyDefinition) -> str:
    """*definition* as text, a label a line, ending in a newline."""
    lines = [f"# {definition.name}"]
    if definition.threshold is not None:
        lines.append(f"% threshold {definition.threshold!r}")
    category = None
    for label in definition.labels:
        if label.category != category:
            lines += ["", f"[{label.category or ''}]"]
            category = label.category
        lines.append(_line(label))
    return "\n".join(lines) + "\n"


def _line(label: LabelDefinition) -> str:
    line = label.name
    if label.texts != filled([label.name]):
        line += ":: " + "; ".join(label.texts)
    if label.aliases:
        line += " = " + ", ".join(label.aliases)
    if label.threshold is not None:
        line += f" @ {label.threshold!r}"
    return line
