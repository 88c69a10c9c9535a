"""JSON text of a record, strict: numbers that JSON does not have become null."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping


def to_json(record: Mapping[str, object], *, ensure_ascii: bool = True) -> str:
    """Return *record* as JSON on one line. Infinities and NaN become null: RFC 8259 has neither."""
    try:
        return json.dumps(record, ensure_ascii=ensure_ascii, allow_nan=False)
    except ValueError:
        return json.dumps(_without_nan(record), ensure_ascii=ensure_ascii, allow_nan=False)


def _without_nan(value: object) -> object:
    match value:
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {name: _without_nan(each) for name, each in value.items()}
        case list() | tuple():
            return [_without_nan(each) for each in value]
        case _:
            return value
