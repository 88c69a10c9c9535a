"""Fakes of slow parts, which implement the same Protocols, and a recorder of events."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, contextmanager

import numpy as np

from indexer.workers.file_reader import Decision
from store import Catalog, Transaction

DIMENSION = 8


def vector_of(content: bytes, dimension: int = DIMENSION) -> np.ndarray:
    """Return a unit vector, float32 (dimension,), that depends only on *content*."""
    seed = int.from_bytes(hashlib.sha256(content).digest()[:8], "big")
    vector = np.random.default_rng(seed).normal(size=dimension).astype(np.float32)
    return vector / np.linalg.norm(vector)


class FakeReadContext:
    """Returns the same decision for every content; records the hashes, and counts uses of the memory lock."""

    def __init__(self, **verdict: object) -> None:
        self.verdict = Decision(**verdict)
        self.asked: list[bytes] = []
        self.turns = 0
        self._turn = threading.Lock()

    def decide(self, content_hash: bytes) -> Decision:
        self.asked.append(content_hash)
        return self.verdict

    @contextmanager
    def memory_lock(self):
        self.turns += 1
        assert self._turn.acquire(timeout=5)
        try:
            yield
        finally:
            self._turn.release()


class FakeImageEncoder:
    """Embeds pixels by their bytes, and counts them. Picture *breaks_at*, counted from 1, raises KeyboardInterrupt."""

    batch_size = 64

    def __init__(self, breaks_at: int | None = None) -> None:
        self.embedded = 0
        self.breaks_at = breaks_at

    def encode(self, pixels: np.ndarray) -> np.ndarray:
        for _ in pixels:
            self.embedded += 1
            if self.embedded == self.breaks_at:
                raise KeyboardInterrupt
        return np.stack([vector_of(one.tobytes()) for one in pixels])


class FakeEncoder:
    """Encodes texts by their letters, and records them."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        return np.stack([vector_of(text.encode()) for text in texts])


class Listener:
    """Records the events of an operation."""

    def __init__(self) -> None:
        self.events: list[object] = []

    def report(self, event: object) -> None:
        self.events.append(event)


class CountingCatalog:
    """A catalog that counts the transactions begun."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.begun = 0

    @property
    def is_on_server(self) -> bool:
        return self._catalog.is_on_server

    def read(self) -> AbstractContextManager[Transaction]:
        self.begun += 1
        return self._catalog.read()

    def write(self, patience: float | None = None) -> AbstractContextManager[Transaction]:
        self.begun += 1
        return self._catalog.write(patience)

    def close(self) -> None:
        self._catalog.close()
