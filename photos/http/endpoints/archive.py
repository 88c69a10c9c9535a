"""Archives: the files of several photos as one ZIP, sent while they are read."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import parse_qs
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from photos.http.answers.problems import Problem, problem_response
from photos.http.service import Service
from photos.library import OpenLibrary
from photos.operations.originals import Original, open_original
from photos.public_records import text

#: The address of an archive; the photos are its parameter `ids`.
PATH: Final = "/media/archive.zip"
#: At most 1000 numbers of photos, with commas between them.
_NUMBERS: Final = re.compile(r"[1-9]\d{0,17}(,[1-9]\d{0,17}){0,999}", re.ASCII)
_CHUNK = 1 << 18


class Archive:
    """Answers requests for archives."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def routes(self) -> list[Route]:
        """The route."""
        return [Route(PATH, self._answer)]

    async def _answer(self, request: Request) -> Response:
        given = parse_qs(request.scope["query_string"].decode("latin-1")).get("ids", [""])[-1]
        if _NUMBERS.fullmatch(given) is None:
            sentence = "ids are the numbers of at most 1000 photos, with commas between them."
            return problem_response(Problem(400, "bad_request", sentence, {"field": "ids"}))
        numbers = list(dict.fromkeys(int(each) for each in given.split(",")))
        headers = {"Content-Disposition": 'attachment; filename="photos.zip"', "Cache-Control": "private, no-store"}
        return StreamingResponse(_parts(self._service.library(), numbers), 200, headers, "application/zip")


class _Sink:
    """A file that keeps what is written until it is taken. It cannot seek, so entries end with their sizes."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, part: bytes) -> int:
        """Keep *part*."""
        self._parts.append(bytes(part))
        return len(part)

    def flush(self) -> None:
        """Do nothing."""

    def take(self) -> bytes:
        """Return what was written since the last call."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def _parts(library: OpenLibrary, numbers: Sequence[int]) -> Iterator[bytes]:
    """Yield an archive of the photos' files, without those that have none now."""
    sink, names = _Sink(), set[str]()
    # The files are compressed already.
    with ZipFile(sink, "w", ZIP_STORED) as archive:  # type: ignore[call-overload]  # its stub wants more than it uses
        for number in numbers:
            original = open_original(library, number)
            if original is None:
                continue
            with original.file, archive.open(_entry(original, names), "w") as entry:
                while chunk := original.file.read(_CHUNK):
                    entry.write(chunk)
                    yield sink.take()
    yield sink.take()


def _entry(original: Original, names: set[str]) -> ZipInfo:
    """Return the entry for a file, under its own name, with the photo's number if another has that name."""
    name = text(os.path.basename(os.fsdecode(original.path)))
    if name in names:
        stem, ending = os.path.splitext(name)
        name = f"{stem}-{original.photo.id}{ending}"
    names.add(name)
    found = ZipInfo(name)
    found.file_size = original.size
    return found
