"""`photos mcp`."""

from __future__ import annotations

import os
import sys
from contextlib import closing, nullcontext

import click

from photos.cli.kit.program import Invocation, hush_logs, native_noise_hushed, pass_invocation, tell


@click.command(short_help="Let an assistant search the library (MCP).")
@click.option("--no-pictures", is_flag=True, help="Give out facts alone, and no picture.")
@pass_invocation
def mcp(invocation: Invocation, no_pictures: bool) -> None:
    """Serve four tools that read the library to an assistant, by the Model Context Protocol, until it is done.

    The assistant starts this command itself, and speaks with it through standard input and output; enter it in the
    assistant's settings. It can search, look at photos, find similar ones, and ask what there is. It can change
    nothing. What it asks for goes wherever its model runs: paths, facts, tags, and small pictures unless --no-pictures
    is given. `photos help mcp` says more.

    Needs pip install 'photos[mcp]'.
    """
    from photos.errors import ExtraMissing

    # Before numpy is loaded: its threads wait for each other by spinning.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from photos.mcp.server import serve
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in {"mcp", "mcp_types"}:
            raise
        raise ExtraMissing("photos mcp", "the package mcp", "mcp") from error
    from photos.mcp.library import AskedLibrary
    from photos.mcp.tools import tools

    settings = invocation.settings()
    if invocation.debug:
        import logging

        logging.basicConfig(level=logging.DEBUG)
    else:
        hush_logs()
    if sys.stdin is not None and sys.stdin.isatty():
        tell("Waiting for an assistant, which starts this command itself (photos help mcp). Ctrl-C ends it.")
    with (
        nullcontext() if invocation.debug else native_noise_hushed(),
        closing(AskedLibrary(settings, invocation.encoders, tell)) as library,
    ):
        serve(library, tools(with_pictures=not no_pictures))
