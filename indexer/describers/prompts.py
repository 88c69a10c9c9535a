"""Questions for chat models: what a picture is to be asked, and the schema of the answer."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

from .answers import CAPTION, LABELS, TEXT, fields_of
from .plain_text import LABELS as MOST_LABELS
from .protocols import Task

_SHORT: Final = '"caption": one plain sentence that says what the photo shows'
_LONG: Final = '"caption": two to four plain sentences that say in detail what the photo shows'
_OBJECTS: Final = '"labels": a list of the things that are seen, each one or two words in the singular'
_REGIONS: Final = '"labels": a list of short phrases, one for each part of the photo, such as "red car on the left"'
_BOTH: Final = (
    '"labels": a list of the things that are seen, each one or two words, followed by short phrases for parts of the '
    "photo"
)
_READ: Final = '"text": all text that can be read in the photo, word for word, or an empty text if there is none'
_TYPES: Final[dict[str, dict[str, object]]] = {
    CAPTION: {"type": "string"},
    LABELS: {"type": "array", "items": {"type": "string"}, "maxItems": MOST_LABELS},
    TEXT: {"type": "string"},
}


def question(tasks: AbstractSet[Task], language: str | None) -> str:
    """The question that asks for *tasks*, with the words in *language* if one is given."""
    parts = []
    if CAPTION in fields_of(tasks):
        parts.append(_LONG if Task.DETAILED_CAPTION in tasks else _SHORT)
    if LABELS in fields_of(tasks):
        parts.append(_label_part(tasks))
    if TEXT in fields_of(tasks):
        parts.append(_READ)
    spoken = f" Write in {language}, but give text in the photo as it is written there." if language else ""
    return (
        f"Look at the photo and answer with one JSON object and nothing else. It has {'; '.join(parts)}. "
        f"Name only what can be seen.{spoken}"
    )


def schema(tasks: AbstractSet[Task]) -> dict[str, object]:
    """JSON schema of the answer to `question`."""
    fields = fields_of(tasks)
    return {
        "type": "object",
        "properties": {name: _TYPES[name] for name in fields},
        "required": list(fields),
        "additionalProperties": False,
    }


def _label_part(tasks: AbstractSet[Task]) -> str:
    if {Task.OBJECTS, Task.REGIONS} <= tasks:
        return _BOTH
    return _REGIONS if Task.REGIONS in tasks else _OBJECTS
