"""Settings in force as a table or JSON."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import shown_path, table
from photos.cli.kit.output import write_json
from photos.cli.kit.terminal import paint
from photos.errors import safe
from photos.records.library import setting_record

if TYPE_CHECKING:
    from photos.config import SettingInForce


def show_settings(found: Sequence[SettingInForce], path: Path, *, as_json: bool) -> None:
    """Show each setting with its value and its source, below the path of the configuration file."""
    if as_json:
        for each in found:
            write_json(setting_record(each))
        return
    state = "" if path.exists() else " (there is none yet)"
    click.echo(f"{paint('file', 'heading')}  {shown_path(os.fsencode(path))}{state}")
    rows = [(each.name, _value(each), _source(each, path)) for each in found]
    for line in table(rows, paths=1):
        click.echo(line)


def _value(each: SettingInForce) -> str:
    record = setting_record(each)["value"]
    if isinstance(each.value, Path):
        return shown_path(os.fsencode(each.value))
    return "" if record is None else safe(str(record).lower() if isinstance(record, bool) else str(record))


def _source(each: SettingInForce, path: Path) -> str:
    if each.source == "default":
        return paint("default", "soft")
    if each.source == "file":
        line = each.place.removeprefix(f"{path}:")
        return f"{path.name}, line {line}"
    return safe(each.place)
