"""Options of searches: the query, its filters, and the presentation of results. Imports nothing but Click."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, fields, replace
from functools import update_wrapper
from typing import Any, Final, TypeVar

import click

from . import options

F = TypeVar("F", bound=Callable[..., Any])

#: Each filter that is an option: its value, and its help text.
FILTERS: Final = {
    "tag": ("LABEL", "Photos that show the tag: dog, dog|cat."),
    "in": ("FOLDER", "Photos in a folder and below it: 2019/Italy, ./here."),
    "name": ("PATTERN", "By the file's name: *.png, or a part of it."),
    "date": ("DATES", "By when they were taken: 2019-07, 2019-07..2019-08, >2019, today, last week."),
    "added": ("DATES", "By when they came into the library: today, last week, 2024-06.. ."),
    "after": ("DATE", "Taken from the beginning of a day, month or year on."),
    "before": ("DATE", "Taken before a day, month or year began."),
    "year": ("YEARS", "By the year: 2019, 2019..2021."),
    "month": ("MONTHS", "By the month, in any year: dec, nov..feb."),
    "day": ("DAYS", "By the day of the month: 24, 1..7."),
    "weekday": ("DAYS", "By the day of the week: sat..sun."),
    "time": ("TIMES", "By the time of day: evening, 18, 22:30..6."),
    "near": ("PLACE", "Taken near a city, or a latitude and longitude: Paris; Paris,5km; 48.85,2.35,10km."),
    "place": ("PLACE", "Taken in a country, a city, a state of the USA or a continent: italy, Paris, europe."),
    "camera": ("NAME", "By a part of the camera's name."),
    "lens": ("NAME", "By a part of the lens's name."),
    "iso": ("NUMBERS", "By the ISO speed: ..400."),
    "aperture": ("NUMBERS", "By the f-number: ..2.8."),
    "focal": ("NUMBERS", "By the focal length in millimetres: 85.. ."),
    "exposure": ("NUMBERS", "By the exposure time in seconds: <1/250."),
    "rating": ("STARS", "By stars, 0 where there are none, -1 for rejected: 4.. ."),
    "format": ("FORMAT", "By the file's format: raw, jpeg|heic."),
    "orientation": ("SHAPE", "By the shape: portrait, landscape, square, panorama."),
    "size": ("SIZES", "By megapixels or the file's size: >12mp, ..500kb."),
    "width": ("PIXELS", "By pixels from left to right: 4000.. ."),
    "height": ("PIXELS", "By pixels from top to bottom."),
    "id": ("NUMBERS", "By the photo's number in this library: 12|15..18."),
    "keyword": ("KEYWORD", "By a keyword in the file or its sidecar."),
    "caption": ("WORDS", "By words in a caption, of the file, its sidecar or a describer: birthday cake."),
    "text": ("WORDS", "By words in the picture, as a describer read them: invoice."),
    "is": ("STATE", "Such as duplicate, untagged, unrated, undated."),
    "has": (
        "FACT",
        "Of which it is known: gps, date, camera, lens, rating, caption, keywords, tags, description, text.",
    ),
}


#: Options with an optional value, which follows an equals sign.
_MAY_HAVE_VALUE: Final = frozenset({"--preview"})
#: Equal to `preview.CHOICES`, whose module loads decoders.
_PREVIEWS: Final = ("auto", "kitty", "iterm", "sixel", "none")
_SHEETS: Final = (".html", ".htm", ".jpg", ".jpeg", ".png")


class QueryCommand(click.Command):
    """A command whose arguments are a query. A word with a single dash belongs to it unless it is an option.

    Options may stand anywhere, and a mistyped long option is an error.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as Click does, with the words moved behind the options."""
        given, words = self._split(ctx, args)
        return super().parse_args(ctx, [*given, "--", *words])

    def _split(self, ctx: click.Context, args: Sequence[str]) -> tuple[list[str], list[str]]:
        takes_value = {
            name: not (option.is_flag or option.count or name in _MAY_HAVE_VALUE)
            for option in self.get_params(ctx)
            if isinstance(option, click.Option)
            for name in option.opts
        }
        given: list[str] = []
        words: list[str] = []
        waiting = list(args)
        while waiting:
            word = waiting.pop(0)
            if word == "--":
                return given, [*words, *waiting]
            if not _is_option(word, takes_value):
                _refuse_single_dash(ctx, word, takes_value)
                words.append(word)
                continue
            given.append(word)
            if takes_value.get(word):
                if not waiting and not ctx.resilient_parsing:
                    # The "--" that follows would become its value.
                    raise click.BadOptionUsage(word, f"Option {word!r} requires an argument.", ctx)
                given += waiting[:1]
                del waiting[:1]
        return given, words


def _refuse_single_dash(ctx: click.Context, word: str, options: Container[str]) -> None:
    name = word.removeprefix("-")
    # The names of filters are refused by the query language, in better words.
    if word.startswith("-") and f"--{name}" in options and name not in FILTERS:
        raise click.UsageError(f"{word} is no option. Did you mean --{name}? '- {name}' takes the word away.", ctx)


def _is_option(word: str, takes_value: dict[str, bool]) -> bool:
    if word.startswith("--") or word in takes_value:
        return True
    # A number may follow its option without a space: -t5.
    return takes_value.get(word[:2], False) and re.fullmatch(r"-[a-z]\d+", word) is not None


def filter_options(command: F) -> F:
    """Give *command* every filter as an option, `--like` and `--not`. `words_of` turns them into words."""
    like = click.option(
        "--like", metavar="IMAGE", multiple=True, help="Photos that look like this picture; repeatable."
    )
    return like(filter_options_alone(command))


def filter_options_alone(command: F) -> F:
    """Give *command* every filter as an option, and `--not`."""
    for name, (metavar, text) in reversed(FILTERS.items()):
        command = click.option(f"--{name}", f"filter_{name}", metavar=metavar, multiple=True, help=text)(command)
    negated = click.option(
        "--not",
        "negated",
        metavar="FILTER",
        multiple=True,
        callback=_checked_filters,
        help="Leave out the photos that this filter finds, as in: --not tag:dog",
    )
    return negated(command)


def _checked_filters(_ctx: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    # "--not dog" would subtract a term, which is no filter.
    for value in values:
        if ":" not in value:
            raise click.BadParameter(f"{value!r} is no filter such as NAME:VALUE; a dash takes words away.")
    return values


def words_of(like: Sequence[str], negated: Sequence[str], filters: dict[str, Sequence[str]]) -> list[str]:
    """Return the options' values as words of a query."""
    pictures = [f"like:{_quoted(path)}" for path in like]
    return [
        *pictures,
        *(f"-{token.removeprefix('-')}" for token in negated),
        *(f"{name.removeprefix('filter_')}:{value}" for name, values in filters.items() for value in values),
    ]


