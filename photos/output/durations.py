"""Times that are shown to people."""

from __future__ import annotations

import time


class Stopwatch:
    """Measures from when it is made."""

    def __init__(self) -> None:
        self._started = time.perf_counter()

    def seconds(self) -> float:
        """Seconds since then."""
        return time.perf_counter() - self._started
