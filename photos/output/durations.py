"""Elapsed time."""

from __future__ import annotations

import time


class Stopwatch:
    """Elapsed time since the object was made."""

    def __init__(self) -> None:
        self._started = time.perf_counter()

    def seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._started
