"""The protocol: lists and calls the tools over standard input and output, by the official SDK.

While it serves, the SDK has the two ends of the protocol to itself: standard output leads to standard error, and
standard input is empty, so nothing that a library or a process prints can come between messages.
"""

from __future__ import annotations

import base64
import errno
import logging
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import anyio
import anyio.to_thread
import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

from photos.errors import PhotosError
from photos.exits import sentence_and_status
from photos.installed_version import installed_version
from photos.public_records import text
from photos.strict_json import to_json

from .answers import Answer, Picture
from .library import AskedLibrary
from .parameters import schema
from .tools import INSTRUCTIONS, Tool

_log = logging.getLogger(__name__)

_Context = ServerRequestContext[Any]
#: Calls that are worked on at once.
_AT_ONCE: Final = 2
#: Seconds between two looks for encoders that nobody uses.
_LOOK: Final = 60.0
#: Seconds for the last answers to be read.
_LAST: Final = 2.0
#: Characters of a sentence: a query may be quoted in it.
_LONGEST: Final = 500


def serve(library: AskedLibrary, tools: Sequence[Tool]) -> None:
    """Serve until standard input ends. A signal is raised here, and ends calls that are worked on.

    Raises `BrokenPipeError` if the client reads no more.
    """
    if sys.stdin is None:
        # It was closed before the program began.
        return
    raised: list[BaseException] = []
    is_over = threading.Event()

    def run() -> None:
        try:
            anyio.run(partial(_serve, library, tools, is_over))
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread that waits
            raised.append(_only(error))
        finally:
            is_over.set()

    # A thread that waits for input, or for a client to read, cannot be ended. As a daemon's, it ends with the process.
    serving = threading.Thread(target=run, name="serving", daemon=True)
    serving.start()
    while not is_over.wait(_LOOK):
        library.release_idle()
    serving.join(_LAST)
    if raised:
        raise raised[0]
    if serving.is_alive():
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


async def _serve(library: AskedLibrary, tools: Sequence[Tool], is_over: threading.Event) -> None:
    by_name = {tool.name: tool for tool in tools}
    limiter = anyio.CapacityLimiter(_AT_ONCE)

    async def list_tools(_context: _Context, _params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[described(tool) for tool in tools])

    async def call_tool(_context: _Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        tool = by_name.get(params.name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"There is no tool {text(params.name[:_LONGEST])!r}.")
        work = partial(called, tool, library, params.arguments or {})
        # Work that the client cancels is not stopped: its thread goes on.
        return await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=limiter)

    server: Server[Any] = Server(
        "photos",
        version=installed_version() or "",
        title="Photos",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
    async with stdio_server() as (received, sent):
        try:
            await server.run(received, sent, server.create_initialization_options())
        finally:
            is_over.set()


def described(tool: Tool) -> types.Tool:
    """Return a tool as clients are told of it."""
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=schema(tool.kind),
        annotations=types.ToolAnnotations(read_only_hint=True, open_world_hint=False),
    )


def called(tool: Tool, library: AskedLibrary, given: Mapping[str, object]) -> types.CallToolResult:
    """Return the result of a call. An error is a result, too."""
    try:
        return _result(tool.call(library, given))
    except Exception as error:  # noqa: BLE001 - every error becomes an answer
        return _error(error)


def _result(answer: Answer) -> types.CallToolResult:
    content: list[types.ContentBlock] = [_text(to_json(answer.record, ensure_ascii=False))]
    for picture in answer.pictures:
        content += _shown(picture)
    return types.CallToolResult(content=content, structured_content=dict(answer.record))


def _shown(picture: Picture) -> list[types.ContentBlock]:
    if picture.data is None:
        return [_text(f"Photo {picture.photo} has no picture here: {picture.note}.")]
    data = base64.b64encode(picture.data).decode("ascii")
    note = f" ({picture.note})" if picture.note else ""
    return [
        _text(f"Picture of photo {picture.photo}{note}:"),
        types.ImageContent(type="image", data=data, mime_type=picture.media_type),
    ]


def _error(error: Exception) -> types.CallToolResult:
    sentence, _ = sentence_and_status(error)
    if isinstance(error, PhotosError):
        code = error.code
    else:
        code = "system_error" if isinstance(error, OSError | MemoryError) else "internal_error"
        # Without the sentence, which may hold what was searched for; --debug shows all of it.
        _log.warning("A call could not be answered (%s).", type(error).__name__)
        _log.debug("It raised:", exc_info=error)
    sentence = text(sentence)[:_LONGEST]
    return types.CallToolResult(
        content=[_text(f"{sentence} (code: {code})")],
        structured_content={"code": code, "title": sentence},
        is_error=True,
    )


def _text(content: str) -> types.TextContent:
    return types.TextContent(type="text", text=content)


def _only(error: BaseException) -> BaseException:
    """The single exception within groups of one; task groups make these."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
