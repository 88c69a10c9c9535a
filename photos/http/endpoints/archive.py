"""Archives: the files of several photos as one ZIP, sent while they are read."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from typing import Annotated, Final
from urllib.parse import parse_qs
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from photos.http.answers.problems import Problem, not_found, problem_response
from photos.http.prepared_archives import Contents
from photos.http.service import Service
from photos.library import OpenLibrary
from photos.operations.searching.originals import OpenSidecar, Original, Sidecars, open_original
from photos.public_records import text
from photos.records.http import ArchiveRecord

from .calls import Call

#: The address of an archive; the photos are its parameter `ids`.
PATH: Final = "/media/archive.zip"
_PREPARED: Final = "/media/archive/{key}.zip"
#: At most 1000 numbers of photos, with commas between them.
_NUMBERS: Final = re.compile(r"[1-9]\d{0,17}(,[1-9]\d{0,17}){0,999}", re.ASCII)
#: Photos of a prepared archive. A ZIP without extensions has at most 65 535 entries, and not every program reads more;
#: a photo seldom has more than two sidecars. Its directory, about 700 bytes an entry, is in memory until it is sent.
_MOST: Final = 20_000
_CHUNK = 1 << 18

Photo = Annotated[int, Meta(ge=1, le=(1 << 63) - 1)]


class ArchivePhotos(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Photos of an archive, and whether their sidecars are in it, too."""

    photos: Annotated[list[Photo], Meta(min_length=1, max_length=_MOST)]
    sidecars: bool = False


def prepare_archive(call: Call) -> ArchiveRecord:
    """Give an archive of many photos an address."""
    asked = call.body(ArchivePhotos)
    numbers = tuple(dict.fromkeys(asked.photos))
    key = call.service.archives.add(Contents(numbers, asked.sidecars))
    return {"address": _PREPARED.format(key=key), "photos": len(numbers)}


class Archive:
    """Answers requests for archives."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def routes(self) -> list[Route]:
        """The routes."""
        return [Route(PATH, self._answer), Route(_PREPARED, self._answer_prepared)]

    async def _answer(self, request: Request) -> Response:
        given = parse_qs(request.scope["query_string"].decode("latin-1"))
        numbers = given.get("ids", [""])[-1]
        if _NUMBERS.fullmatch(numbers) is None:
            sentence = "ids are the numbers of at most 1000 photos, with commas between them."
            return problem_response(Problem(400, "bad_request", sentence, {"field": "ids"}))
        chosen = tuple(dict.fromkeys(int(each) for each in numbers.split(",")))
        return self._sent(Contents(chosen, given.get("sidecars", ["0"])[-1] == "1"))

    async def _answer_prepared(self, request: Request) -> Response:
        contents = self._service.archives.get(request.path_params["key"])
        if contents is None:
            return problem_response(not_found("This archive is not kept any more; ask for it again."))
        return self._sent(contents)

    def _sent(self, contents: Contents) -> Response:
        headers = {"Content-Disposition": 'attachment; filename="photos.zip"', "Cache-Control": "private, no-store"}
        return StreamingResponse(_parts(self._service.library(), contents), 200, headers, "application/zip")


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


def _parts(library: OpenLibrary, contents: Contents) -> Iterator[bytes]:
    """Yield an archive of the photos' files, without those that have none now."""
    sink, names, sidecars = _Sink(), set[str](), Sidecars(library)
    # The files are compressed already.
    with ZipFile(sink, "w", ZIP_STORED) as archive:  # type: ignore[call-overload]  # its stub wants more than it uses
        for number in contents.photos:
            original = open_original(library, number)
            if original is None:
                continue
            name = _free(text(os.path.basename(os.fsdecode(original.path))), original, names)
            yield from _entry(archive, sink, name, original)
            if contents.with_sidecars:
                for sidecar in sidecars.open(original.path):
                    yield from _entry(archive, sink, _free(_beside(sidecar, original, name), original, names), sidecar)
    yield sink.take()


def _entry(archive: ZipFile, sink: _Sink, name: str, source: Original | OpenSidecar) -> Iterator[bytes]:
    info = ZipInfo(name)
    info.file_size = source.size
    with source.file, archive.open(info, "w") as entry:
        while chunk := source.file.read(_CHUNK):
            entry.write(chunk)
            yield sink.take()


def _free(name: str, original: Original, names: set[str]) -> str:
    """Return *name*, with the photo's number if another entry has it, on any file system."""
    stem, ending = os.path.splitext(name)
    tried, repeats = name, 0
    while (alike := unicodedata.normalize("NFC", tried).casefold()) in names:
        repeats += 1
        tried = f"{stem}-{original.photo.id}{'' if repeats == 1 else f'-{repeats}'}{ending}"
    names.add(alike)
    return tried


def _beside(sidecar: OpenSidecar, original: Original, name: str) -> str:
    """Return the name of a sidecar beside *name*, which its picture has in the archive."""
    own, picture = text(os.fsdecode(sidecar.name)), text(os.path.basename(os.fsdecode(original.path)))
    for whole, instead in ((picture, name), (os.path.splitext(picture)[0], os.path.splitext(name)[0])):
        if own.startswith(f"{whole}."):
            return instead + own[len(whole) :]
    return own
