"""Events: a stream that says when the library or a job changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from photos.errors import PhotosError
from photos.http.answers.problems import Problem, problem_response
from photos.http.answers.public_records import encode
from photos.http.service import Service
from photos.operations.changes import library_stamp

MEDIA_TYPE: Final = "text/event-stream"
#: Seconds between two looks, and looks after which a client hears that the stream lives.
_LOOK, _LOOKS = 1.0, 15
#: Streams at once: each keeps a connection.
_MOST = 12


class Events:
    """The stream of events at one route."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._open = 0

    async def answer(self, request: Request) -> Response:
        """Answer with the events from now on."""
        del request
        if self._open >= _MOST:
            return problem_response(Problem(503, "busy", "Too many streams of events are open."))
        return StreamingResponse(self._events(), media_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})

    async def _events(self) -> AsyncIterator[bytes]:
        self._open += 1
        try:
            # From here on the client misses nothing that comes after an answer it asks for next.
            stamp, jobs, looks = self._stamp(), self._service.jobs.version, 0
            yield _event("library", stamp, {"generation": stamp})
            while not self._service.is_ending:
                await asyncio.sleep(_LOOK)
                looks += 1
                now = self._stamp()
                if now is not None and now != stamp:
                    stamp, looks = now, 0
                    yield _event("library", stamp, {"generation": stamp})
                if self._service.jobs.version != jobs:
                    jobs, looks = self._service.jobs.version, 0
                    for job in reversed(self._service.jobs.all()[:3]):
                        yield _event("job", None, job.record())
                if looks >= _LOOKS:
                    looks = 0
                    yield b": \n\n"
        finally:
            self._open -= 1

    def _stamp(self) -> str | None:
        try:
            return library_stamp(self._service.library())
        except PhotosError:
            # Another library may be put in its place.
            return None


def _event(kind: str, number: str | None, record: object) -> bytes:
    named = b"" if number is None else b"id: " + number.encode("ascii") + b"\n"
    return b"event: " + kind.encode("ascii") + b"\n" + named + b"data: " + encode(record) + b"\n\n"
