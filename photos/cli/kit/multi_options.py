"""Options with several values, such as `--yes a.jpg b.jpg`, which a shell makes of `--yes *.jpg`."""

from __future__ import annotations

import click


class MultiValueCommand(click.Command):
    """A command whose repeatable options take all words up to the next option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as Click does, with the option repeated before each of its values."""
        names = {name for each in self.params if isinstance(each, click.Option) and each.multiple for name in each.opts}
        return super().parse_args(ctx, _repeated(ctx, args, names))


def _repeated(ctx: click.Context, args: list[str], names: set[str]) -> list[str]:
    spread: list[str] = []
    option, needs_value = None, False
    for at, word in enumerate(args):
        if word == "--" and option is None:
            return [*spread, *args[at:]]
        if word == "--":
            # After "--" every word is a value.
            return [*spread, *(f"{option}={value}" for value in args[at + 1 :])]
        if word.startswith("-") and len(word) > 1:
            _check(ctx, option, needs_value)
            name, mark, value = word.partition("=")
            option, needs_value = (name, not mark) if name in names else (None, False)
            spread += [word] if option is None or (mark and value) else []
        elif option is None:
            spread.append(word)
        else:
            spread.append(f"{option}={word}")
            needs_value = False
    _check(ctx, option, needs_value)
    return spread


def _check(ctx: click.Context, option: str | None, needs_value: bool) -> None:
    if option is not None and needs_value and not ctx.resilient_parsing:
        raise click.BadOptionUsage(option, f"Option {option!r} needs at least one value.", ctx)
