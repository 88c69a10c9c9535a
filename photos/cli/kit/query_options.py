"""The command line of queries: words that begin with a dash beside options, and filters as options."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

#: Each filter that is an option: what its value looks like, and what it finds.
FILTERS: Final = {
    "tag": ("LABEL", "Photos that show the tag: dog, dog|cat."),
    "in": ("FOLDER", "Photos in a folder and below it: 2019/Italy, ./here."),
    "name": ("PATTERN", "By the file's name: *.png, or a part of it."),
    "date": ("DATES", "By when they were taken: 2019-07, 2019-07..2019-08, >2019."),
    "after": ("DATE", "Taken from the beginning of a day, month or year on."),
    "before": ("DATE", "Taken before a day, month or year began."),
    "year": ("YEARS", "By the year: 2019, 2019..2021."),
    "month": ("MONTHS", "By the month, in any year: dec, nov..feb."),
    "day": ("DAYS", "By the day of the month: 24, 1..7."),
    "weekday": ("DAYS", "By the day of the week: sat..sun."),
    "time": ("TIMES", "By the time of day: evening, 18, 22:30..6."),
    "near": ("PLACE", "Taken near a latitude and longitude: 48.85,2.35,10km."),
    "camera": ("NAME", "By a part of the camera's name."),
    "lens": ("NAME", "By a part of the lens's name."),
    "iso": ("NUMBERS", "By the ISO speed: ..400."),
    "aperture": ("NUMBERS", "By the f-number: ..2.8."),
    "focal": ("NUMBERS", "By the focal length in millimetres: 85.. ."),
    "exposure": ("NUMBERS", "By the exposure time in seconds: <1/250."),
    "rating": ("STARS", "By stars, 0 where there are none: 4.. ."),
    "format": ("FORMAT", "By the file's format: raw, jpeg|heic."),
    "orientation": ("SHAPE", "By the shape: portrait, landscape, square, panorama."),
    "size": ("SIZES", "By megapixels or the file's size: >12mp, ..500kb."),
    "width": ("PIXELS", "By pixels from left to right: 4000.. ."),
    "height": ("PIXELS", "By pixels from top to bottom."),
    "keyword": ("KEYWORD", "By a keyword in the file or its sidecar."),
    "caption": ("WORDS", "By a part of the caption in the file or its sidecar."),
    "is": ("STATE", "Such as duplicate, untagged, unrated, undated."),
    "has": ("FACT", "Of which it is known: gps, date, camera, lens, rating, caption, keywords, tags."),
}


#: Options whose value, if they have one, follows an equals sign.
_MAY_HAVE_VALUE: Final = frozenset({"--preview"})


class QueryCommand(click.Command):
    """A command whose arguments are a query: what begins with a single dash is a word of it, but for its options.

    Options may stand anywhere, and a long one that is mistyped is an error all the same.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As Click does, with words put behind options."""
        options, words = self._apart(ctx, args)
        return super().parse_args(ctx, [*options, "--", *words])

    def _apart(self, ctx: click.Context, args: Sequence[str]) -> tuple[list[str], list[str]]:
        takes_value = {
            name: not (option.is_flag or option.count or name in _MAY_HAVE_VALUE)
            for option in self.get_params(ctx)
            if isinstance(option, click.Option)
            for name in option.opts
        }
        options: list[str] = []
        words: list[str] = []
        waiting = list(args)
        while waiting:
            word = waiting.pop(0)
            if word == "--":
                return options, [*words, *waiting]
            if not _is_option(word, takes_value):
                words.append(word)
                continue
            options.append(word)
            if takes_value.get(word):
                if not waiting and not ctx.resilient_parsing:
                    # What follows would be taken for its value.
                    raise click.BadOptionUsage(word, f"Option {word!r} requires an argument.", ctx)
                options += waiting[:1]
                del waiting[:1]
        return options, words


def _is_option(word: str, takes_value: dict[str, bool]) -> bool:
    if word.startswith("--") or word in takes_value:
        return True
    # A number may be glued to its option: -t5.
    return takes_value.get(word[:2], False) and re.fullmatch(r"-[a-z]\d+", word) is not None


def filter_options(command: F) -> F:
    """Gives a command every filter as an option, `--like` and `--not`; `words_of` makes words of them."""
    for name, (metavar, text) in reversed(FILTERS.items()):
        command = click.option(f"--{name}", f"filter_{name}", metavar=metavar, multiple=True, help=text)(command)
    negated = click.option(
        "--not",
        "negated",
        metavar="FILTER",
        multiple=True,
        callback=_checked_filters,
        help="None that this filter finds, as in: --not tag:dog",
    )
    like = click.option("--like", metavar="IMAGE", multiple=True, help="What looks like this picture; several add up.")
    return like(negated(command))


def _checked_filters(_ctx: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    # Words would be taken away from what is seen, which is something else.
    for value in values:
        if ":" not in value:
            raise click.BadParameter(f"{value!r} is no filter, as NAME:VALUE is; words are taken away with a dash.")
    return values


def words_of(like: Sequence[str], negated: Sequence[str], filters: dict[str, Sequence[str]]) -> list[str]:
    """What was given as options, as words of a query."""
    pictures = [f"like:{_quoted(path)}" for path in like]
    return [
        *pictures,
        *(f"-{token.removeprefix('-')}" for token in negated),
        *(f"{name.removeprefix('filter_')}:{value}" for name, values in filters.items() for value in values),
    ]


def _quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
