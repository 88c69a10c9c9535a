"""Output for programs: JSON, one object a line, and plain paths."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping

import click

from photos.errors import safe
from store.errors import is_shown


def write_json(record: Mapping[str, object]) -> None:
    """Write one object on one line. Bytes of a path that are not UTF-8 are kept as lone surrogates, as in Python."""
    text = json.dumps(record, ensure_ascii=False, allow_nan=False)
    click.echo(text if is_shown(text) else json.dumps(record, allow_nan=False))


def write_paths(paths: Iterable[bytes], *, nul: bool) -> None:
    """Write a path a line, or with *nul* each ended by a NUL: the bytes on disk, but escaped on a terminal."""
    stream = sys.stdout.buffer
    on_terminal = sys.stdout.isatty()
    sys.stdout.flush()
    for path in paths:
        shown = safe(os.fsdecode(path)).encode("utf-8", "backslashreplace") if on_terminal and not nul else path
        stream.write(shown + (b"\0" if nul else b"\n"))
    stream.flush()
