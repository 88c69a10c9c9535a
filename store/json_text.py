"""JSON that others wrote: a file on disk, the body of a request."""

from __future__ import annotations

import json


def parse_json(text: str | bytes) -> object:
    """Return the value of *text*. Raises `ValueError` for anything that is no JSON, or is nested too deeply."""
    try:
        value: object = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return value
