"""The application behind the access control: the API, pictures, the login, and the page."""

from __future__ import annotations

from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from .answers.problems import Problem, not_found, problem_response
from .endpoints.archive import Archive
from .endpoints.calls import JSON, Endpoint
from .endpoints.events import Events
from .endpoints.login import Login
from .endpoints.media import Media
from .endpoints.page import page_routes
from .openapi import text
from .routes import BASE, ROUTES
from .service import Service


def api(service: Service) -> ASGIApp:
    """Return the application for a service."""
    routes = [
        *(Route(BASE + each.path, Endpoint(service, each).answer, methods=[each.method]) for each in ROUTES),
        Route(f"{BASE}/events", Events(service).answer),
        Route("/openapi.json", _openapi),
        *Archive(service).routes(),
        *Media(service).routes(),
        *Login(service).routes(),
        *page_routes(),
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: _refused})


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
