"""The seam between the program and the encoders: tests put their own in its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from indexer import Embedder
    from indexer.siglip import Checkpoint


class TextTower(Protocol):
    """Makes vectors of texts."""

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, float32 (n, d)."""
        ...

    def is_cut(self, text: str) -> bool:
        """Whether the model does not see the whole of *text*."""
        ...


class Towers(Protocol):
    """Makes a checkpoint's two encoders, which takes seconds, so each only when it is needed."""

    def image(self, checkpoint: Checkpoint, device: str | None, precision: str | None) -> Embedder:
        """The encoder of pictures."""
        ...

    def text(self, checkpoint: Checkpoint, device: str | None) -> TextTower:
        """The encoder of texts."""
        ...


class SiglipTowers:
    """The real ones, which compute with so many *threads*; as many as torch finds best, if it is None."""

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads

    def image(self, checkpoint: Checkpoint, device: str | None, precision: str | None) -> Embedder:
        """The checkpoint's image tower, on *device* or the best there is."""
        from indexer.siglip.image_tower import ImageTower  # noqa: PLC0415 - this loads torch

        self._limit()
        return ImageTower(checkpoint, device, precision)

    def text(self, checkpoint: Checkpoint, device: str | None) -> TextTower:
        """The checkpoint's text tower, on *device* or the best there is."""
        from indexer.siglip import text_tower  # noqa: PLC0415 - this loads torch

        self._limit()
        return text_tower.TextTower(checkpoint, device)

    def _limit(self) -> None:
        if self._threads is not None:
            from indexer.siglip.devices import limit_threads  # noqa: PLC0415 - this loads torch

            limit_threads(self._threads)


class Listening:
    """An encoder of texts that tells of those which the model does not read to their end."""

    def __init__(self, tower: TextTower, told_cut: Callable[[str], None]) -> None:
        self._tower = tower
        self._told_cut = told_cut

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, float32 (n, d)."""
        for text in texts:
            if self._tower.is_cut(text):
                self._told_cut(text)
        return self._tower.encode_text(texts)
