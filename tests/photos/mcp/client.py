"""A client by the SDK, of the program in a subprocess."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import anyio
from mcp.client.session import ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp_types import CallToolResult, InitializeResult, Tool

ROOT = Path(__file__).parents[3]


@dataclass
class Talk:
    """Words of the server about itself, its tools, and the results of the calls."""

    about: InitializeResult
    tools: list[Tool]
    results: list[CallToolResult]


def command(library, *options):
    """The arguments that start the server."""
    return [sys.executable, "-m", "tests.photos.mcp.program", "--library", str(library), "mcp", *options]


def environment():
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PHOTOS_PRECISION": "float32"}


def parameters(library, *options):
    """The server as clients of the SDK start it."""
    program, *arguments = command(library, *options)
    return StdioServerParameters(command=program, args=arguments, env=environment())


def completed(function, *arguments):
    """Run an asynchronous function, and return its result.

    It runs in a thread of its own: the driver of browsers, for tests in the same process, keeps a loop in this one.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(anyio.run, function, *arguments).result()


def talk(library, calls=(), *options):
    """Start the server, list its tools, make these calls, each a name and arguments, and let it end."""

    async def run(errors):
        async with (
            stdio_client(parameters(library, *options), errors) as (received, sent),
            ClientSession(received, sent) as session,
        ):
            about = await session.initialize()
            listed = await session.list_tools()
            results = [await session.call_tool(name, given) for name, given in calls]
            return Talk(about, listed.tools, results)

    with open(os.devnull, "w", encoding="utf-8") as nothing:
        return completed(run, nothing)


def records(library, calls, *options):
    """The records that the calls answer with."""
    results = talk(library, calls, *options).results
    assert [each.content[0].text for each in results if each.is_error] == []
    return [each.structured_content for each in results]
