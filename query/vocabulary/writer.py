"""Writes a vocabulary in the text form, such that reading it gives the same vocabulary."""

from __future__ import annotations

import re
from collections.abc import Sequence

from store import LabelDefinition, VocabularyDefinition

from .prompts import filled

_MARKS = re.compile(r"[\\:;=,@>]|^[#%\[]")


def write_vocabulary(definition: VocabularyDefinition) -> str:
    """*definition* as text, a label a line, ending in a newline."""
    # Whatever ends a line in it would make a label of the rest.
    lines = [f"# {' '.join(definition.name.split())}"]
    if definition.threshold is not None:
        lines.append(f"% threshold {definition.threshold!r}")
    lines += [f"% exclusive {', '.join(map(_kept, group))}" for group in definition.exclusive]
    category = None
    #: The labels that a line with one mark more would be a child of, for each depth.
    above: list[str] = []
    for label in definition.labels:
        if label.category != category:
            lines += ["", f"[{_kept(label.category or '')}]"]
            category = label.category
        depth = _depth(label, above)
        parents = "" if depth is not None or not label.parents else ", ".join(map(_kept, label.parents)) + " > "
        above[depth or 0 :] = [label.name]
        lines.append(">" * (depth or 0) + " " * bool(depth) + parents + _line(label))
        lines += [f"% example {each}" for each in label.examples]
        lines += [f"% counterexample {each}" for each in label.counterexamples]
    return "\n".join(lines) + "\n"


def _depth(label: LabelDefinition, above: Sequence[str]) -> int | None:
    """How many marks say what the label's parent is; None if only its name does."""
    if len(label.parents) != 1 or label.parents[0] not in above:
        return None
    return above.index(label.parents[0]) + 1


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
