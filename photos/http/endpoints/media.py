"""Pictures of photos: thumbnails, previews and the files themselves, by content or by the photo's number."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import BinaryIO, Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from photos.errors import PhotosError, safe
from photos.http.answers.problems import Problem, not_found, problem_of, problem_response
from photos.http.server.worker_threads import NoFreeThread
from photos.http.service import Service
from photos.operations.searching.originals import Original, absent_folders, open_original
from photos.operations.searching.photos import photos_by_id
from photos.thumbnails import PREVIEW_SIDES, PREVIEW_TYPE, THUMBNAIL_TYPE, Missing, NoPicture

#: A content's address has its first digits, and never another picture.
_FOREVER: Final = "private, max-age=31536000, immutable"
_ASK_AGAIN: Final = "private, no-cache"
#: For an original: whatever it is, nothing in it runs, and it loads nothing.
_SANDBOX: Final = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:"
#: Types of formats that browsers show, by the names that decoders give them. All others are downloaded.
_TYPES: Final = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "AVIF": "image/avif",
}
_DOWNLOAD: Final = "application/octet-stream"
_CHUNK = 1 << 18
_HASH = re.compile("[0-9a-f]{16,64}")
_NUMBER = re.compile(r"[1-9]\d{0,17}", re.ASCII)
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_ORIGINAL: Final = "original"
_SMALL: Final = "320.webp"
_PREVIEWS: Final = {f"{side}.jpg": side for side in PREVIEW_SIDES}

#: A photo's number, or the start of its content's hash.
Key = int | bytes


class Media:
    """Answers requests for pictures."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def routes(self) -> list[Route]:
        """The routes."""
        names = ("/media/id/{number}/{picture}", "/media/{hash}/{picture}")
        return [Route(name, self._answer) for name in names]

    async def _answer(self, request: Request) -> Response:
        try:
            key, picture = _key(request), request.path_params["picture"]
            if picture not in {_ORIGINAL, _SMALL, *_PREVIEWS}:
                raise not_found(f"There is no such picture; there are {_SMALL}, {', '.join(_PREVIEWS)} and original.")
            return await self._service.picture_threads.run(lambda: self._found(request, key, picture))
        except Problem as problem:
            return problem_response(problem)
        except NoFreeThread:
            return problem_response(_busy())

    def _found(self, request: Request, key: Key, picture: str) -> Response:
        if self._service.library().is_new:
            # It was moved: a catalog must not be made in its place.
            raise not_found("The library has no photos.")
        try:
            return self._original(request, key) if picture == _ORIGINAL else self._small(request, key, picture)
        except PhotosError as error:
            raise problem_of(error) from error

    def _small(self, request: Request, key: Key, picture: str) -> Response:
        content = self._content(key)
        tag = f'"{content.hex()}-{picture}"'
        headers = {"ETag": tag, "Cache-Control": _ASK_AGAIN if isinstance(key, int) else _FOREVER}
        if tag in request.headers.get("If-None-Match", ""):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        if picture == _SMALL:
            made, kind = self._service.thumbnails.thumbnail(content), THUMBNAIL_TYPE
        else:
            made, kind = self._service.thumbnails.preview(content, _PREVIEWS[picture]), PREVIEW_TYPE
        if isinstance(made, NoPicture):
            raise self._gone(key) if made.reason is Missing.GONE else _missing(made)
        return Response(made, headers=headers, media_type=kind)

    def _content(self, key: Key) -> bytes:
        """Return the content's hash, or what is known of it: with it, a kept picture is found without the catalog."""
        if isinstance(key, bytes):
            return key
        found = photos_by_id(self._service.library(), [key])
        if not found:
            raise not_found(f"There is no photo {key}.")
        return found[0].content_hash

    def _original(self, request: Request, key: Key) -> Response:
        original = open_original(self._service.library(), key)
        if original is None:
            raise self._gone(key)
        try:
            return _file_response(request, original, immutable=isinstance(key, bytes))
        except BaseException:
            original.file.close()
            raise

    def _gone(self, key: Key) -> Problem:
        """Return the reason why no file of a photo can be read now."""
        away = absent_folders(self._service.library(), key)
        if not away:
            return Problem(HTTPStatus.NOT_FOUND, "photo_gone", "The photo has no file now that is as it was indexed.")
        sentence = f"The photo is in {safe(away[0])}, which cannot be read now; perhaps its disk is not connected."
        return Problem(HTTPStatus.NOT_FOUND, "folder_offline", sentence)


def _file_response(request: Request, original: Original, *, immutable: bool) -> Response:
    kind = _TYPES.get(original.photo.facts.format, _DOWNLOAD)
    place = "inline" if kind != _DOWNLOAD and "download" not in request.query_params else "attachment"
    tag = f'"{original.photo.content_hash.hex()}"'
    headers = {
        "ETag": tag,
        "Cache-Control": _FOREVER if immutable else _ASK_AGAIN,
        "Accept-Ranges": "bytes",
        "Content-Security-Policy": _SANDBOX,
        "Content-Disposition": f"{place}; filename*=UTF-8''{quote(os.path.basename(original.path))}",
    }
    if tag in request.headers.get("If-None-Match", ""):
        original.file.close()
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    wanted = request.headers.get("Range") if request.headers.get("If-Range", tag) == tag else None
    start, end = _part(wanted, original.size)
    headers["Content-Length"] = str(end - start)
    status = HTTPStatus.OK
    if (start, end) != (0, original.size) or (wanted is not None and original.size):
        status = HTTPStatus.PARTIAL_CONTENT
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{original.size}"
    if request.method == "HEAD":
        original.file.close()
        return Response(status_code=status, headers=headers, media_type=kind)
    return _OpenFileResponse(original.file, start, end, status, headers, kind)


class _OpenFileResponse(StreamingResponse):
    """A part of an open file. It is closed at the end, also for a client that went away before the first byte."""

    def __init__(
        self, file: BinaryIO, start: int, end: int, status: int, headers: dict[str, str], media_type: str
    ) -> None:
        super().__init__(_parts(file, start, end), status, headers, media_type)
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the part."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()


def _part(wanted: str | None, size: int) -> tuple[int, int]:
    """Return the start and the end of the bytes that are asked for. Several ranges are answered with everything."""
    match = None if wanted is None else _RANGE.fullmatch(wanted.strip())
    if match is None or match.groups() == ("", ""):
        return 0, size
    first, last = match.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= end:
        raise Problem(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "bad_range", f"The file has {size} bytes.")
    return start, end


def _parts(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    file.seek(start)
    left = end - start
    # A file that has become shorter ends the connection early.
    while left > 0 and (part := file.read(min(left, _CHUNK))):
        left -= len(part)
        yield part


def _key(request: Request) -> Key:
    number, content = request.path_params.get("number"), request.path_params.get("hash", "")
    if number is not None:
        if not _NUMBER.fullmatch(number):
            raise not_found("A photo's number is a whole number.")
        return int(number)
    if not _HASH.fullmatch(content) or len(content) % 2:
        raise not_found("The address of a photo has 16 hexadecimal digits or more.")
    return bytes.fromhex(content)


def _missing(none: NoPicture) -> Problem:
    if none.reason is Missing.BUSY:
        return _busy()
    code = "not_found" if none.reason is Missing.UNKNOWN else "photo_broken"
    return Problem(HTTPStatus.NOT_FOUND, code, f"There is no picture: {none.detail}.")


def _busy() -> Problem:
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "busy", "Too many pictures are asked for at once; try again.")
