"""Options with several values: `--yes a.jpg b.jpg`, as a shell expands a pattern."""

from __future__ import annotations

import click


class Several(click.Command):
    """A command whose repeatable options take all words up to the next option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words after giving each value its own option."""
        names = {name for each in self.params if isinstance(each, click.Option) and each.multiple for name in each.opts}
        return super().parse_args(ctx, _one_each(ctx, args, names))


def _one_each(ctx: click.Context, args: list[str], several: set[str]) -> list[str]:
    spread: list[str] = []
    option, is_waiting = None, False
    for at, word in enumerate(args):
        if word == "--" and option is None:
            return [*spread, *args[at:]]
        if word == "--":
            # After it every word is a value, even one with a leading hyphen.
            return [*spread, *(f"{option}={value}" for value in args[at + 1 :])]
        if word.startswith("-") and len(word) > 1:
            _check(ctx, option, is_waiting)
            name, mark, value = word.partition("=")
            option, is_waiting = (name, not mark) if name in several else (None, False)
            spread += [word] if option is None or (mark and value) else []
        elif option is None:
            spread.append(word)
        else:
            spread.append(f"{option}={word}")
            is_waiting = False
    _check(ctx, option, is_waiting)
    return spread


def _check(ctx: click.Context, option: str | None, is_waiting: bool) -> None:
    if option is not None and is_waiting:
        raise click.BadOptionUsage(option, f"Option {option!r} needs at least one value.", ctx)
