"""Reading one file: its content's hash, and if the content is new, its pixels and facts."""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from indexer.decode import (
    HEAD,
    DecodeError,
    identify,
    read_metadata,
    read_photo,
    read_sidecar,
)
from indexer.files.picture_names import outcome_by_name
from indexer.files.scan import stamp_of
from indexer.metadata import MAX_SIZE
from indexer.metadata.takeout import read_takeout
from store import Facts, Metadata, Outcome, Stamp
from store.open_file import open_file, open_nonblocking

if TYPE_CHECKING:
    from indexer.models.protocols import Preprocessor

#: Bytes. No picture that can be decoded is larger, and a whole file is held in memory.
MOST_BYTES = 1 << 30
_CHANGED = "it changed while it was read; the next pass reads it again"
#: Nanoseconds. Linux stamps files by a clock that ticks every 1 to 10 ms; FAT keeps every second one.
_SECOND = 1_000_000_000
_GRAIN, _COARSE = 20_000_000, 2 * _SECOND


class Purpose(Enum):
    """The purpose of reading a file."""

    #: Its picture and its facts, unless its content is embedded already.
    PHOTO = "photo"
    #: Its picture and its facts in any case.
    PHOTO_AGAIN = "photo again"
    #: The facts of a picture that is embedded already.
    FACTS = "facts"
    #: The facts in a sidecar.
    SIDECAR = "sidecar"

    @property
    def is_facts(self) -> bool:
        """True if facts alone are read."""
        return self in {Purpose.FACTS, Purpose.SIDECAR}


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """A file to read: its folder's id, and its path, relative and absolute."""

    folder_id: int
    path: bytes
    absolute: bytes
    stamp: Stamp
    purpose: Purpose = Purpose.PHOTO
    #: The stamp was taken on another machine, to which inodes and times of changes look different.
    is_remote: bool = False

    def seen(self, stamp: Stamp) -> Stamp:
        """The stamp to keep for a file that has *stamp* here: that of the request, if the file is still the same."""
        return self.stamp if self.is_remote and _is_unchanged(self.stamp, stamp) else stamp


def _is_unchanged(there: Stamp, here: Stamp) -> bool:
    """Return whether a file has the same size and time of modification; some file systems keep every second one."""
    apart = abs(there.mtime_ns - here.mtime_ns)
    is_coarse = 0 in {there.mtime_ns % _SECOND, here.mtime_ns % _SECOND}
    return there.size == here.size and (apart == 0 or (is_coarse and apart < _COARSE))


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """The file cannot be indexed. `may_settle`: it was changing, and may soon be readable."""

    file: ReadRequest
    stamp: Stamp
    outcome: Outcome
    reason: str
    may_settle: bool = False
    #: Hash of a content that could not be decoded for an unknown reason: it is tried only a few times.
    tried: bytes | None = None


@dataclass(frozen=True, slots=True)
class KnownPhoto:
    """The file holds a photo that is embedded already."""

    file: ReadRequest
    stamp: Stamp
    content_hash: bytes


class Pixels(NamedTuple):
    """Input of an image encoder, uint8 (height, width, 3), and its digest, 16 bytes; see `pixels_digest`."""

    pixels: NDArray[np.uint8]
    digest: bytes


@dataclass(frozen=True, slots=True)
class Decoded:
    """The file holds a photo that must be embedded; `pixels` are uint8 (height, width, 3)."""

    file: ReadRequest
    stamp: Stamp
    content_hash: bytes
    pixels: NDArray[np.uint8]
    #: 16 bytes, of the pixels; see `pixels_digest`.
    digest: bytes
    facts: Facts
    #: As it is stored: see `indexer.decode.miniature`.
    miniature: bytes
    #: What a person should know of the file although it is a photo.
    note: str | None = None
    #: The pixels for the space that is filled beside, if there is one.
    beside: Pixels | None = None
    #: A WebP file, if one was wanted and the picture was decoded large enough; see `indexer.decode.thumbnail`.
    thumbnail: bytes | None = None

    @property
    def own(self) -> Pixels:
        """The pixels for the space that answers."""
        return Pixels(self.pixels, self.digest)


@dataclass(frozen=True, slots=True)
class Stated:
    """The file states these facts. It was read for nothing else."""

    file: ReadRequest
    stamp: Stamp
    found: Metadata
    #: The ending of the picture that a sidecar says it belongs to, in lower case.
    belongs_to: bytes | None = None


Reading = RefusedFile | KnownPhoto | Decoded | Stated
#: That of the space that answers, and that of the one that is filled beside, if there is one.
_Preprocessings = tuple["Preprocessor", "Preprocessor | None"]


@dataclass(frozen=True, slots=True)
class Decision:
    """Decision about a content: decode it, unless it is embedded already or given up for that reason.

    `wants_thumbnail`: make a thumbnail of the pixels, too.
    """

    is_embedded: bool = False
    given_up: str | None = None
    wants_thumbnail: bool = False


class ReadContext(Protocol):
    """Decisions and locks for reading files. Thread-safe."""

    def decide(self, content_hash: bytes) -> Decision:
        """Decide about the content with that SHA-256."""
        ...

    def memory_lock(self) -> AbstractContextManager[object]:
        """The lock that is held while a large picture is decoded, so that there is one of them in memory at a time."""
        ...


