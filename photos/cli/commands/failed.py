"""`photos failed`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from photos.cli.kit import options
from photos.cli.kit.program import Invocation, pass_invocation

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The words for outcomes on the command line, and the outcomes' values.
_OUTCOMES: Final = {
    "unsupported": "unsupported",
    "damaged": "damaged",
    "too-large": "too large",
    "failed": "failed",
    "not-pictures": "not a picture",
}


@click.command(short_help="List the files that could not be indexed.")
@click.argument("outcomes", nargs=-1, type=click.Choice(list(_OUTCOMES)), metavar="[OUTCOME]...")
@click.option("--all", "show_all", is_flag=True, help="Name every file, also where there are many for one reason.")
@click.option("--retry", is_flag=True, help="Read all of them again now.")
@options.as_json
@pass_invocation
def failed(invocation: Invocation, outcomes: Sequence[str], show_all: bool, retry: bool, as_json: bool) -> None:
    """List the files that could not be indexed, with the reasons; only those of each OUTCOME, if any.

    An OUTCOME is unsupported (a picture of a kind that is not read), damaged, too-large, failed (it could not be read,
    or not within its time and memory), or not-pictures: files that are something else, such as videos and texts. These
    are no failures, and are counted unless they are asked for. Many files are grouped by reason.

    A file is read again when it changes, and all are when this program or one of its decoders was upgraded. Files that
    failed because of a disk error are tried again each time.

    \b
    photos failed
    photos failed damaged --all
    photos failed --retry
    """  # noqa: D301 - Click keeps the lines after \b
    from photos.cli.views.failed import show_failed
    from photos.cli.views.index import index_progress, show_result
    from photos.operations.indexing.failed import failed_files
    from photos.operations.indexing.index import retry_failed
    from store.records import Outcome

    if retry and (outcomes or show_all):
        raise click.UsageError("--retry reads all of them again, and goes with --json alone.")
    with invocation.open_library() as library:
        if not retry:
            asked = tuple(Outcome(_OUTCOMES[each]) for each in outcomes)
            show_failed(failed_files(library, asked), every=show_all, as_json=as_json)
            return
        with index_progress(as_json=as_json) as progress:
            result = retry_failed(library, progress)
    show_result(result, as_json=as_json)
