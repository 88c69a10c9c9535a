"""Vectors of texts, cached in the catalog: a text that was encoded once needs no model again."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from query.errors import EmptyQuery
from query.vocabulary.labels import fill_templates
from store import Catalog, CatalogBusy, CatalogReadOnly, DiskFailed, DiskFull, Space, Transaction

#: Texts between two commits. An interruption loses at most so many.
_CHUNK = 64
#: Letters of a search's text that is cached: about as many as a model reads.
LONGEST: Final = 300
#: Texts of searches that are cached unless the caller says otherwise.
REMEMBERED: Final = 1000

#: Encodes texts as unit vectors, float32 (n, d).
EncodeTexts: TypeAlias = Callable[[Sequence[str]], NDArray[np.float32]]


class TextVectors:
    """Vectors of texts in one space. *load_encoder* is called for the first text that is not cached.

    Of the texts of searches, *remembered* are cached, and none longer than `LONGEST`.
    """

    def __init__(
        self, catalog: Catalog, space: Space, load_encoder: Callable[[], EncodeTexts], remembered: int = REMEMBERED
    ) -> None:
        self._catalog = catalog
        self._remembered = remembered
        self._space = space
        self._load_encoder = load_encoder
        self._encode: EncodeTexts | None = None
        self._recalled: dict[str, NDArray[np.float32]] = {}

    def vector(self, text: str) -> NDArray[np.float32]:
        """Return the unit vector, float32 (d,), of *text*. Raises `EmptyQuery` if it has no words."""
        if not normalized_text(text):
            raise EmptyQuery
        vector: NDArray[np.float32] = self.searched([text])[0]
        return vector

    def searched(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, float32 (n, d), of the *texts* of a search, at least one, in their order."""
        keys = [normalized_text(text) for text in texts]
        known, missing = self._cached(keys)
        if missing:
            new = dict(zip(missing, self._encoder()(missing), strict=True))
            known.update(new)
            short = {key: vector for key, vector in new.items() if len(key) <= LONGEST}
            if short and self._remembered:
                self._cache(short, searches=self._remembered)
        return np.stack([known[key] for key in keys])

    def label_vector(self, name: str) -> NDArray[np.float32]:
        """Return the unit vector, float32 (d,), of a label with this name and the default templates.

        Raises `EmptyQuery` if the name has no words.
        """
        if not normalized_text(name):
            raise EmptyQuery
        mean = self.matrix(fill_templates([name])).astype(np.float64).mean(0)
        unit: NDArray[np.float32] = (mean / np.linalg.norm(mean)).astype(np.float32)
        return unit

    def recall(self, t: Transaction, texts: Sequence[str]) -> None:
        """Read the cached vectors of *texts* in *t*, so that no later call has to begin a transaction for them."""
        self._recalled.update(t.texts.get(self._space.id, [normalized_text(text) for text in texts]))

    def unknown(self, texts: Sequence[str]) -> int:
        """Return how many of *texts* are not cached."""
        keys = list(dict.fromkeys(normalized_text(text) for text in texts))
        with self._catalog.read() as t:
            return len(keys) - len(t.texts.get(self._space.id, keys))

    def matrix(self, texts: Sequence[str], progress: Callable[[int, int], None] | None = None) -> NDArray[np.float32]:
        """Return unit vectors, float32 (n, d), of *texts*, in their order.

        *progress* gets the numbers of texts encoded and to encode. After an interruption, encoded texts stay cached.
        """
        keys = [normalized_text(text) for text in texts]
        known, missing = self._cached(keys)
        for start in range(0, len(missing), _CHUNK):
            chunk = missing[start : start + _CHUNK]
            new = dict(zip(chunk, self._encoder()(chunk), strict=True))
            self._cache(new, required=len(missing) > _CHUNK)
            known.update(new)
            if progress is not None:
                progress(start + len(chunk), len(missing))
        if not keys:
            return np.empty((0, self._space.identity.dimension), np.float32)
        return np.stack([known[key] for key in keys])

    def _cached(self, keys: Sequence[str]) -> tuple[dict[str, NDArray[np.float32]], list[str]]:
        """Return the vectors of those of *keys* that are recalled or in the catalog, and the other keys, each once."""
        known = {key: self._recalled[key] for key in keys if key in self._recalled}
        others = [key for key in dict.fromkeys(keys) if key not in known]
        if others:
            with self._catalog.read() as t:
                known |= t.texts.get(self._space.id, others)
        return known, [key for key in others if key not in known]

    def _cache(
        self, new: Mapping[str, NDArray[np.float32]], *, required: bool = False, searches: int | None = None
    ) -> None:
        """Write *new* to the catalog. Unless *required*, do not wait for another writer and ignore a full disk."""
        try:
            with self._catalog.write(None if required else 0) as t:
                t.texts.put(self._space.id, new, searches=searches)
        except (CatalogBusy, CatalogReadOnly, DiskFailed, DiskFull):
            if required:
                raise

    def _encoder(self) -> EncodeTexts:
        if self._encode is None:
            self._encode = self._load_encoder()
        return self._encode


def normalized_text(text: str) -> str:
    """Return the cache key of *text*: NFC, lower case, single spaces. SigLIP does not distinguish these."""
    # Lone surrogates come from undecodable bytes on the command line and cannot be stored.
    encodable = text.encode("utf-8", "replace").decode("utf-8")
    return " ".join(unicodedata.normalize("NFC", encodable).lower().split())
