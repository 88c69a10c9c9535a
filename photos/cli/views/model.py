"""Checkpoints: the list of them, and the library's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import table
from photos.cli.kit.output import write_json
from photos.errors import safe
from photos.records.library import model_record, model_status_record, speed_record
from photos.sizes import readable_size

from .spaces import space_lines

if TYPE_CHECKING:
    from photos.operations.models import ModelEntry, ModelSpeed, ModelStatus, PrecisionSpeed
    from photos.operations.spaces import SpaceStatus


def show_models(entries: Sequence[ModelEntry], *, as_json: bool) -> None:
    """Print the list of checkpoints."""
    if as_json:
        for entry in entries:
            write_json(model_record(entry))
        return
    rows = [(entry.reference, readable_size(entry.size), _place(entry), entry.good_for) for entry in entries]
    for line in table([("model", "size", "", "good for"), *rows], right=(1,)):
        click.echo(line)


def show_model_status(status: ModelStatus, spaces: Sequence[SpaceStatus], *, as_json: bool) -> None:
    """Print the library's checkpoint, and all models that it has embeddings of."""
    record = model_status_record(status, spaces)
    if as_json:
        write_json(record)
        return
    rows = [
        (name.replace("_", " "), str(value)) for name, value in record.items() if value is not None and name != "spaces"
    ]
    for line in table(rows):
        click.echo(line)
    if len(spaces) > 1:
        click.echo()
        for line in space_lines(spaces):
            click.echo(line)


def show_model_speed(speed: ModelSpeed, *, as_json: bool) -> None:
    """Print the speed of each precision."""
    if as_json:
        for each in speed.speeds:
            write_json(speed_record(speed, each))
        return
    rows = [
        (each.precision, f"{each.seconds:.3f}", f"{1 / each.seconds:.1f}", f"{each.ratio:.2f} x", _use(each))
        for each in speed.speeds
    ]
    headings = ("precision", "seconds a picture", "pictures a second", "beside float32", "")
    for line in table([headings, *rows], right=(1, 2, 3)):
        click.echo(line)
    where = "on one core of the CPU" if speed.device == "cpu" else f"on {speed.device}"
    click.echo(f"{safe(speed.model)}, the image encoder alone, {where}.", err=True)


def _use(speed: PrecisionSpeed) -> str:
    if speed.is_in_use:
        return "this library"
    if speed.is_default:
        return "the default"
    return "with --precision int8" if speed.precision in {"int8", "int8-narrow"} else ""


def _place(entry: ModelEntry) -> str:
    if entry.is_in_use:
        return "in use"
    return "downloaded" if entry.is_here else ""
