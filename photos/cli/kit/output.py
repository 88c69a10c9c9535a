"""What programs read: JSON, an object a line, and plain paths."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping

import click

from photos.errors import safe


def write_json(record: Mapping[str, object]) -> None:
    """One object on one line. Paths that are no text keep their bytes as lone surrogates, as Python reads them."""
    text = json.dumps(record, ensure_ascii=False, allow_nan=False)
    click.echo(text if text.isprintable() else json.dumps(record, allow_nan=False))


def write_paths(paths: Iterable[bytes], *, nul: bool) -> None:
    """A path a line, or with *nul* each ended by a NUL. Bytes as they are on disk, but a terminal sees them escaped."""
    stream = sys.stdout.buffer
    on_terminal = sys.stdout.isatty()
    sys.stdout.flush()
    for path in paths:
        shown = safe(os.fsdecode(path)).encode("utf-8", "backslashreplace") if on_terminal and not nul else path
        stream.write(shown + (b"\0" if nul else b"\n"))
    stream.flush()
