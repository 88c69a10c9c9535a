"""SigLIP's text encoder: a few texts in numpy, many in torch."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from indexer.models.checkpoints.checkpoint import Checkpoint
from indexer.models.checkpoints.config import USUAL_ACTIVATION, TransformerShape
from indexer.models.checkpoints.tensor_files import TensorFiles
from indexer.models.device_names import CPU, canonical
from indexer.models.errors import not_finite
from indexer.models.tokenizers.tokenizer import Tokenizer

if TYPE_CHECKING:
    from .torch_encoders import TorchTextEncoder

#: Up to so many texts, computing in numpy costs less than importing torch.
_FEW = 16
#: Texts that are computed together: their states stay small, and more gain nothing.
_TOGETHER = 4
#: More threads would only wait for memory.
_MOST_THREADS = 4
#: The least weights for which a thread gains: handing over takes a twentieth of a millisecond, the product a third.
_LEAST_WEIGHTS = 1 << 18
_TABLE = "text_model.embeddings.token_embedding"
_POSITIONS = "text_model.embeddings.position_embedding"
_LAST = "text_model.final_layer_norm"
_HEAD = "text_model.head"
#: gelu's approximation by tanh: Hendrycks and Gimpel 2016, arXiv 1606.08415, section 2.
_GELU_SCALE, _GELU_CUBE = math.sqrt(2 / math.pi), 0.044715

Floats = NDArray[np.float32]

#: The number of threads of numpy's BLAS is set for the whole process: one encoder at a time sets and restores it.
_BLAS_LOCK = threading.Lock()


class SiglipTextEncoder:
    """A checkpoint's text encoder: a few texts in numpy, many in torch; the vectors are the same to 1e-6.

    torch is imported, after a call of *before_torch*, when many texts come, for any text if *device* is not the CPU,
    and if numpy does not support the tower. From then on it encodes everything. numpy uses at most *threads* threads.
    The tokenizer is cached in the folder *cache*. *on_notice* is called with a sentence if a device cannot be used.
    Raises `CheckpointDamaged`, `DeviceUnavailable` and `DeviceFailed`.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        cache: Path,
        device: str | None = None,
        before_torch: Callable[[], None] = lambda: None,
        threads: int | None = None,
        on_notice: Callable[[str], None] = lambda _sentence: None,
    ) -> None:
        self._checkpoint = checkpoint
        self._on_notice = on_notice
        self._tokenizer = Tokenizer(checkpoint, cache)
        self._device = device
        self._before_torch = before_torch
        self._few = _numpy_encoder(checkpoint, threads) if canonical(device) in {None, CPU} else None
        self._many: TorchTextEncoder | None = None

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of length one, float32 (n, d). A text too long for the model is truncated, and keeps its end mark."""
        ids = self._tokenizer.tokens(texts)
        if self._few is not None and self._many is None and len(ids) <= _FEW:
            return self._few.encode(ids)
        return self._torch_encoder().encode(ids)

    def truncated(self, texts: Sequence[str]) -> list[bool]:
        """Return for each text whether it is longer than the model reads."""
        return self._tokenizer.truncated(texts)

    def _torch_encoder(self) -> TorchTextEncoder:
        if self._many is None:
            from .torch_encoders import TorchTextEncoder  # noqa: PLC0415 - this loads torch

            self._before_torch()
            self._many = TorchTextEncoder(self._checkpoint, self._device, self._tokenizer, on_notice=self._on_notice)
        return self._many


def _numpy_encoder(checkpoint: Checkpoint, threads: int | None) -> NumpyTextEncoder | None:
    try:
        return NumpyTextEncoder(checkpoint, threads)
    except (OSError, ValueError):
        # If the checkpoint is damaged, the torch encoder raises the better error.
        return None


class NumpyTextEncoder:
    """A checkpoint's text tower in float32 on the CPU, in numpy. Each pass reads the weights from their file.

    For a few texts: importing torch and transformers takes seconds, and this takes a quarter of a second a text. It
    computes the text tower of SigLIP (Zhai and others 2023, arXiv 2303.15343) as transformers does.

    It has up to *threads* threads of its own, and limits numpy's BLAS to one: BLAS threads wait for work by spinning,
    which takes seconds if other programs need the cores. A matrix is split among them if each gets *least* weights.
    Callers on several threads take turns.

    Raises `ValueError` or `OSError` for towers and weights that only torch supports.
    """

    def __init__(self, checkpoint: Checkpoint, threads: int | None = None, least: int = _LEAST_WEIGHTS) -> None:
        self._shape = checkpoint.text
        self._folder = checkpoint.folder
        if self._shape.activation != USUAL_ACTIVATION:
            raise ValueError(f"the text tower uses {self._shape.activation}")
        self._length = checkpoint.text_length
        self._dimension = checkpoint.dimension
        self._weights = TensorFiles(checkpoint.weights)
        for name, shape in _shapes(self._shape, self._length, self._dimension, checkpoint.vocabulary).items():
            if name not in self._weights or self._weights.shape(name) != shape:
                raise ValueError(f"{name} is missing or of another shape")
        self._threads = min(threads or os.cpu_count() or 1, _MOST_THREADS)
        self._least = least
        self._blas = ThreadpoolController()
        # The calling thread works too; others are started when they are needed.
        self._others = ThreadPoolExecutor(max(self._threads - 1, 1), "text")

    def encode(self, ids: NDArray[np.int64]) -> Floats:
        """Vectors of length one, float32 (n, d), of token ids, int64 (n, text_length)."""
        with _BLAS_LOCK, self._blas.limit(limits=1, user_api="blas"):
            parts = [self._pass(ids[start : start + _TOGETHER]) for start in range(0, len(ids), _TOGETHER)]
        return np.concatenate(parts) if parts else np.empty((0, self._dimension), np.float32)

    def _pass(self, ids: NDArray[np.int64]) -> Floats:
        # Without an attention mask, as the tower was trained.
        state = self._weights.rows(f"{_TABLE}.weight", ids) + self._weights.floats(f"{_POSITIONS}.weight")
        for number in range(self._shape.layers):
            layer = f"text_model.encoder.layers.{number}"
            normed = self._normed(f"{layer}.layer_norm1", state)
            if number == self._shape.layers - 1:
                # The vector is read from the last position, so the last layer skips the others.
                state = state[:, -1:]
            state = state + self._attention(f"{layer}.self_attn", normed[:, -state.shape[1] :], normed)
            inner = self._linear(f"{layer}.mlp.fc1", self._normed(f"{layer}.layer_norm2", state), _gelu)
            state = state + self._linear(f"{layer}.mlp.fc2", inner)
        pooled = self._linear(_HEAD, self._normed(_LAST, state)[:, -1])
        if not np.isfinite(pooled).all():
            raise not_finite(self._folder, "float32")
        unit: Floats = pooled / np.linalg.norm(pooled, axis=-1, keepdims=True)
        return unit

    def _attention(self, name: str, query_states: Floats, states: Floats) -> Floats:
        queries = self._heads(f"{name}.q_proj", query_states)
        keys, values = self._heads(f"{name}.k_proj", states), self._heads(f"{name}.v_proj", states)
        queries *= 1 / math.sqrt(queries.shape[-1])
        scores = queries @ keys.swapaxes(-1, -2)
        scores -= scores.max(-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(-1, keepdims=True)
        found = np.matmul(scores, values).swapaxes(1, 2).reshape(query_states.shape)
        return self._linear(f"{name}.out_proj", found)

    def _heads(self, name: str, states: Floats) -> Floats:
        """Apply a linear layer to *states*, (n, tokens, width), split by heads: (n, heads, tokens, width / heads)."""
        made = self._linear(name, states)
        return made.reshape(*made.shape[:2], self._shape.heads, -1).swapaxes(1, 2)

    def _linear(self, name: str, states: Floats, then: Callable[[Floats], object] | None = None) -> Floats:
        """Apply a linear layer to *states*, then the elementwise *then* in place."""
        # One product of two matrices: numpy multiplies stacks of them one by one.
        flat = states.reshape(-1, states.shape[-1])
        width, _ = self._weights.shape(f"{name}.weight")
        made = np.empty((len(flat), width), np.float32)

        def fill(part: slice) -> None:
            some = made[:, part]
            np.matmul(flat, self._weights.rows(f"{name}.weight", part).T, out=some)
            some += self._weights.rows(f"{name}.bias", part)
            if then is not None:
                then(some)

        self._each(fill, self._parts(width, flat.shape[1]))
        return made.reshape(*states.shape[:-1], -1)

    def _parts(self, width: int, each: int) -> list[slice]:
        """Slices of *width* columns of *each* weights, one a thread, none too small to gain."""
        count = max(1, min(self._threads, width * each // self._least))
        return [slice(start, stop) for start, stop in pairwise(width * part // count for part in range(count + 1))]

    def _each(self, work: Callable[[slice], None], parts: list[slice]) -> None:
        waiting = [self._others.submit(work, part) for part in parts[1:]]
        work(parts[0])
        for other in waiting:
            other.result()

    def _normed(self, name: str, states: Floats) -> Floats:
        centred: Floats = states - states.mean(-1, keepdims=True)
        centred /= np.sqrt(np.square(centred).mean(-1, keepdims=True) + np.float32(self._shape.epsilon))
        centred *= self._weights.floats(f"{name}.weight")
        centred += self._weights.floats(f"{name}.bias")
        return centred


def _gelu(states: Floats) -> None:
    """Apply gelu, approximated by tanh, in place."""
    inner = np.square(states)
    inner *= states
    inner *= _GELU_CUBE
    inner += states
    inner *= _GELU_SCALE
    np.tanh(inner, out=inner)
    inner += 1
    states *= inner
    states *= 0.5


def _shapes(shape: TransformerShape, length: int, dimension: int, vocabulary: int) -> dict[str, tuple[int, ...]]:
    """Shapes of the weights by name."""
    width, inner = shape.width, shape.inner
    found: dict[str, tuple[int, ...]] = {
        f"{_TABLE}.weight": (vocabulary, width),
        f"{_POSITIONS}.weight": (length, width),
        **_layer_norm_shapes(_LAST, width),
        **_linear_shapes(_HEAD, width, dimension),
    }
    for number in range(shape.layers):
        layer = f"text_model.encoder.layers.{number}"
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            found |= _linear_shapes(f"{layer}.self_attn.{name}", width, width)
        found |= _linear_shapes(f"{layer}.mlp.fc1", width, inner) | _linear_shapes(f"{layer}.mlp.fc2", inner, width)
        found |= _layer_norm_shapes(f"{layer}.layer_norm1", width) | _layer_norm_shapes(f"{layer}.layer_norm2", width)
    return found


def _linear_shapes(name: str, width: int, made: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (made, width), f"{name}.bias": (made,)}


def _layer_norm_shapes(name: str, width: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}
