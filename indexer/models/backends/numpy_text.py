"""From token ids to text vectors in numpy, over weights that stay in their file.

For a few texts: torch and transformers take seconds to be imported, and this a quarter of a second for a text. What is
computed is the text tower of SigLIP (Zhai and others 2023, arXiv 2303.15343) as transformers has it.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from indexer.models.checkpoints.checkpoint import Checkpoint
from indexer.models.checkpoints.safetensors_map import MappedArrays
from indexer.models.checkpoints.shapes import USUAL, TowerShape

#: Texts that are computed together: what is made of them stays small, and more gains nothing.
_TOGETHER = 4
#: More threads than this wait for memory only.
_MOST_THREADS = 4
#: A thread is worth the handing over from so many weights on: a twentieth of a millisecond against a third.
_LEAST_WEIGHTS = 1 << 18
_TABLE = "text_model.embeddings.token_embedding"
_PLACES = "text_model.embeddings.position_embedding"
_LAST = "text_model.final_layer_norm"
_HEAD = "text_model.head"
#: gelu's approximation by a tangent: Hendrycks and Gimpel 2016, arXiv 1606.08415, section 2.
_GELU_SCALE, _GELU_CUBE = math.sqrt(2 / math.pi), 0.044715

Floats = NDArray[np.float32]

#: How many threads numpy's BLAS has is said for the whole process, and whoever comes first must not undo it for others.
_TURN = threading.Lock()


class NumpyTextTower:
    """A checkpoint's text tower in float32, on the CPU, with at most *threads* threads.

    They are its own, and numpy's BLAS has one meanwhile: its threads wait for work by spinning, which takes seconds
    where others want the cores. A matrix is split among them where each gets *least* weights. Threads may share a
    tower, and take turns.

    Raises `ValueError` or `OSError` if the tower is of a kind, or its weights are in a form, that is left to torch.
    """

    def __init__(self, checkpoint: Checkpoint, threads: int | None = None, least: int = _LEAST_WEIGHTS) -> None:
        self._shape = checkpoint.text
        if self._shape.activation != USUAL:
            raise ValueError(f"the text tower uses {self._shape.activation}")
        self._length = checkpoint.text_length
        self._dimension = checkpoint.dimension
        self._weights = MappedArrays(checkpoint.weights)
        for name, shape in _shapes(self._shape, self._length, self._dimension).items():
            if name not in self._weights or self._weights.shape(name) != shape:
                raise ValueError(f"{name} is missing or of another shape")
        if f"{_TABLE}.weight" not in self._weights or self._weights.shape(f"{_TABLE}.weight")[1:] != (
            self._shape.width,
        ):
            raise ValueError("the table of tokens is missing or of another shape")
        self._threads = min(threads or os.cpu_count() or 1, _MOST_THREADS)
        self._least = least
        self._blas = ThreadpoolController()
        # The thread that asks works, too; others are started when there is something for them.
        self._others = ThreadPoolExecutor(max(self._threads - 1, 1), "text")

    def encode(self, ids: NDArray[np.int64]) -> Floats:
        """Vectors of length one, float32 (n, d), of token ids, int64 (n, text_length)."""
        with _TURN, self._blas.limit(limits=1, user_api="blas"):
            parts = [self._pass(ids[start : start + _TOGETHER]) for start in range(0, len(ids), _TOGETHER)]
        return np.concatenate(parts) if parts else np.empty((0, self._dimension), np.float32)

    def _pass(self, ids: NDArray[np.int64]) -> Floats:
        # Without an attention mask, as the tower was trained.
        state = self._weights.rows(f"{_TABLE}.weight", ids) + self._weights.floats(f"{_PLACES}.weight")
        for number in range(self._shape.layers):
            layer = f"text_model.encoder.layers.{number}"
            normed = self._normed(f"{layer}.layer_norm1", state)
            if number == self._shape.layers - 1:
                # The vector is read from the last position, so the last layer need not compute the others.
                state = state[:, -1:]
            state = state + self._attention(f"{layer}.self_attn", normed[:, -state.shape[1] :], normed)
            inner = self._linear(f"{layer}.mlp.fc1", self._normed(f"{layer}.layer_norm2", state), _gelu)
            state = state + self._linear(f"{layer}.mlp.fc2", inner)
        pooled = self._linear(_HEAD, self._normed(_LAST, state)[:, -1])
        unit: Floats = pooled / np.linalg.norm(pooled, axis=-1, keepdims=True)
        return unit

    def _attention(self, name: str, asking: Floats, answering: Floats) -> Floats:
        queries = self._heads(f"{name}.q_proj", asking)
        keys, values = self._heads(f"{name}.k_proj", answering), self._heads(f"{name}.v_proj", answering)
        queries *= 1 / math.sqrt(queries.shape[-1])
        scores = queries @ keys.swapaxes(-1, -2)
        scores -= scores.max(-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(-1, keepdims=True)
        found = np.matmul(scores, values).swapaxes(1, 2).reshape(asking.shape)
        return self._linear(f"{name}.out_proj", found)

    def _heads(self, name: str, states: Floats) -> Floats:
        """What the layer makes of *states*, (n, tokens, width), a head at a time: (n, heads, tokens, width / heads)."""
        made = self._linear(name, states)
        return made.reshape(*made.shape[:2], self._shape.heads, -1).swapaxes(1, 2)

    def _linear(self, name: str, states: Floats, then: Callable[[Floats], object] | None = None) -> Floats:
        """What the layer makes of *states*, changed in place by *then*, which looks at each number alone."""
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
        """Slices of *width* columns of *each* weights, one a thread, none too small to be worth it."""
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
    """In place of *states*."""
    inner = np.square(states)
    inner *= states
    inner *= _GELU_CUBE
    inner += states
    inner *= _GELU_SCALE
    np.tanh(inner, out=inner)
    inner += 1
    states *= inner
    states *= 0.5


def _shapes(shape: TowerShape, length: int, dimension: int) -> dict[str, tuple[int, ...]]:
    """The weights that are read, but for the table of tokens, whose length is the vocabulary's."""
    width, inner = shape.width, shape.inner
    found: dict[str, tuple[int, ...]] = {
        f"{_PLACES}.weight": (length, width),
        **_layer_norm(_LAST, width),
        **_linear(_HEAD, width, dimension),
    }
    for number in range(shape.layers):
        layer = f"text_model.encoder.layers.{number}"
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            found |= _linear(f"{layer}.self_attn.{name}", width, width)
        found |= _linear(f"{layer}.mlp.fc1", width, inner) | _linear(f"{layer}.mlp.fc2", inner, width)
        found |= _layer_norm(f"{layer}.layer_norm1", width) | _layer_norm(f"{layer}.layer_norm2", width)
    return found


def _linear(name: str, width: int, made: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (made, width), f"{name}.bias": (made,)}


def _layer_norm(name: str, width: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}
