"""`photos tag`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation

#: Signs before a label: added, rejected, cleared.
_SIGNS = ("+", "-", "~")


class _TagCommand(click.Command):
    """Command with arguments that begin with a dash: labels to reject."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # Click would find the `h` of `-h` in every label such as `-beach`, and take `--jsno` for a label.
        before = args[: args.index("--")] if "--" in args else args
        options = {name for param in self.get_params(ctx) for name in param.opts}
        for word in before:
            if word.startswith("--") and word not in options:
                raise click.NoSuchOption(word, possibilities=sorted(options), ctx=ctx)
        return super().parse_args(ctx, ["--help"] if "-h" in before else args)


@click.command(
    cls=_TagCommand,
    short_help="Add tags to photos by hand, or reject them.",
    context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]},
)
@click.argument("words", nargs=-1, required=True, metavar="IMAGE... LABEL...", type=click.UNPROCESSED)
@options.as_json
@pass_invocation
def tag(invocation: Invocation, words: tuple[str, ...], as_json: bool) -> None:
    """Add labels to each IMAGE (+LABEL), reject them (-LABEL), or clear earlier manual tags (~LABEL).

    Manual tags stay: no vocabulary and no re-tag removes a tag that you added or restores one that you rejected. A
    label need not be in any vocabulary. Images come first; write ./ before one whose name begins with a sign.

    \b
    photos tag holiday/*.jpg +beach "+our cat" -dog
    photos tag IMG_1234.jpg ~dog
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.views.tags import show_tags
    from photos.operations.tags import TagRequest
    from photos.operations.tags import tag as change_tags

    signs = [word.startswith(_SIGNS) for word in words]
    first = signs.index(True) if any(signs) else len(words)
    if first == 0 or not all(signs[first:]):
        raise click.UsageError("Name images first and then labels, each with +, - or ~ before it.")
    if first == len(words):
        raise click.UsageError("Name a label with +, - or ~ before it, as in: photos tag IMAGE +dog")
    add, reject, clear = (_labels(words[first:], sign) for sign in _SIGNS)
    with invocation.open_library() as library:
        request = TagRequest(photos=words[:first], add=add, reject=reject, clear=clear)
        show_tags(change_tags(library, request), as_json=as_json)


def _labels(words: Sequence[str], sign: str) -> tuple[str, ...]:
    return tuple(word[1:] for word in words if word.startswith(sign))
