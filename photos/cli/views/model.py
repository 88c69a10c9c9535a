"""Checkpoints: the list of them, and the library's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from photos.cli.kit.format import counted, table
from photos.cli.kit.output import write_json
from photos.cli.kit.terminal import prose
from photos.errors import safe
from photos.records.library import checked_record, model_record, model_status_record, speed_record
from photos.sizes import readable_size

from .spaces import space_lines

if TYPE_CHECKING:
    from photos.operations.models.checkpoints import ModelEntry, ModelList, ModelSpeed, ModelStatus, PrecisionSpeed
    from photos.operations.models.model_check import Checked, ModelCheck
    from photos.operations.models.spaces import SpaceStatus


def show_models(listed: ModelList, spaces: Sequence[SpaceStatus], *, as_json: bool) -> None:
    """Print the list of checkpoints, and the names of the library's models if there are several."""
    if as_json:
        for entry in listed.entries:
            write_json(model_record(entry))
        return
    headings = ("model", "size", "work", "COCO", "texts", "")
    for line in table([headings, *map(_row, listed.entries)], right=(1, 2, 3)):
        click.echo(line)
    if len(spaces) > 1:
        names = ", ".join(f"{safe(each.name)} ({each.role})" for each in spaces)
        click.echo(prose(f"This library has embeddings of {names}; photos model status tells more."))
    click.echo(_LEGEND, err=True)
    click.echo(listed.advice, err=True)


#: Below the list of checkpoints.
_LEGEND = (
    "work: that of one picture, beside google/siglip2-base-patch16-256.\n"
    "COCO: of 100 captions so many find their own picture first among 5000, as published.\n"
    "Sources and further figures: photos model list --json"
)


def _row(entry: ModelEntry) -> tuple[str, ...]:
    known = entry.published
    recall = None if known is None else known.coco_text_to_image
    return (
        safe(entry.reference),
        readable_size(entry.size),
        "" if entry.work is None else _short(entry.work),
        "" if recall is None else f"{recall:.1f}",
        "" if known is None else "many" if known.is_multilingual else "English",
        "used" if entry.is_in_use else "here" if entry.is_here else "",
    )


def _short(number: float) -> str:
    return f"{number:.2f}" if number < 1 else f"{number:#.2g}".rstrip(".")


def show_model_status(status: ModelStatus, spaces: Sequence[SpaceStatus], *, as_json: bool) -> None:
    """Print the library's checkpoint, and all models that it has embeddings of."""
    record = model_status_record(status, spaces)
    if as_json:
        write_json(record)
        return
    rows = [
        (name.replace("_", " "), str(value))
        for name, value in record.items()
        if value is not None and name not in {"spaces", "device_problem"}
    ]
    for line in table(rows):
        click.echo(line)
    if status.device_problem is not None:
        click.echo(prose(safe(status.device_problem)))
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
    card = "" if speed.card is None else f" ({safe(speed.card)})"
    where = "on one core of the CPU" if speed.device == "cpu" else f"on {speed.device}{card}"
    click.echo(f"{safe(speed.model)}, the image encoder alone, {where}.", err=True)


def show_model_check(check: ModelCheck, *, as_json: bool) -> None:
    """Print each comparison with transformers."""
    if as_json:
        for each in check.checked:
            write_json(checked_record(check, each))
        return
    rows = [
        (each.subject, _measured(each.value, each), _measured(each.limit, each), "" if each.passes else "exceeded")
        for each in check.checked
    ]
    for line in table([("", "largest difference", "limit", ""), *rows], right=(1, 2)):
        click.echo(line)
    whose = "of the library" if check.of_library else "drawn for this"
    of = f"{counted(check.pictures, 'picture')} {whose} and {counted(check.texts, 'text')}"
    click.echo(f"{safe(check.model)} on {check.device} in {check.precision}, beside transformers: {of}.", err=True)


def _measured(value: float, each: Checked) -> str:
    return f"{value:.5f} (least)" if each.is_cosine else f"{value:.1e}"


def _use(speed: PrecisionSpeed) -> str:
    if speed.is_in_use:
        return "this library"
    if speed.is_default:
        return "the default"
    return "with --precision int8" if speed.precision in {"int8", "int8-narrow"} else ""
