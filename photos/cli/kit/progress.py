"""Progress of long work, on standard error: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Final, NoReturn, Self

from photos.cli.kit.format import counted, duration
from photos.operations.models import in_bytes

if TYPE_CHECKING:
    from tqdm import tqdm

    from indexer import Event

#: The unit that is shown in thousands and millions.
BYTES: Final = "byte"
_WIDTH, _HEIGHT = 80, 24
#: Seconds between two lines where there is no terminal.
_SELDOM = 20.0


class Bar:
    """How far work of known or unknown size has come, with its rate and the time left. Shown from its first step on."""

    def __init__(self, what: str, total: int | None, unit: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._what = what
        self._total = total
        self._unit = unit
        self._done = 0
        self._told = self._clock()
        # Where and when the first step ended: what came before it, such as loading a model, is no part of the rate.
        self._first: tuple[int, float] | None = None
        self._bar: tqdm[NoReturn] | None = None

    def grow(self, total: int) -> None:
        """The work is *total* now."""
        self._total = total
        self.advance(0)

    def reach(self, done: int, total: int) -> None:
        """*done* of *total* are done."""
        self._total = total
        self.advance(done - self._done)

    def advance(self, count: int = 1) -> None:
        """*count* more are done."""
        self._done += count
        if self._done and self._first is None:
            self._first = self._done, self._clock()
        if sys.stderr.isatty():
            self._show(count)
        elif self._clock() - self._told >= _SELDOM:
            self._told = self._clock()
            self._tell()

    def _show(self, count: int) -> None:
        if self._bar is None:
            from tqdm import tqdm

            is_size = self._unit == BYTES
            unit = "B" if is_size else f" {self._unit}s"
            has_width = os.get_terminal_size(sys.stderr.fileno()).columns > 0
            self._bar = tqdm(
                desc=self._what,
                total=self._total,
                unit=unit,
                unit_scale=is_size,
                # Terminals of recorders and builds can be nought columns wide, and tqdm would show nothing on them.
                ncols=None if has_width else _WIDTH,
                nrows=None if has_width else _HEIGHT,
                dynamic_ncols=has_width,
                leave=False,
            )
        self._bar.total = self._total
        self._bar.update(count)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()

    def _tell(self) -> None:
        done, total = (
            (in_bytes(self._done), in_bytes(self._total or 0))
            if self._unit == BYTES
            else (counted(self._done, self._unit), str(self._total))
        )
        line = f"{self._what}: {done}"
        if self._total:
            line += f" of {total}"
        if self._total and (seconds := self._seconds_left(self._total)) is not None:
            line += f", about {duration(seconds)} left"
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    def _seconds_left(self, total: int) -> float | None:
        if self._first is None or self._done == self._first[0]:
            return None
        done, at = self._first
        return (total - self._done) * (self._clock() - at) / (self._done - done)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class FileProgress:
    """Listens to the indexer: a bar over the files that it has to read."""

    def __init__(self) -> None:
        self._bar: Bar | None = None

    def report(self, event: Event) -> None:
        """Take note of *event*."""
        from indexer import FileDone, ReadingBegins

        if isinstance(event, ReadingBegins) and event.files:
            self._bar = Bar("Indexing", event.files, "file")
        elif isinstance(event, FileDone) and self._bar is not None:
            self._bar.advance()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
