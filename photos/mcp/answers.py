"""Answers of tools: records of bounded size, and pictures beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from photos.public_records import public
from photos.strict_json import to_json

#: Characters of JSON that a photo's record should have, and lengths of its lists that are tried for that.
_ENOUGH: Final = 16_000
_LENGTHS: Final = (100, 20, 5, 1)
#: Characters of a text. A path, as the system limits it, is never cut.
_MOST_TEXT: Final = 2000
_WHOLE: Final = frozenset({"path", "paths", "companions", "path_uri"})


@dataclass(frozen=True, slots=True)
class Picture:
    """A small picture of a photo; `data` is None if there is none, and `note` a clause that says why."""

    photo: int
    data: bytes | None
    media_type: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: a record, valid UTF-8, and pictures."""

    record: Mapping[str, object]
    pictures: Sequence[Picture] = ()


def public_record(record: Mapping[str, object]) -> dict[str, object]:
    """Return a record as assistants get it: valid UTF-8, with `path_uri`."""
    shown = public(record)
    assert isinstance(shown, dict)
    return shown


def bounded(record: Mapping[str, object]) -> dict[str, object]:
    """Return the record of a photo as `public_record` does, with long texts and lists cut.

    `left_out` has the number of missing elements of each list that was cut.
    """
    shown = cut = public_record(record)
    lengths = iter(_LENGTHS)
    while len(to_json(cut, ensure_ascii=False)) > _ENOUGH and (most := next(lengths, 0)):
        cut = _cut(shown, most)
    return cut


def _cut(record: Mapping[str, object], most: int) -> dict[str, object]:
    shown: dict[str, object] = {}
    left_out: dict[str, int] = {}
    for name, value in record.items():
        shown[name] = _shorter(name, value, most)
        if isinstance(value, list) and len(value) > most:
            left_out[name] = len(value) - most
    return {**shown, "left_out": left_out} if left_out else shown


def _shorter(name: str, value: object, most: int) -> object:
    match value:
        case str():
            return value if name in _WHOLE or len(value) <= _MOST_TEXT else value[:_MOST_TEXT] + "…"
        case Mapping():
            return _cut(value, most)
        case list():
            return [_shorter(name, each, most) for each in value[:most]]
        case _:
            return value
