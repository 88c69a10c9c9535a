"""The ASGI application."""

from __future__ import annotations

from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from .calls import JSON, Endpoint, problem_response
from .events import Events
from .guard import Guard
from .openapi import text
from .problems import Problem, not_found
from .routes import BASE, ROUTES
from .service import Service
from .socket_searches import SocketSearches


def application(service: Service) -> ASGIApp:
    """Return the application that answers for a service."""
    api = [Route(BASE + each.path, Endpoint(service, each).answer, methods=[each.method]) for each in ROUTES]
    routes = [
        *SocketSearches(service).routes(),
        *api,
        Route(f"{BASE}/events", Events(service).answer),
        Route("/openapi.json", _openapi),
    ]
    handlers = {HTTPException: _refused}
    return Guard(Starlette(routes=routes, exception_handlers=handlers), service.log)


async def _openapi(_: Request) -> Response:
    return Response(text(), media_type=JSON)


async def _refused(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.NOT_FOUND:
        return problem_response(not_found("There is nothing here; photos help http lists what there is."))
    problem = Problem(error.status_code, "bad_request", HTTPStatus(error.status_code).description or error.detail)
    response = problem_response(problem)
    response.headers.update(error.headers or {})
    return response
