"""The gallery's page: files of this package, as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from photos.http.answers.problems import not_found, problem_response

FOLDER: Final = Path(__file__).parents[1] / "static"
#: Browsers ask again each time: an upgrade changes the files under the same names.
_ASK_AGAIN: Final = {"Cache-Control": "private, no-cache"}


class _Files(StaticFiles):
    """The files of a folder, which browsers keep but ask for again."""

    def file_response(self, *args: Any, **named: Any) -> Response:
        """Return a file, or that it is as the browser has it."""
        response = super().file_response(*args, **named)
        response.headers.update(_ASK_AGAIN)
        return response


def page_routes() -> list[BaseRoute]:
    """Return the routes of the page."""
    pages: list[BaseRoute] = [Route("/", _page), Route("/favicon.ico", _icon)]
    if not FOLDER.is_dir():
        return pages
    return [*pages, Mount("/static", GZipMiddleware(_Files(directory=FOLDER)))]


async def _page(_: Request) -> Response:
    return _file("index.html", "text/html")


async def _icon(_: Request) -> Response:
    return _file("favicon.svg", "image/svg+xml")


def _file(name: str, kind: str) -> Response:
    path = FOLDER / name
    if not path.is_file():
        return problem_response(not_found("This installation has no page; install the program again."))
    return FileResponse(path, headers=_ASK_AGAIN, media_type=kind)
