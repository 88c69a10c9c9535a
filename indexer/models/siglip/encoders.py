"""Choice of an implementation: our own encoders, or those of transformers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from indexer.models.backends.bitsandbytes import in_bitsandbytes
from indexer.models.checkpoints.checkpoint import Checkpoint
from indexer.models.errors import CheckpointChanged, CheckpointDamaged
from indexer.models.protocols import ImageEncoder, Pictures, TextEncoder

if TYPE_CHECKING:
    from indexer.models.backends.accelerators import Machine

#: Values of the setting `backend`.
OWN, TRANSFORMERS = BACKENDS = ("own", "transformers")
_SDPA: Final = "sdpa"


def backend_of(checkpoint: Checkpoint, precision: str | None, wanted: str) -> str:
    """The implementation of the image encoder: the one *wanted*, unless transformers alone has that *precision*."""
    needs = in_bitsandbytes(precision) or checkpoint.quantisation is not None
    return TRANSFORMERS if needs else wanted


class UnchangedImageEncoder:
    """The image encoder that *make* loads. It gives no vectors once the weights' files have changed.

    What is loaded may be of both states. `encode` also raises `CheckpointChanged`.
    """

    def __init__(self, checkpoint: Checkpoint, make: Callable[[], ImageEncoder]) -> None:
        self._unchanged = _Unchanged(checkpoint)
        self._encoder = make()

    @property
    def batch_size(self) -> int:
        """Batch size of the encoder."""
        return self._encoder.batch_size

    def encode(self, pixels: Pictures) -> NDArray[np.float32]:
        """Unit vectors, float32 (n, d), of *pixels*, in their order."""
        return self._unchanged.checked(lambda: self._encoder.encode(pixels))


class UnchangedTextEncoder:
    """Text counterpart of `UnchangedImageEncoder`."""

    def __init__(self, checkpoint: Checkpoint, make: Callable[[], TextEncoder]) -> None:
        self._unchanged = _Unchanged(checkpoint)
        self._encoder = make()

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, float32 (n, d)."""
        return self._unchanged.checked(lambda: self._encoder.encode_text(texts))

    def truncated(self, texts: Sequence[str]) -> list[bool]:
        """Return for each text whether it is longer than the model reads."""
        return self._encoder.truncated(texts)


class _Unchanged:
    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._stamp = checkpoint.weights_stamp()

    def checked(self, encode: Callable[[], NDArray[np.float32]]) -> NDArray[np.float32]:
        try:
            vectors = encode()
        except (OSError, CheckpointDamaged) as error:
            # Text encoders read from the files as they go.
            self._check()
            if isinstance(error, CheckpointDamaged):
                raise
            raise CheckpointDamaged(self._checkpoint.folder, f"its weights cannot be read ({error})") from error
        self._check()
        return vectors

    def _check(self) -> None:
        try:
            is_same = self._checkpoint.weights_stamp() == self._stamp
        except OSError:
            is_same = False
        if not is_same:
            raise CheckpointChanged(self._checkpoint.folder)


def image_encoder(
    checkpoint: Checkpoint,
    device: str | None,
    precision: str | None,
    backend: str,
    *,
    machine: Machine | None = None,
    on_notice: Callable[[str], None] = lambda _sentence: None,
) -> ImageEncoder:
    """The checkpoint's image encoder. Loads torch, and transformers if that is the backend. Raises `ModelError`.

    *device* is one of *machine*, or of this machine if it is None. *on_notice* is called with sentences about it.
    """
    from indexer.models.backends.accelerators import THIS_MACHINE  # noqa: PLC0415 - this loads torch

    if backend_of(checkpoint, precision, backend) == TRANSFORMERS:
        from .transformers_encoders import TransformersImageEncoder  # noqa: PLC0415 - takes seconds

        return TransformersImageEncoder(
            checkpoint, device, precision, machine=machine or THIS_MACHINE, on_notice=on_notice
        )
    from .torch_encoders import SiglipImageEncoder  # noqa: PLC0415 - this loads torch

    return SiglipImageEncoder(checkpoint, device, precision, machine=machine or THIS_MACHINE, on_notice=on_notice)


def text_encoder(
    checkpoint: Checkpoint,
    cache: Path,
    device: str | None = None,
    before_torch: Callable[[], None] = lambda: None,
    threads: int | None = None,
    on_notice: Callable[[str], None] = lambda _sentence: None,
) -> TextEncoder:
    """The checkpoint's text encoder: that of transformers for quantised weights, and otherwise `SiglipTextEncoder`."""
    if checkpoint.quantisation is not None:
        from indexer.models.tokenizers.tokenizer import Tokenizer  # noqa: PLC0415 - rarely needed

        from .transformers_encoders import TransformersTextEncoder  # noqa: PLC0415 - takes seconds

        before_torch()
        return TransformersTextEncoder(checkpoint, device, Tokenizer(checkpoint, cache), on_notice=on_notice)
    from .text_encoder import SiglipTextEncoder  # noqa: PLC0415 - most commands need none

    return SiglipTextEncoder(checkpoint, cache, device, before_torch, threads, on_notice)


def attention_of(checkpoint: Checkpoint, backend: str) -> str:
    """The attention that the image encoder computes with. Loads transformers if that is the backend."""
    if backend == OWN:
        return _SDPA
    from .transformers_encoders import attention  # noqa: PLC0415 - takes seconds

    return attention(checkpoint)
