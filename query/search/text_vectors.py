"""Texts as vectors. What was encoded once is remembered and needs no model again."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from query.errors import EmptyQuery
from query.vocabulary.prompts import filled
from store import Catalog, CatalogBusy, CatalogReadOnly, DiskFailed, DiskFull, Space

#: Texts between two commits: what an interruption costs.
_CHUNK = 64


class TextEncoder(Protocol):
    """Makes vectors of texts."""

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, float32 (n, d)."""
        ...


class TextVectors:
    """Vectors of texts in one space. The encoder is made for the first text that is not remembered."""

    def __init__(self, catalog: Catalog, space: Space, encoder: Callable[[], TextEncoder]) -> None:
        self._catalog = catalog
        self._space = space
        self._make_encoder = encoder
        self._encoder: TextEncoder | None = None

    def vector(self, text: str) -> NDArray[np.float32]:
        """The unit vector, float32 (d,), of *text*. Raises `EmptyQuery` if it has no words."""
        key = plain(text)
        if not key:
            raise EmptyQuery
        vector: NDArray[np.float32] = self.matrix([key])[0]
        return vector

    def label_vector(self, name: str) -> NDArray[np.float32]:
        """The unit vector, float32 (d,), of a label of that name and the default templates.

        Raises `EmptyQuery` if it has no words.
        """
        if not plain(name):
            raise EmptyQuery
        mean = self.matrix(filled([name])).astype(np.float64).mean(0)
        unit: NDArray[np.float32] = (mean / np.linalg.norm(mean)).astype(np.float32)
        return unit

    def unknown(self, texts: Sequence[str]) -> int:
        """How many of *texts* would have to be encoded."""
        keys = list(dict.fromkeys(plain(text) for text in texts))
        with self._catalog.read() as t:
            return len(keys) - len(t.texts.get(self._space.id, keys))

    def matrix(self, texts: Sequence[str], progress: Callable[[int, int], None] | None = None) -> NDArray[np.float32]:
        """Unit vectors, float32 (n, d), of *texts*, in their order.

        *progress* is told texts encoded and texts to encode in all. An interruption keeps what is done.
        """
        keys = [plain(text) for text in texts]
        with self._catalog.read() as t:
            known = t.texts.get(self._space.id, list(dict.fromkeys(keys)))
        missing = [key for key in dict.fromkeys(keys) if key not in known]
        for start in range(0, len(missing), _CHUNK):
            chunk = missing[start : start + _CHUNK]
            new = dict(zip(chunk, self._encode(chunk), strict=True))
            self._remember(new, must=len(missing) > _CHUNK)
            known.update(new)
            if progress is not None:
                progress(start + len(chunk), len(missing))
        if not keys:
            return np.empty((0, self._space.identity.dimension), np.float32)
        return np.stack([known[key] for key in keys])

    def _remember(self, new: Mapping[str, NDArray[np.float32]], *, must: bool) -> None:
        """Keep *new*. If that is no *must*, an answer waits neither for another process that writes nor for room."""
        try:
            with self._catalog.write(None if must else 0) as t:
                t.texts.put(self._space.id, new)
        except (CatalogBusy, CatalogReadOnly, DiskFailed, DiskFull):
            if must:
                raise

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self._encoder is None:
            self._encoder = self._make_encoder()
        return self._encoder.encode_text(texts)


def plain(text: str) -> str:
    """*text* as it is remembered: composed characters, lower case, single spaces. SigLIP tells none of these apart."""
    # Lone surrogates come from bytes on the command line that are no text, and cannot be kept as text.
    sound = text.encode("utf-8", "replace").decode("utf-8")
    return " ".join(unicodedata.normalize("NFC", sound).lower().split())
