"""The options by which results are shown, and what else is done with them. Imports nothing but Click."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import update_wrapper
from typing import Any

import click

from photos.cli.kit import options

#: `preview.CHOICES`, which loads what reads pictures.
_PREVIEWS = ("auto", "kitty", "iterm", "sixel", "none")
_SHEETS = (".html", ".htm", ".jpg", ".jpeg")


@dataclass(frozen=True, slots=True)
class Presentation:
    """How results are shown, and what is done with them."""

    as_json: bool
    paths_only: bool
    print0: bool
    preview: str | None
    open_files: bool
    open_all: bool
    copy_to: str | None
    link_to: str | None
    sheet: str | None


def checked_score(ctx: click.Context, parameter: click.Parameter, value: str | None) -> float | str | None:
    """A cosine, or "auto"."""
    if value is None or value == "auto":
        return value
    score: float = click.FLOAT(value, parameter, ctx)
    if not math.isfinite(score):
        raise click.BadParameter(f"{value!r} is no cosine, which is a number such as 0.1.")
    return score


def _checked_sheet(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not value.lower().endswith(_SHEETS):
        raise click.BadParameter(f"its name must end in {', '.join(_SHEETS[:-1])} or {_SHEETS[-1]}.")
    return value


preview_option = click.option(
    "--preview",
    is_flag=False,
    flag_value="auto",
    type=click.Choice(_PREVIEWS),
    help="Small pictures in the terminal, if it can show them: by what it says of itself, or by a protocol named.",
)

_OPTIONS = (
    options.as_json,
    options.paths_only,
    options.print0,
    preview_option,
    click.option("--open", "open_files", is_flag=True, help="Open the photos in the system's viewer; 10 at most."),
    click.option("--open-all", is_flag=True, help="Open all of them."),
    click.option("--copy-to", metavar="DIR", help="Copy the photos there, numbered by rank; nothing is overwritten."),
    click.option("--link-to", metavar="DIR", help="Make an album of links to the photos there."),
    click.option(
        "--sheet",
        metavar="FILE",
        callback=_checked_sheet,
        help="Write a contact sheet: one .html or .jpg file with everything in it.",
    ),
)
_NAMES = tuple(field.name for field in fields(Presentation))


def presentation_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give *command* these options; it is called with a `Presentation` of them, named `presentation`."""

    def call(*args: Any, **kwargs: Any) -> None:
        presentation = Presentation(**{name: kwargs.pop(name) for name in _NAMES})
        if presentation.preview not in {None, "none"} and (
            presentation.as_json or presentation.paths_only or presentation.print0
        ):
            raise click.UsageError("--preview goes with the table, not with --json, --paths or -0.")
        command(*args, presentation=presentation, **kwargs)

    wrapped: Callable[..., None] = update_wrapper(call, command)
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped
