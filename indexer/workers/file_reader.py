"""Reads one file: its content's hash, and if the content is new, its pixels and facts."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from indexer.decode import HEAD, DecodeError, Squarer, identify, read_photo
from indexer.files.open_file import open_without_waiting
from indexer.files.scan import stamp_of
from indexer.files.sidecars import with_sidecar
from store import Facts, Outcome, Stamp

#: Bytes. No picture that can be decoded is larger, and a file is held in memory whole.
MOST_BYTES = 1 << 30
#: Nanoseconds. Linux stamps files by a clock that ticks every 1 to 10 ms; FAT keeps every second one.
_SECOND = 1_000_000_000
_GRAIN, _COARSE = 20_000_000, 2 * _SECOND


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to read: its folder's id, and its path, relative and absolute."""

    folder_id: int
    path: bytes
    absolute: bytes
    stamp: Stamp
    #: Its facts are read again even if its photo is embedded.
    is_refresh: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The file cannot be indexed. `may_settle` says that it was changing, and may soon be read after all."""

    file: Wanted
    stamp: Stamp
    outcome: Outcome
    reason: str
    may_settle: bool = False
    #: The content that could not be decoded for no fault that it is known to have: it is tried a few times only.
    tried: bytes | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """The file holds a photo that is embedded already."""

    file: Wanted
    stamp: Stamp
    content_hash: bytes


@dataclass(frozen=True, slots=True)
class Decoded:
    """The file holds a photo that must be embedded; `pixels` are uint8 (size, size, 3)."""

    file: Wanted
    stamp: Stamp
    content_hash: bytes
    pixels: NDArray[np.uint8]
    #: 16 bytes, of the pixels.
    digest: bytes
    facts: Facts


Reading = Refused | Known | Decoded


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a content: decode it, unless it is embedded already or, for that reason, given up."""

    is_embedded: bool = False
    given_up: str | None = None


class Desk(Protocol):
    """What whoever reads a file asks of others. Safe among threads."""

    def decide(self, content_hash: bytes) -> Verdict:
        """What is to be done with the content of that SHA-256."""
        ...

    def turn(self) -> AbstractContextManager[object]:
        """What is held while a picture is decoded that takes so much memory that only one may at a time."""
        ...


def read_file(file: Wanted, preprocessing: Squarer, desk: Desk) -> Reading:
    """What *file* holds. Raises nothing on account of the file."""
    try:
        return _read(file, preprocessing, desk)
    except DecodeError as error:
        return Refused(file, file.stamp, error.outcome, error.reason)
    except FileNotFoundError:
        return Refused(file, file.stamp, Outcome.FAILED, "it went away before it was read", may_settle=True)
    except MemoryError:
        return Refused(file, file.stamp, Outcome.FAILED, "there was not enough memory for it")
    except OSError as error:
        return Refused(file, file.stamp, Outcome.FAILED, f"it cannot be read ({error.strerror or error})")


def _read(file: Wanted, preprocessing: Squarer, desk: Desk) -> Reading:
    with open_without_waiting(file.absolute) as opened:
        descriptor = opened.fileno()
        before = _settled(descriptor)
        stamp = stamp_of(before)
        if not stat.S_ISREG(before.st_mode):
            return Refused(file, stamp, Outcome.UNSUPPORTED, "it is no regular file")
        try:
            identify(opened.read(HEAD))
        except DecodeError as error:
            return Refused(file, stamp, error.outcome, error.reason)
        if before.st_size > MOST_BYTES:
            return Refused(file, stamp, Outcome.TOO_LARGE, f"it has {before.st_size / 1e9:.1f} GB")
        opened.seek(0)
        data = opened.read()
        after = stamp_of(os.fstat(descriptor))
    if after != stamp:
        reason = "it changed while it was read; the next pass reads it again"
        return Refused(file, stamp, Outcome.FAILED, reason, may_settle=True)
    return _decode(file, stamp, data, preprocessing, desk)


def _decode(file: Wanted, stamp: Stamp, data: bytes, preprocessing: Squarer, desk: Desk) -> Reading:
    content_hash = hashlib.sha256(data).digest()
    verdict = desk.decide(content_hash)
    if verdict.is_embedded and not file.is_refresh:
        return Known(file, stamp, content_hash)
    if verdict.given_up is not None:
        return Refused(file, stamp, Outcome.FAILED, verdict.given_up)
    try:
        photo = read_photo(data, preprocessing, desk.turn)
    except DecodeError as error:
        tried = content_hash if error.outcome is Outcome.FAILED else None
        return Refused(file, stamp, error.outcome, error.reason, tried=tried)
    digest = hashlib.blake2b(photo.pixels.tobytes(), digest_size=16).digest()
    facts = with_sidecar(photo.facts, file.absolute)
    return Decoded(file, stamp, content_hash, photo.pixels, digest, facts)


def _settled(descriptor: int) -> os.stat_result:
    """The file's status, once a change to it would show: two writes within a grain of the clock leave equal times."""
    status = os.fstat(descriptor)
    are_whole_seconds = status.st_mtime_ns % _SECOND == 0 == status.st_ctime_ns % _SECOND
    grain = _COARSE if are_whole_seconds else _GRAIN
    age = time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns)
    if not 0 <= age < grain:
        return status
    time.sleep((grain - age) / _SECOND)
    return os.fstat(descriptor)
