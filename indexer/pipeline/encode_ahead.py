"""Encoding on a thread of its own, ahead of the catalog."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Self

import numpy as np
from numpy.typing import NDArray

from indexer.models.protocols import ImageEncoder, Pictures


class EncodeThread:
    """Encodes on one thread, in the order of the calls, while the caller does other work.

    When its context is left, what has not been encoded is dropped. A call in progress ends after the pictures that the
    encoder takes at once; that is not waited for.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="encode-ahead")
        self._is_over = threading.Event()

    def encode(self, encoder: ImageEncoder, pixels: Pictures) -> Future[NDArray[np.float32]]:
        """The future vectors of *pixels*, at least one; it has the error if *encoder* raises one."""
        return self._thread.submit(self._encoded, encoder, pixels)

    def _encoded(self, encoder: ImageEncoder, pixels: Pictures) -> NDArray[np.float32]:
        parts = []
        for start in range(0, len(pixels), encoder.batch_size):
            if self._is_over.is_set():
                raise CancelledError
            parts.append(encoder.encode(pixels[start : start + encoder.batch_size]))
        return np.concatenate(parts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._is_over.set()
        self._thread.shutdown(wait=False, cancel_futures=True)