def read_requested_file(
    file: ReadRequest, preprocessing: Preprocessor, context: ReadContext, beside: Preprocessor | None = None
) -> Reading:
    """Read *file*, also for a second preprocessing *beside*. Raises nothing because of the file."""
    reading = _read_or_refuse(file, (preprocessing, beside), context)
    if isinstance(reading, RefusedFile):
        return replace(reading, outcome=outcome_by_name(reading.outcome, file.absolute, reading.stamp.size))
    return reading


def _read_or_refuse(file: ReadRequest, preprocessings: _Preprocessings, context: ReadContext) -> Reading:
    try:
        return _read_facts(file) if file.purpose.is_facts else _read(file, preprocessings, context)
    except DecodeError as error:
        return RefusedFile(file, file.stamp, error.outcome, error.reason)
    except FileNotFoundError:
        return RefusedFile(file, file.stamp, Outcome.FAILED, "it went away before it was read", may_settle=True)
    except MemoryError:
        return RefusedFile(file, file.stamp, Outcome.FAILED, "there was not enough memory for it")
    except OSError as error:
        return RefusedFile(file, file.stamp, Outcome.FAILED, f"it cannot be read ({error.strerror or error})")


def _read(file: ReadRequest, preprocessings: _Preprocessings, context: ReadContext) -> Reading:
    with open_nonblocking(file.absolute) as opened:
        descriptor = opened.fileno()
        before = _status_when_stable(descriptor)
        stamp = file.seen(stamp_of(before))
        if not stat.S_ISREG(before.st_mode):
            return RefusedFile(file, stamp, Outcome.UNSUPPORTED, "it is no regular file")
        try:
            identify(opened.read(HEAD))
        except DecodeError as error:
            return RefusedFile(file, stamp, error.outcome, error.reason)
        if before.st_size > MOST_BYTES:
            return RefusedFile(file, stamp, Outcome.TOO_LARGE, f"it has {before.st_size / 1e9:.1f} GB")
        opened.seek(0)
        data = opened.read()
        after = stamp_of(os.fstat(descriptor))
    if after != stamp_of(before):
        return RefusedFile(file, stamp, Outcome.FAILED, _CHANGED, may_settle=True)
    return _decode(file, stamp, data, preprocessings, context)


def _decode(
    file: ReadRequest, stamp: Stamp, data: bytes, preprocessings: _Preprocessings, context: ReadContext
) -> Reading:
    content_hash = hashlib.sha256(data).digest()
    decision = context.decide(content_hash)
    if decision.is_embedded and file.purpose is Purpose.PHOTO:
        return KnownPhoto(file, stamp, content_hash)
    if decision.given_up is not None:
        return RefusedFile(file, stamp, Outcome.FAILED, decision.given_up)
    try:
        with_thumbnail = decision.wants_thumbnail
        photo = read_photo(
            data, preprocessings[0], context.memory_lock, beside=preprocessings[1], with_thumbnail=with_thumbnail
        )
    except DecodeError as error:
        tried = content_hash if error.outcome is Outcome.FAILED else None
        return RefusedFile(file, stamp, error.outcome, error.reason, tried=tried)
    digest = pixels_digest(photo.pixels)
    beside = None if photo.beside is None else Pixels(photo.beside, pixels_digest(photo.beside))
    return Decoded(
        file,
        stamp,
        content_hash,
        photo.pixels,
        digest,
        photo.facts,
        photo.miniature,
        photo.note,
        beside,
        photo.thumbnail,
    )


def pixels_digest(pixels: NDArray[np.uint8]) -> bytes:
    """Digest of *pixels*, uint8 (height, width, 3): 16 bytes, BLAKE2b.

    Blank pages of two shapes have the same bytes, so the shape is part of it, except of squares.
    """
    height, width, _ = pixels.shape
    # Libraries hold digests of squares that were made before there were other shapes.
    shape = b"" if height == width else struct.pack("<II", height, width)
    return hashlib.blake2b(pixels.tobytes(), digest_size=16, person=shape).digest()


def _read_facts(file: ReadRequest) -> Reading:
    """Read the facts of a picture whose content is known, or of a sidecar, without reading more than needed."""
    with open_file(file.absolute) as opened:
        stamp = file.seen(stamp_of(os.fstat(opened.fileno())))
        if stamp != file.stamp:
            return RefusedFile(file, stamp, Outcome.FAILED, _CHANGED, may_settle=True)
        if file.purpose is Purpose.FACTS:
            return Stated(file, stamp, read_metadata(opened))
        # As many bytes as of a packet within a picture.
        data = opened.read(MAX_SIZE)
    if file.absolute.lower().endswith(b".json"):
        return Stated(file, stamp, read_takeout(data))
    return Stated(file, stamp, *read_sidecar(data))


def _status_when_stable(descriptor: int) -> os.stat_result:
    """The file's status, once a later change would be visible: two writes within a clock tick leave equal times."""
    status = os.fstat(descriptor)
    are_whole_seconds = status.st_mtime_ns % _SECOND == 0 == status.st_ctime_ns % _SECOND
    grain = _COARSE if are_whole_seconds else _GRAIN
    age = time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns)
    if not 0 <= age < grain:
        return status
    time.sleep((grain - age) / _SECOND)
    return os.fstat(descriptor)
