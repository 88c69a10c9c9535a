"""The command line of queries: words that begin with a dash beside options, and filters as options."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

#: Each filter that is an option: what its value looks like. docs/searching.md says what it finds.
FILTERS: Final = {
    "tag": "LABEL",
    "in": "FOLDER",
    "name": "PATTERN",
    "date": "DATES",
    "after": "DATE",
    "before": "DATE",
    "year": "YEARS",
    "month": "MONTHS",
    "day": "DAYS",
    "weekday": "DAYS",
    "time": "TIMES",
    "camera": "NAME",
    "lens": "NAME",
    "iso": "NUMBERS",
    "aperture": "NUMBERS",
    "focal": "MILLIMETRES",
    "exposure": "SECONDS",
    "near": "LAT,LON,DISTANCE",
    "format": "FORMAT",
    "orientation": "SHAPE",
    "rating": "STARS",
    "size": "MP|MB",
    "width": "PIXELS",
    "height": "PIXELS",
    "keyword": "KEYWORD",
    "caption": "WORDS",
    "is": "STATE",
    "has": "FACT",
}


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
            name: not (option.is_flag or option.count)
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
            if takes_value.get(word) and waiting:
                options.append(waiting.pop(0))
        return options, words


def _is_option(word: str, takes_value: dict[str, bool]) -> bool:
    if word.startswith("--") or word in takes_value:
        return True
    # A number may be glued to its option: -t5.
    return takes_value.get(word[:2], False) and re.fullmatch(r"-[a-z]\d+", word) is not None


def filter_options(command: F) -> F:
    """Gives a command every filter as an option, `--like` and `--not`; `words_of` makes words of them."""
    for name, metavar in reversed(FILTERS.items()):
        text = f"As `{name}:{metavar}` in the query."
        command = click.option(f"--{name}", f"filter_{name}", metavar=metavar, multiple=True, help=text)(command)
    negated = click.option("--not", "negated", metavar="FILTER", multiple=True, help="As `-FILTER` in the query.")
    like = click.option("--like", metavar="IMAGE", multiple=True, help="What looks like this picture; several add up.")
    return like(negated(command))


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
