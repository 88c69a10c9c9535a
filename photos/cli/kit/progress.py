"""Progress on standard error: bars on a terminal, otherwise a line at intervals."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self

from photos.cli.kit.format import counted, duration
from photos.operations.progress import Stage, Step, Wait, Waiting
from photos.sizes import readable_size

if TYPE_CHECKING:
    from tqdm import tqdm

#: The unit that is shown with the prefixes k, M and G.
BYTES: Final = "byte"
_WIDTH, _HEIGHT = 80, 24
#: Seconds between two lines where there is no terminal.
_INTERVAL = 20.0
#: Seconds between two drawings of a bar, so that its time runs on while nothing ends.
_TICK = 0.5
_WAITS: Final = {
    Wait.MODEL: "Loading the model",
    Wait.SCAN: "Looking through the folders",
    Wait.TAGS: "Bringing tags and index up to date",
    Wait.DESCRIBER: "Opening the describer",
}
#: Title and unit of each stage's bar.
_STAGES: Final = {
    Stage.DOWNLOAD: ("Downloading", BYTES),
    Stage.ENCODE_LABELS: ("Encoding labels", "text"),
    Stage.ENCODE_CAPTIONS: ("Encoding captions", "caption"),
    Stage.TAG: ("Tagging", "photo"),
    Stage.COMPARE: ("Comparing", "photo"),
    Stage.HASH: ("Hashing", "picture"),
    Stage.WRITE_SIDECARS: ("Writing sidecars", "picture"),
    Stage.MOVE: ("Moving files", "file"),
    Stage.DRAW: ("Drawing", "picture"),
    Stage.DESCRIBE: ("Describing", "picture"),
    Stage.COPY_ROWS: ("Copying", "row"),
    Stage.COMPARE_ROWS: ("Comparing", "row"),
    Stage.BUILD_INDEX: ("Building the index", "page"),
}


class Bar:
    """A progress bar with the rate and the time left. It appears at its first step.

    Away from a terminal *write* receives a line at intervals; None writes it to standard error.
    """

    def __init__(
        self,
        title: str,
        total: int | None,
        unit: str,
        clock: Callable[[], float] = time.monotonic,
        write: Callable[[str], None] | None = None,
    ) -> None:
        self._clock = clock
        self._title = title
        self._total = total
        self._unit = unit
        self._write = write or _write_line
        self._done = 0
        self._written_at = self._clock()
        # Units and time at the end of the first step. Work before it, such as loading a model, is no part of the rate.
        self._first: tuple[int, float] | None = None
        self._drawn: _Drawn | None = None

    def reach(self, done: int, total: int | None) -> None:
        """Set the units done and the total."""
        self._total = total
        self.advance(done - self._done)

    def advance(self, count: int = 1) -> None:
        """Add *count* units done."""
        self._done += count
        if self._done and self._first is None:
            self._first = self._done, self._clock()
        if sys.stderr.isatty():
            self._show()
        elif self._clock() - self._written_at >= _INTERVAL:
            self._written_at = self._clock()
            self._write(self._line())

    def _show(self) -> None:
        if self._drawn is None:
            is_size = self._unit == BYTES
            unit = "B" if is_size else f" {self._unit}s"
            self._drawn = _Drawn(
                desc=self._title, total=self._total, initial=self._begun_at(), unit=unit, unit_scale=is_size
            )
        self._drawn.reach(self._done, self._total)

    def _begun_at(self) -> int:
        # A bar that was hidden goes on where it was, with a new rate.
        return 0 if self._first is None or self._done == self._first[0] else self._done

    def hide(self) -> None:
        """Take the bar off the terminal until its next step."""
        if self._drawn is not None:
            self._drawn.close()
            self._drawn = None

    def close(self) -> None:
        """Remove the bar."""
        self.hide()

    def _line(self) -> str:
        done, total = (
            (readable_size(self._done), readable_size(self._total or 0))
            if self._unit == BYTES
            else (counted(self._done, self._unit), str(self._total))
        )
        line = f"{self._title}: {done}"
        if self._total:
            line += f" of {total}"
        if self._total and (seconds := self._seconds_left(self._total)) is not None:
            line += f", about {duration(seconds)} left"
        return line

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


class _Drawn:
    """A line on the terminal that is drawn again at intervals. *looks* are tqdm's."""

    def __init__(self, **looks: Any) -> None:
        from tqdm import tqdm

        has_width = os.get_terminal_size(sys.stderr.fileno()).columns > 0
        self._bar: tqdm[NoReturn] = tqdm(
            # Terminals of recorders and builds can have no columns, and tqdm would show nothing on them.
            ncols=None if has_width else _WIDTH,
            nrows=None if has_width else _HEIGHT,
            dynamic_ncols=has_width,
            leave=False,
            file=sys.stderr,
            **looks,
        )
        self._ended = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)
        self._ticker.start()

    def reach(self, done: int, total: int | None) -> None:
        """Draw the units done and the total."""
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Remove the line."""
        self._ended.set()
        self._ticker.join()
        self._bar.close()

    def _tick(self) -> None:
        while not self._ended.wait(_TICK):
            self._bar.refresh()


class StatusLine:
    """A line that says what is waited for, and for how long. Away from a terminal there is none."""

    def __init__(self, text: str) -> None:
        looks = {"desc": text, "total": None, "bar_format": "{desc} … {elapsed}"}
        self._drawn = _Drawn(**looks) if sys.stderr.isatty() else None

    def hide(self) -> None:
        """Remove the line."""
        if self._drawn is not None:
            self._drawn.close()
            self._drawn = None


class ProgressBars:
    """Receiver of an operation's events: a bar for the stage or the files at work, or a line on what is waited for.

    There is one at a time, because a bar above another one cannot be removed cleanly. *write* is as in `Bar`.
    """

    def __init__(self, write: Callable[[str], None] | None = None) -> None:
        self._write = write
        self._files: Bar | None = None
        self._stages: dict[Stage, Bar] = {}
        self._done: dict[Stage, int] = {}
        self._shown: Bar | StatusLine | None = None

    def report(self, event: object, /) -> None:
        """Show one event."""
        if isinstance(event, Step):
            bar = self._bar_of(event)
            self._show(bar)
            bar.reach(event.done, event.total)
            if event.done == event.total:
                bar.hide()
        elif isinstance(event, Waiting):
            self._show(None)
            self._shown = StatusLine(_WAITS[event.wait])
        else:
            self._report_files(event)

    def _show(self, shown: Bar | None) -> None:
        """Leave only *shown* on the terminal."""
        if self._shown is not None and self._shown is not shown:
            self._shown.hide()
        self._shown = shown

    def _bar_of(self, step: Step) -> Bar:
        if step.done < self._done.get(step.stage, 0):
            # The stage begins again, as with the re-tag of the next slot.
            self._stages.pop(step.stage).close()
        self._done[step.stage] = step.done
        if step.stage not in self._stages:
            title, unit = _STAGES[step.stage]
            self._stages[step.stage] = Bar(title, None, unit, write=self._write)
        return self._stages[step.stage]

    def _report_files(self, event: object) -> None:
        from indexer import FileDone, ReadingBegins
        from photos.operations.indexing.index import Resumed

        if isinstance(event, FileDone) and self._files is not None:
            self._show(self._files)
            self._files.advance()
        elif isinstance(event, ReadingBegins) and event.files:
            self._files = Bar("Indexing", event.files, "file", write=self._write)
            self._show(self._files)
            self._files.advance(0)
        elif isinstance(event, Resumed):
            self._show(None)
            _write_line("The last run was interrupted; its finished work is kept, and this run goes on from there.")

    def close(self) -> None:
        """Remove what is shown."""
        self._show(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _write_line(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
