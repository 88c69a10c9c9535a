"""`photos describe`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import click

from photos.cli.kit import options
from photos.cli.kit.confirm import yes
from photos.cli.kit.paths import is_path
from photos.cli.kit.program import Invocation, lower_priority, pass_invocation
from photos.cli.kit.search_options import QueryCommand

if TYPE_CHECKING:
    from photos.operations.describing.describe import DescribeRequest
    from photos.operations.searching.chosen_photos import ChosenPhotos

#: Equal to `indexer.describers.Task`, whose package loads more than the help needs.
_TASKS: Final = ("caption", "detailed-caption", "objects", "regions", "text")


@click.command(short_help="Let another model describe photos: captions, words and text in them.", cls=QueryCommand)
@click.argument("words", nargs=-1, metavar="[QUERY|PATH...]")
@click.option("--all", "everything", is_flag=True, help="Describe all photos of the library, the newest first.")
@click.option(
    "-t", "--top", type=click.IntRange(min=1), metavar="N", help="Of a QUERY, only the N best or the N newest."
)
@click.option(
    "--with",
    "describer",
    metavar="DESCRIBER",
    help="`endpoint`, or a Florence-2 checkpoint by name or folder; the setting describe_with unless set.",
)
@click.option(
    "--task",
    "tasks",
    multiple=True,
    type=click.Choice(_TASKS),
    help="What to ask for; repeatable; caption and objects unless set.",
)
@click.option("--again", is_flag=True, help="Also describe photos that have such a description already.")
@click.option("--remote", is_flag=True, help="Allow pictures to go to an endpoint on the Internet.")
@click.option("--estimate", is_flag=True, help="Describe nothing, and say how much there is to do.")
@click.option("--forget", metavar="NAME", help="Delete all descriptions by the describer of that NAME instead.")
@options.share
@options.device
@options.threads
@options.nice
@yes
@options.as_json
@pass_invocation
def describe(
    invocation: Invocation,
    words: tuple[str, ...],
    everything: bool,
    top: int | None,
    describer: str | None,
    tasks: tuple[str, ...],
    again: bool,
    remote: bool,
    estimate: bool,
    forget: str | None,
    queue: bool | None,
    device: str | None,
    threads: int | None,
    nice: int,
    yes: bool,
    as_json: bool,
) -> None:
    """Let a describer, another model, say what photos show: those at or below each PATH, or those that a QUERY finds.

    It gives each a caption, words, and if asked the text in it. `photos captions` shows them, and searches find them
    with caption:WORDS, text:WORDS and has:description. The captions in your files stay apart.

    The describer is a model behind an OpenAI-compatible endpoint, such as Ollama's, or a Florence-2 checkpoint.
    `photos help describing` says how to set one up. An endpoint gets small pictures without names, places and dates,
    and outside this machine and its private networks nothing unless --remote allows it.

    It takes long, so choose photos. It can be interrupted at any time: what is described is kept, and the same command
    goes on from there, because photos that have the description are passed over. With --queue, workers that have the
    same describer do it, and this command waits for them; if it is interrupted, they go on.

    \b
    photos describe year:2024 rating:4..
    photos describe holiday/ IMG_2041.jpg --task caption --task text
    photos describe birthday cake --top 50
    photos describe in:2019 --with florence-community/Florence-2-base-ft --estimate
    photos describe --forget qwen3-vl:2b@localhost:11434
    """  # noqa: D301 - \b is how Click is told to keep lines
    from photos.cli.views import describe as view
    from photos.operations.describing.describe import describe as describe_photos
    from photos.operations.describing.describe import estimate_describing, forget_describer

    if forget is not None:
        if words or everything:
            raise click.UsageError("--forget deletes all descriptions of a describer, so it goes with no photos.")
        with invocation.open_library() as library:
            view.show_forgotten(forget_describer(library, forget), as_json=as_json)
        return
    request = _request(_chosen(words, top, everything=everything), describer, tasks, again=again, remote=remote)
    lower_priority(nice)
    with invocation.open_library(device=device, threads=threads, queue=queue) as library:
        if estimate:
            view.show_estimate(estimate_describing(library, request), as_json=as_json)
            return
        with view.DescribeProgress(is_agreed=yes) as progress:
            result = describe_photos(library, request, progress)
        view.show_described(result, as_json=as_json)
    if result.problem is not None or (not result.described and (result.away or result.undescribed)):
        click.get_current_context().exit(1)


def _chosen(words: tuple[str, ...], top: int | None, *, everything: bool) -> ChosenPhotos | None:
    """The photos that the words choose; None for all."""
    from photos.cli.kit.format import here
    from photos.operations.searching.chosen_photos import ChosenPhotos

    if everything == bool(words):
        raise click.UsageError("Name photos by a query or by paths, or --all, as in: photos describe year:2024")
    if everything or all(map(is_path, words)):
        if top is not None:
            raise click.UsageError("--top goes with a query.")
        return None if everything else ChosenPhotos(photos=tuple(map(os.path.expanduser, words)))
    return ChosenPhotos(query=words, directory=here(), top=top)


def _request(
    chosen: ChosenPhotos | None, describer: str | None, tasks: tuple[str, ...], *, again: bool, remote: bool
) -> DescribeRequest:
    from indexer.describers import Task
    from photos.operations.describing.describe import DescribeRequest

    return DescribeRequest(
        chosen=chosen,
        describer=describer,
        tasks=tuple(map(Task, tasks)),
        again=again,
        may_be_remote=remote,
    )
