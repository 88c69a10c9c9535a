"""The ASGI application."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.types import ASGIApp

from .connections import Limits
from .guard import Guard
from .socket_searches import OnceLog, Search, SocketSearches
from .turns import Turns

#: Answers that are worked on at once.
_ANSWERS = 2


def application(library: Path, search: Search, log: Callable[[str], None], limits: Limits) -> ASGIApp:
    """Return the application that answers for *library*."""
    once = OnceLog(log)
    turns = Turns(_ANSWERS, limits.patience)
    return Guard(Starlette(routes=[*SocketSearches(library, search, once, turns).routes()]), once)
