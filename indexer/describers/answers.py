"""Answers of chat models: the JSON that was asked for, as a description, or the reason why there is none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from .plain_text import plain_description
from .protocols import Description, NotDescribed, Task
from .scripts import is_in_wrong_script

CAPTION, LABELS, TEXT = "caption", "labels", "text"
#: Tasks that each field answers.
_TASKS_OF: Final = {
    CAPTION: {Task.CAPTION, Task.DETAILED_CAPTION},
    LABELS: {Task.OBJECTS, Task.REGIONS},
    TEXT: {Task.TEXT},
}
#: A model's thoughts before its answer.
_THOUGHTS: Final = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
#: Places at which an object is looked for, from the end. An answer of braces alone would take long otherwise.
_MOST_STARTS: Final = 500


class _Unusable(ValueError):
    """An answer without a description. The argument is a sentence."""


def fields_of(tasks: AbstractSet[Task]) -> tuple[str, ...]:
    """Names of the fields that an answer to *tasks* has."""
    return tuple(name for name, answered in _TASKS_OF.items() if answered & tasks)


def read_answer(content: str, tasks: AbstractSet[Task], language: str | None = None) -> Description | NotDescribed:
    """The description in *content*, a model's answer: a JSON object, also within a code fence or amid prose.

    Fields that *tasks* do not ask for are left out. An answer without such an object, with values of other types, with
    an empty caption, or in another script than that of *language* is `NotDescribed`.
    """
    try:
        return _read(content, tasks, language)
    except _Unusable as error:
        return NotDescribed(str(error))


def _read(content: str, tasks: AbstractSet[Task], language: str | None) -> Description:
    if not content.strip():
        raise _Unusable("The answer is empty.")
    wanted = fields_of(tasks)
    found = next((each for each in _objects(content) if each.keys() & set(wanted)), None)
    if found is None:
        raise _Unusable("The answer is not in the form that was asked for.")
    if missing := [name for name in wanted if name not in found]:
        raise _Unusable(f"The answer has no {missing[0]}.")
    made = plain_description(
        caption=_text(found, CAPTION) if CAPTION in wanted else None,
        labels=_texts(found, LABELS) if LABELS in wanted else (),
        text=_text(found, TEXT) if TEXT in wanted else None,
    )
    if CAPTION in wanted and made.caption is None:
        raise _Unusable("The caption is empty.")
    # A text in the picture may be in any language.
    words = " ".join((made.caption or "", *made.labels))
    if language is not None and is_in_wrong_script(words, language):
        raise _Unusable(f"The answer is not in the language that was asked for ({language}).")
    return made


def _objects(content: str) -> Iterator[Mapping[str, object]]:
    """JSON objects in *content*, the last one first: what stands before an answer is often a draft of it."""
    said = _THOUGHTS.sub(" ", content)
    decoder = json.JSONDecoder()
    whole = _decoded(decoder, said.strip(), 0)
    if whole is not None:
        yield whole
    start = len(said)
    for _ in range(_MOST_STARTS):
        start = said.rfind("{", 0, start)
        if start < 0:
            return
        found = _decoded(decoder, said, start)
        if found is not None:
            yield found


def _decoded(decoder: json.JSONDecoder, text: str, start: int) -> Mapping[str, object] | None:
    try:
        found, _ = decoder.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _text(found: Mapping[str, object], name: str) -> str | None:
    value = found[name]
    if value is not None and not isinstance(value, str):
        raise _Unusable(f"The {name} in the answer is no text.")
    return value


def _texts(found: Mapping[str, object], name: str) -> list[str]:
    value = found[name]
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise _Unusable(f"The {name} in the answer are no list of texts.")
    return [str(each) for each in value]
