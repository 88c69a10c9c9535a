"""Records as the API gives them: valid UTF-8, with addresses of files and pictures.

A path whose bytes are no text has them as lone surrogates in a record. JSON in UTF-8 cannot hold these, so `path` gets
U+FFFD in their place, and `path_uri` has the bytes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import msgspec

_SURROGATE = re.compile("[\ud800-\udfff]")
#: Hexadecimal digits of a content's hash in an address.
HASH_DIGITS: Final = 16
_THUMBNAIL, _PREVIEW, _ORIGINAL = "320.webp", "1440.jpg", "original"


def encode(record: object) -> bytes:
    """Return *record* as JSON for clients of the API, UTF-8. NaN and infinities become null."""
    return msgspec.json.encode(public(record))


def public(value: object) -> object:
    """Return a record for clients: texts without lone surrogates, `path_uri`, `id` and `media`."""
    match value:
        case str():
            return text(value)
        case Mapping():
            return _record(value)
        case list() | tuple():
            return [public(each) for each in value]
        case _:
            return value


def text(value: str) -> str:
    """Return *value* with U+FFFD in place of lone surrogates."""
    return _SURROGATE.sub("\ufffd", value) if not value.isascii() else value


def uri(path: str) -> str:
    """Return the `file:` URI of an absolute *path*, exact to the byte."""
    return "file://" + quote(os.fsencode(path))


def media(name: str) -> dict[str, str]:
    """Return the addresses of a photo's pictures; *name* is the start of its content's hash, or `id/NUMBER`."""
    base = f"/media/{name}"
    return {"thumbnail": f"{base}/{_THUMBNAIL}", "preview": f"{base}/{_PREVIEW}", "original": f"{base}/{_ORIGINAL}"}


def _record(record: Mapping[str, object]) -> dict[str, object]:
    shown = {text(name): public(value) for name, value in record.items()}
    path, photo, content = record.get("path"), record.get("photo"), record.get("hash")
    if isinstance(path, str):
        shown["path_uri"] = uri(path) if os.path.isabs(path) else None
    if isinstance(photo, int):
        shown["id"] = photo
        shown["media"] = media(content[:HASH_DIGITS] if isinstance(content, str) else f"id/{photo}")
    return shown
