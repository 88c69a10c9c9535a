"""Cache of encoders, and a text encoder that reports truncated texts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from indexer.models import Checkpoint
    from indexer.models.protocols import EncoderFactory, ImageEncoder, TextEncoder


Encoder = TypeVar("Encoder")
_Key = tuple[str | None, ...]


@dataclass(slots=True)
class _Entry(Generic[Encoder]):
    encoder: Encoder
    used_at: float


class CachedEncoders:
    """Cache of encoders. `release_idle` drops those that were not used for *idle* seconds. It is thread-safe.

    The key holds a stamp of the weights' files, so changed weights make a new encoder.
    """

    def __init__(self, encoders: EncoderFactory, idle: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._encoders = encoders
        self._idle = idle
        self._clock = clock
        self._lock = threading.Lock()
        self._images: dict[_Key, _Entry[ImageEncoder]] = {}
        self._texts: dict[_Key, _Entry[TextEncoder]] = {}

    def image(self, checkpoint: Checkpoint, device: str | None, precision: str | None) -> ImageEncoder:
        """The image encoder."""
        key = (checkpoint.weights_stamp(), device, precision)
        return self._cached(self._images, key, lambda: self._encoders.image(checkpoint, device, precision))

    def text(self, checkpoint: Checkpoint, device: str | None) -> TextEncoder:
        """The text encoder."""
        key = (checkpoint.weights_stamp(), device)
        return self._cached(self._texts, key, lambda: self._encoders.text(checkpoint, device))

    def release_idle(self) -> None:
        """Drop the encoders that were idle for long enough."""
        with self._lock:
            oldest = self._clock() - self._idle
            for entries in (self._images, self._texts):
                for key in [key for key, entry in entries.items() if entry.used_at <= oldest]:
                    del entries[key]

    def _cached(self, entries: dict[_Key, _Entry[Encoder]], key: _Key, make: Callable[[], Encoder]) -> Encoder:
        # Other threads wait while one is made: two at once would take twice the memory.
        with self._lock:
            if key not in entries:
                entries[key] = _Entry(make(), 0.0)
            entries[key].used_at = self._clock()
            return entries[key].encoder


class TruncationReporter:
    """A text encoder that reports the texts that the model truncates."""

    def __init__(self, encoder: TextEncoder, on_truncated: Callable[[str], None]) -> None:
        self._encoder = encoder
        self._on_truncated = on_truncated

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, float32 (n, d)."""
        for text, is_cut in zip(texts, self.truncated(texts), strict=True):
            if is_cut:
                self._on_truncated(text)
        return self._encoder.encode_text(texts)

    def truncated(self, texts: Sequence[str]) -> list[bool]:
        """True for each text that the model truncates."""
        return self._encoder.truncated(texts)
