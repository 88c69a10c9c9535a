"""`photos tag`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation

#: Signs before a label: added, rejected, cleared.
_SIGNS = ("+", "-", "~")


#: Without the short name -t, which Click would find in every label such as -cat; see `_TagCommand`.
_top = click.option(
    "--top", type=click.IntRange(min=1), metavar="N", help="With --query: only the N best, or the N newest."
)


class _TagCommand(click.Command):
    """Command with arguments that begin with a dash: labels to reject."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # Click would find the `h` of `-h` in every label such as `-beach`, and take `--jsno` for a label. Behind
        # another word, `-h` is a label, too.
        end = args.index("--") if "--" in args else len(args)
        before = args[:end]
        options = {name for param in self.get_params(ctx) for name in param.opts}
        for word in before:
            if word.startswith("--") and word.partition("=")[0] not in options:
                raise click.NoSuchOption(word, possibilities=sorted(options), ctx=ctx)
        # A number of photos is no label that begins with t.
        spelled = ["--top" if word == "-t" else word for word in before]
        is_help = "-h" in before and all(word.startswith("--") for word in before[: before.index("-h")])
        return super().parse_args(ctx, ["--help"] if is_help else [*spelled, *args[end:]])


@click.command(
    cls=_TagCommand,
    short_help="Add tags to photos by hand, or reject them.",
    context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]},
)
@click.argument("words", nargs=-1, required=True, metavar="[IMAGE]... LABEL...", type=click.UNPROCESSED)
@options.query
@_top
@options.as_json
@pass_invocation
def tag(invocation: Invocation, words: tuple[str, ...], query: str | None, top: int | None, as_json: bool) -> None:
    """Add labels to each IMAGE (+LABEL), reject them (-LABEL), or clear earlier manual tags (~LABEL).

    Manual tags stay: no vocabulary and no re-tag removes a tag that you added or restores one that you rejected. A
    label need not be in any vocabulary. IMAGE may be a folder, for all photos in it and below it; write ./ before a
    name that begins with a sign. After `--`, words with a sign are labels and all others are images.

    \b
    photos tag holiday/*.jpg +beach "+our cat" -dog
    photos tag IMG_1234.jpg ~dog
    photos tag --query "in:2019/Italy date:2019-07" +trip
    photos search year:2021 month:dec -0 | xargs -0 photos tag +christmas
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.kit.format import here
    from photos.cli.views.tags import show_tagged
    from photos.operations.searching.chosen_photos import ChosenPhotos
    from photos.operations.tagging.tags import TagRequest
    from photos.operations.tagging.tags import tag as change_tags

    labels = [word for word in words if _is_label(word)]
    images = tuple(word for word in words if not _is_label(word))
    if not labels:
        raise click.UsageError("Name a label with +, - or ~ before it, as in: photos tag IMAGE +dog")
    if not images and query is None:
        raise click.UsageError("Name an image, a folder or --query, as in: photos tag IMAGE +dog")
    add, reject, clear = (_labels(labels, sign) for sign in _SIGNS)
    chosen = ChosenPhotos(photos=images, query=query, directory=here(), top=top)
    request = TagRequest(chosen=chosen, add=add, reject=reject, clear=clear)
    with invocation.open_library() as library:
        tagged = change_tags(library, request)
        has_probabilities = library.space.identity.has_probabilities
    show_tagged(tagged, labels, has_probabilities=has_probabilities, as_json=as_json)


def _is_label(word: str) -> bool:
    # A path in the home folder, of which the shell leaves the ~ where it is quoted.
    return word.startswith(_SIGNS) and not word.startswith("~/")


def _labels(words: Sequence[str], sign: str) -> tuple[str, ...]:
    return tuple(word[1:] for word in words if word.startswith(sign))
