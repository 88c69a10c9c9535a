"""Protocols of the models: encoders, the factory that makes them, and a checkpoint's preprocessing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image

    from .checkpoints.checkpoint import Checkpoint

#: Pictures for an image encoder, each uint8 (height, width, 3); or several of one shape, uint8 (n, height, width, 3).
Pictures = Sequence[NDArray[np.uint8]] | NDArray[np.uint8]


class Preprocessor(Protocol):
    """Makes the pixels that an image encoder takes."""

    @property
    def is_full(self) -> bool:
        """True if JPEG pictures are decoded at full size. Otherwise it takes less time, and pixels differ a little."""
        ...

    def wanted(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the pixels of a picture of that size; exchanged if those of the picture are."""
        ...

    def pixels(self, image: Image.Image, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
        """*image*, RGB and upright, as uint8 (height, width, 3).

        *size* is the width and height of the whole picture, if *image* was decoded at reduced size.
        """
        ...


class ImageEncoder(Protocol):
    """Encodes pictures."""

    @property
    def batch_size(self) -> int:
        """Number of pictures of one shape that it computes at once; with fewer, a part of the device waits."""
        ...

    def encode(self, pixels: Pictures) -> NDArray[np.float32]:
        """Unit vectors, float32 (n, d), of *pixels*, in their order."""
        ...


class TextEncoder(Protocol):
    """Encodes texts."""

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, float32 (n, d)."""
        ...

    def truncated(self, texts: Sequence[str]) -> list[bool]:
        """Return for each text whether it is longer than the model reads."""
        ...


class EncoderFactory(Protocol):
    """Makes a checkpoint's encoders. Each takes seconds, so it is made only when it is needed."""

    def image(self, checkpoint: Checkpoint, device: str | None, precision: str | None) -> ImageEncoder:
        """The image encoder."""
        ...

    def text(self, checkpoint: Checkpoint, device: str | None) -> TextEncoder:
        """The text encoder."""
        ...
