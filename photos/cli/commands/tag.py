"""`photos tag`."""

from __future__ import annotations

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation


@click.command(
    short_help="Add tags to photos by hand, or reject them.",
    # Labels to reject begin with a dash.
    context_settings={"ignore_unknown_options": True},
)
@click.argument("words", nargs=-1, required=True, metavar="IMAGE... LABEL...", type=click.UNPROCESSED)
@options.as_json
@pass_invocation
def tag(invocation: Invocation, words: tuple[str, ...], as_json: bool) -> None:
    """Say of each IMAGE which labels it has (+LABEL) or has not (-LABEL), or take back what was said (~LABEL).

    What you say stands: no vocabulary and no re-tag removes a tag that you added or brings back one that you
    rejected. A label need not be in any vocabulary. Images come first; one whose name begins with a mark is written
    with ./ before it.

    \b
    photos tag holiday/*.jpg +beach "+our cat" -dog
    photos tag IMG_1234.jpg ~dog
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.views.tags import MARKS, tag_and_tell

    marks = [word.startswith(MARKS) for word in words]
    first = marks.index(True) if any(marks) else len(words)
    if first == 0 or not all(marks[first:]):
        raise click.UsageError("Name images first and then labels, each with +, - or ~ before it.")
    if first == len(words):
        raise click.UsageError("Name a label with +, - or ~ before it, as in: photos tag IMAGE +dog")
    with invocation.open_library() as app:
        tag_and_tell(app, words[:first], words[first:], as_json=as_json)
