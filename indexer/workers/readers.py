"""Who reads files: threads of this process, or processes of their own."""

from __future__ import annotations

import os
from typing import Protocol

from indexer.decode import Squarer

from .file_reader import Desk, Reading, Wanted, read_file

_MOST = 8


class Readers(Protocol):
    """Reads files, up to `count` of them at once, each call on a thread of its own."""

    @property
    def count(self) -> int:
        """How many files can be read at once."""
        ...

    def read(self, file: Wanted, desk: Desk) -> Reading:
        """What *file* holds. Raises nothing on account of the file."""
        ...

    def abandon(self) -> None:
        """Nobody waits any longer for what is being read. Calls in progress end soon."""
        ...


class InThreads:
    """Reads in the calling thread. What crashes a decoder, or makes it take all memory, ends the whole process."""

    def __init__(self, preprocessing: Squarer, count: int | None = None) -> None:
        self._preprocessing = preprocessing
        self.count = count or usual_count()

    def read(self, file: Wanted, desk: Desk) -> Reading:
        """What *file* holds."""
        return read_file(file, self._preprocessing, desk)

    def abandon(self) -> None:
        """Reading goes on to its end, which is near."""


def usual_count() -> int:
    """A reader for each core, up to eight: decoding more at once than that takes memory and waits for the disk."""
    return min(_MOST, os.cpu_count() or 1)
