"""Records as the API gives them: those for other programs, with numbers of photos and addresses of their pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from photos.public_records import public as public_record

#: Hexadecimal digits of a content's hash in an address.
HASH_DIGITS: Final = 16
_THUMBNAIL, _PREVIEW, _ORIGINAL = "320.webp", "1440.jpg", "original"


def encode(record: object) -> bytes:
    """Return *record* as JSON for clients of the API, UTF-8. NaN and infinities become null."""
    return msgspec.json.encode(public(record))


def public(value: object) -> object:
    """Return a record for clients: as `photos.public_records` makes it, with `id` and `media`."""
    return public_record(value, _more)


def media(name: str) -> dict[str, str]:
    """Return the addresses of a photo's pictures; *name* is the start of its content's hash, or `id/NUMBER`."""
    base = f"/media/{name}"
    return {"thumbnail": f"{base}/{_THUMBNAIL}", "preview": f"{base}/{_PREVIEW}", "original": f"{base}/{_ORIGINAL}"}


def _more(record: Mapping[str, object]) -> dict[str, object]:
    photo, content = record.get("photo"), record.get("hash")
    if not isinstance(photo, int):
        return {}
    return {"id": photo, "media": media(content[:HASH_DIGITS] if isinstance(content, str) else f"id/{photo}")}
