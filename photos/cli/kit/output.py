"""Output for programs: JSON, one object a line, and plain paths."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping

import click

from photos.errors import safe
from photos.strict_json import to_json
from store.errors import is_shown


def write_json(record: Mapping[str, object]) -> None:
    """Write one object on one line. Bytes of a path that are not UTF-8 are kept as lone surrogates, as in Python."""
    text = to_json(record, ensure_ascii=False)
    click.echo(text if is_shown(text) else to_json(record))


def write_paths(paths: Iterable[bytes], *, nul: bool) -> None:
    """Write a path a line, or with *nul* each ended by a NUL: the bytes on disk, but escaped on a terminal."""
    stream = sys.stdout.buffer
    on_terminal = sys.stdout.isatty()
    sys.stdout.flush()
    for path in paths:
        shown = safe(os.fsdecode(path)).encode("utf-8", "backslashreplace") if on_terminal and not nul else path
        stream.write(shown + (b"\0" if nul else b"\n"))
    stream.flush()