def _quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@dataclass(frozen=True, slots=True)
class Presentation:
    """The form in which results are shown, and the files that are made of them."""

    as_json: bool
    paths_only: bool
    print0: bool
    preview: str | None
    open_files: bool
    open_all: bool
    copy_to: str | None
    link_to: str | None
    sheet: str | None
    force: bool


def leaves_terminal(presentation: Presentation) -> bool:
    """True if the result goes to a file, a pipe or an album, and not only to a person's terminal."""
    goes = presentation.copy_to, presentation.link_to, presentation.sheet
    return not sys.stdout.isatty() or any(place is not None for place in goes)


def check_amount(top: int | None, presentation: Presentation, *, show_all: bool, count_only: bool = False) -> None:
    """Raise a usage error for options that ask for different amounts of photos."""
    if show_all and top is not None:
        raise click.UsageError("--all and --top exclude each other.")
    shown = replace(presentation, as_json=False)
    if count_only and any(getattr(shown, name) for name in _NAMES):
        raise click.UsageError("--count prints a number, and goes with --json alone.")


def checked_score(ctx: click.Context, parameter: click.Parameter, value: str | None) -> float | str | None:
    """Return the value as a cosine, or as "auto"."""
    if value is None or value == "auto":
        return value
    score: float = click.FLOAT(value, parameter, ctx)
    if not math.isfinite(score):
        raise click.BadParameter(f"{value!r} is no cosine; give a number such as 0.1.")
    return score


def _checked_sheet(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not value.lower().endswith(_SHEETS):
        raise click.BadParameter(f"its name must end in {', '.join(_SHEETS[:-1])} or {_SHEETS[-1]}.")
    return value


def check_force(sheet: str | None, *, force: bool) -> None:
    """Raise a usage error for --force without --sheet."""
    if force and sheet is None:
        raise click.UsageError("--force replaces an existing sheet; name it with --sheet.")


preview_option = click.option(
    "--preview",
    is_flag=False,
    flag_value="auto",
    type=click.Choice(_PREVIEWS),
    help="Small pictures in the terminal, if it can show them; auto detects its protocol.",
)

sheet_option = click.option(
    "--sheet",
    metavar="FILE",
    callback=_checked_sheet,
    help="Write a contact sheet: one .html, .jpg or .png file with everything in it.",
)
force_option = click.option("--force", is_flag=True, help="Replace an existing sheet.")

_OPTIONS = (
    options.as_json,
    options.paths_only,
    options.print0,
    preview_option,
    click.option("--open", "open_files", is_flag=True, help="Open the photos in the system's viewer; 10 at most."),
    click.option("--open-all", is_flag=True, help="Open all of them."),
    click.option("--copy-to", metavar="DIR", help="Copy the photos there, numbered by rank; nothing is overwritten."),
    click.option("--link-to", metavar="DIR", help="Make an album of links to the photos there."),
    sheet_option,
    force_option,
)
_NAMES = tuple(field.name for field in fields(Presentation))


def presentation_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give *command* the options of `Presentation`, which it gets as its argument `presentation`."""

    def call(*args: Any, **kwargs: Any) -> None:
        presentation = Presentation(**{name: kwargs.pop(name) for name in _NAMES})
        if presentation.preview not in {None, "none"} and (
            presentation.as_json or presentation.paths_only or presentation.print0
        ):
            raise click.UsageError("--preview goes with the table, not with --json, --paths or -0.")
        check_force(presentation.sheet, force=presentation.force)
        command(*args, presentation=presentation, **kwargs)

    wrapped: Callable[..., None] = update_wrapper(call, command)
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped
