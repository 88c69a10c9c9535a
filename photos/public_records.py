"""Records as other programs get them: valid UTF-8, with `path_uri` beside each `path`.

A path whose bytes are no text has them as lone surrogates in a record. JSON in UTF-8 cannot hold these, so `path` gets
U+FFFD in their place, and `path_uri` has the bytes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from urllib.parse import quote

#: Returns the fields that a face adds to a record.
MoreFields = Callable[[Mapping[str, object]], Mapping[str, object]]

_SURROGATE = re.compile("[\ud800-\udfff]")


def public(value: object, more: MoreFields = lambda _: {}) -> object:
    """Return a record, and those within it, as valid UTF-8, with `path_uri` and with the fields of *more*."""
    match value:
        case str():
            return text(value)
        case Mapping():
            return _record(value, more)
        case list() | tuple():
            return [public(each, more) for each in value]
        case _:
            return value


def text(value: str) -> str:
    """Return *value* with U+FFFD in place of lone surrogates."""
    return _SURROGATE.sub("\ufffd", value) if not value.isascii() else value


def _record(record: Mapping[str, object], more: MoreFields) -> dict[str, object]:
    shown = {text(name): public(value, more) for name, value in record.items()}
    path = record.get("path")
    if isinstance(path, str):
        shown["path_uri"] = _uri(path) if os.path.isabs(path) else None
    return {**shown, **more(record)}


def _uri(path: str) -> str:
    """The `file:` URI of an absolute *path*, exact to the byte."""
    return "file://" + quote(os.fsencode(path))
