"""Progress of long work, on standard error: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from photos.cli.render import counted, duration

if TYPE_CHECKING:
    from indexer import Event

#: Seconds between two lines where there is no terminal.
_SELDOM = 20.0


class Bar:
    """How far work of known or unknown size has come, with its rate and the time left."""

    def __init__(self, what: str, total: int | None, unit: str, *, scale: bool = False) -> None:
        self._what = what
        self._total = total
        self._unit = unit
        self._done = 0
        self._started = self._told = time.monotonic()
        self._bar = None
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(
                desc=what, total=total, unit="B" if scale else f" {unit}s", unit_scale=scale, dynamic_ncols=True,
                smoothing=0.1, leave=False, file=sys.stderr,
            )  # fmt: skip

    def grow(self, total: int) -> None:
        """The work is *total* now."""
        self._total = total
        if self._bar is not None:
            self._bar.total = total
            self._bar.refresh()

    def advance(self, count: int = 1) -> None:
        """*count* more are done."""
        self._done += count
        if self._bar is not None:
            self._bar.update(count)
        elif time.monotonic() - self._told >= _SELDOM:
            self._told = time.monotonic()
            self._tell()

    def reach(self, done: int, total: int) -> None:
        """*done* of *total* are done."""
        if total != self._total:
            self.grow(total)
        self.advance(done - self._done)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()

    def _tell(self) -> None:
        elapsed = time.monotonic() - self._started
        rate = self._done / elapsed
        line = f"{self._what}: {counted(self._done, self._unit)}"
        if self._total:
            line += f" of {self._total}"
            if self._done:
                line += f", {duration((self._total - self._done) / rate)} left"
        sys.stderr.write(f"{line} ({rate:.1f} a second)\n")
        sys.stderr.flush()

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
        self._total = 0

    def report(self, event: Event) -> None:
        """Take note of *event*."""
        from indexer import FileDone, FolderScanned

        if isinstance(event, FolderScanned) and event.to_read:
            self._total += event.to_read
            if self._bar is None:
                self._bar = Bar("Indexing", self._total, "file")
            self._bar.grow(self._total)
        elif isinstance(event, FileDone) and self._bar is not None:
            self._bar.advance()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
