"""Writes a vocabulary in the text form, such that reading it gives the same vocabulary."""

from __future__ import annotations

import re

from store import LabelDefinition, VocabularyDefinition

from .prompts import filled

_MARKS = re.compile(r"[\\:;=,@]|^[#%\[]")


def write_vocabulary(definition: VocabularyDefinition) -> str:
    """*definition* as text, a label a line, ending in a newline."""
    # Whatever ends a line in it would make a label of the rest.
    lines = [f"# {' '.join(definition.name.split())}"]
    if definition.threshold is not None:
        lines.append(f"% threshold {definition.threshold!r}")
    category = None
    for label in definition.labels:
        if label.category != category:
            lines += ["", f"[{_kept(label.category or '')}]"]
            category = label.category
        lines.append(_line(label))
    return "\n".join(lines) + "\n"


def _line(label: LabelDefinition) -> str:
    line = _kept(label.name)
    if label.texts != filled([label.name]):
        line += ":: " + "; ".join(map(_kept, label.texts))
    if label.aliases:
        line += " = " + ", ".join(map(_kept, label.aliases))
    if label.threshold is not None:
        line += f" @ {label.threshold!r}"
    return line


def _kept(text: str) -> str:
    """*text* with a backslash before what would be taken for a mark."""
    return _MARKS.sub(lambda found: "\\" + found[0], text)
