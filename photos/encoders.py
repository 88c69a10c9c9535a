"""The seam between the program and the encoders: tests put their own in its place."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from indexer.models import Checkpoint
    from indexer.models.protocols import EncoderFactory, ImageEncoder, TextEncoder


class SiglipEncoders:
    """The real ones, which compute with so many *threads*; as many as torch finds best, if it is None.

    Tokenizers are kept in the folder *kept*.
    """

    def __init__(self, kept: Path, threads: int | None = None) -> None:
        self._kept = kept
        self._threads = threads

    def image(self, checkpoint: Checkpoint, device: str | None, precision: str | None) -> ImageEncoder:
        """The checkpoint's image tower, on *device* or the best there is."""
        from indexer.models.siglip.torch_encoders import SiglipImageEncoder  # noqa: PLC0415 - this loads torch

        self._limit()
        return SiglipImageEncoder(checkpoint, device, precision)

    def text(self, checkpoint: Checkpoint, device: str | None) -> TextEncoder:
        """The checkpoint's text tower, on *device* or the best there is; a few texts need no torch on the CPU."""
        from indexer.models.siglip.text_encoder import SiglipTextEncoder  # noqa: PLC0415 - most commands need none

        return SiglipTextEncoder(checkpoint, self._kept, device, self._limit, self._threads)

    def _limit(self) -> None:
        if self._threads is not None:
            from indexer.models.backends.devices import limit_threads  # noqa: PLC0415 - this loads torch

            limit_threads(self._threads)


Tower = TypeVar("Tower")
_Key = tuple[str | None, ...]


@dataclass(slots=True)
class _Kept(Generic[Tower]):
    tower: Tower
    used: float


class CachedEncoders:
    """Encoders that are kept from use to use, and given back after *idle* seconds without one. Threads may share it.

    Those of weights that have changed are made anew.
    """

    def __init__(self, towers: EncoderFactory, idle: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._towers = towers
        self._idle = idle
        self._clock = clock
        self._lock = threading.Lock()
        self._images: dict[_Key, _Kept[ImageEncoder]] = {}
        self._texts: dict[_Key, _Kept[TextEncoder]] = {}

    def image(self, checkpoint: Checkpoint, device: str | None, precision: str | None) -> ImageEncoder:
        """The encoder of pictures."""
        key = (checkpoint.weights_stamp(), device, precision)
        return self._kept(self._images, key, lambda: self._towers.image(checkpoint, device, precision))

    def text(self, checkpoint: Checkpoint, device: str | None) -> TextEncoder:
        """The encoder of texts."""
        key = (checkpoint.weights_stamp(), device)
        return self._kept(self._texts, key, lambda: self._towers.text(checkpoint, device))

    def rest(self) -> None:
        """Give back what was not used for long enough."""
        with self._lock:
            late = self._clock() - self._idle
            for all_kept in (self._images, self._texts):
                for key in [key for key, kept in all_kept.items() if kept.used <= late]:
                    del all_kept[key]

    def _kept(self, all_kept: dict[_Key, _Kept[Tower]], key: _Key, make: Callable[[], Tower]) -> Tower:
        # Whoever else wants one waits: two at once would take twice the memory.
        with self._lock:
            if key not in all_kept:
                all_kept[key] = _Kept(make(), 0.0)
            all_kept[key].used = self._clock()
            return all_kept[key].tower


class Listening:
    """An encoder of texts that tells of those which the model does not read to their end."""

    def __init__(self, tower: TextEncoder, told_cut: Callable[[str], None]) -> None:
        self._tower = tower
        self._told_cut = told_cut

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, float32 (n, d)."""
        for text, is_cut in zip(texts, self._tower.truncated(texts), strict=True):
            if is_cut:
                self._told_cut(text)
        return self._tower.encode_text(texts)
