"""Keeps a batch of readings: one pass through the embedder, one transaction."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from indexer.workers.file_reader import Decoded, Known, Reading, Refused
from store import Catalog, Outcome, Space, Transaction, Vectors


class ImageEncoder(Protocol):
    """Makes embeddings of pixels."""

    def encode(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Unit vectors, float32 (n, d), of *pixels*, uint8 (n, size, size, 3)."""
        ...


class Tagger(Protocol):
    """Tags photos by their embeddings."""

    def prepare(self) -> object:
        """Make ready whatever takes long or writes by itself; called before a transaction in which `tag` is called."""
        ...

    def tag(self, t: Transaction, vectors: Vectors) -> None:
        """Tag the photos whose ids and vectors these are, within *t*."""
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """Pictures that were embedded, and new files that show, to the pixel, what another one shows.

    `again` are readings of which nothing could be kept, because the catalog changed since: they are to be read again.
    """

    embedded: int
    alike: int
    again: tuple[Reading, ...] = ()


class BatchKeeper:
    """Embeds and keeps readings. Each photo is decided by its content, and a row is written for every file.

    The one exception: a file that held a photo, and cannot be read for now, keeps the row that it has.
    """

    def __init__(
        self, catalog: Catalog, space: Space, embedder: Callable[[], ImageEncoder], tagger: Tagger | None
    ) -> None:
        self._catalog = catalog
        self._space = space
        self._embedder = embedder
        self._tagger = tagger

    def keep(self, readings: Sequence[Reading]) -> Kept:
        """Keep *readings*, all or none."""
        new, vectors = self._look_up(readings)
        embedded = self._embed(new)
        vectors |= {reading.digest: embedded[reading.digest] for reading in new}
        if self._tagger is not None and not all(isinstance(reading, Refused) for reading in readings):
            self._tagger.prepare()
        with self._catalog.write() as t:
            to_tag: dict[int, NDArray[np.float32]] = {}
            # A folder may have been removed, or taken into another one, since the pass began.
            folders = {folder.id for folder in t.folders.all()}
            again = tuple(
                reading
                for reading in readings
                if reading.file.folder_id in folders and not self._keep_one(t, reading, vectors, to_tag)
            )
            if self._tagger is not None and to_tag:
                ids = np.array(sorted(to_tag), np.int64)
                self._tagger.tag(t, Vectors(ids, np.stack([to_tag[int(photo_id)] for photo_id in ids])))
        known = sum(isinstance(reading, Decoded) and reading.digest in vectors for reading in readings)
        return Kept(len(new), known - len(new), again)

    def _look_up(self, readings: Sequence[Reading]) -> tuple[list[Decoded], dict[bytes, NDArray[np.float32]]]:
        """One reading for each picture that the space has not seen, and by their digests the vectors of the others.

        The batch before may have brought one since it was read. Files that differ in their facts alone show the same.
        """
        new: dict[bytes, Decoded] = {}
        known: dict[bytes, NDArray[np.float32]] = {}
        with self._catalog.read() as t:
            for reading in readings:
                if not isinstance(reading, Decoded) or self._is_embedded(t, reading.content_hash):
                    continue
                vector = t.embeddings.of_pixels(self._space.id, reading.digest)
                if vector is None:
                    new.setdefault(reading.digest, reading)
                else:
                    known[reading.digest] = vector
        return list(new.values()), known

    def _is_embedded(self, t: Transaction, content_hash: bytes) -> bool:
        photo_id = t.photos.find(content_hash)
        return photo_id is not None and t.embeddings.exists(self._space.id, photo_id)

    def _embed(self, new: list[Decoded]) -> dict[bytes, NDArray[np.float32]]:
        if not new:
            return {}
        vectors = self._embedder().encode(np.stack([reading.pixels for reading in new]))
        return {reading.digest: vector for reading, vector in zip(new, vectors, strict=True)}

    def _keep_one(
        self,
        t: Transaction,
        reading: Reading,
        vectors: dict[bytes, NDArray[np.float32]],
        to_tag: dict[int, NDArray[np.float32]],
    ) -> bool:
        """Whether it could be kept."""
        file = reading.file
        if isinstance(reading, Refused):
            if reading.tried is not None:
                t.attempts.note(reading.tried, reading.reason)
            is_there = reading.outcome is not Outcome.FAILED or os.path.lexists(file.absolute)
            if is_there and (reading.outcome is not Outcome.FAILED or t.photos.at(file.absolute) is None):
                t.files.failed(file.folder_id, file.path, reading.stamp, reading.outcome, reading.reason)
            return True
        photo_id = t.photos.find(reading.content_hash)
        if isinstance(reading, Decoded):
            photo_id = self._photo_of(t, reading, photo_id)
            if not t.embeddings.exists(self._space.id, photo_id):
                t.embeddings.put(self._space.id, photo_id, vectors[reading.digest], reading.digest)
            # What is kept is rounded, and tags must be those of what is kept.
            to_tag[photo_id] = t.embeddings.get(self._space.id, [photo_id]).matrix[0]
        elif isinstance(reading, Known):
            if photo_id is None:
                # It was pruned a moment ago, or the picture was given other facts and is known by another hash.
                return False
            if not t.photos.get([photo_id])[0].paths:
                # It was away, and the vocabulary may have changed meanwhile.
                kept = t.embeddings.get(self._space.id, [photo_id])
                to_tag.update({photo_id: kept.matrix[0]} if len(kept) else {})
        t.files.indexed(file.folder_id, file.path, reading.stamp, photo_id)
        return True

    def _photo_of(self, t: Transaction, reading: Decoded, known: int | None) -> int:
        if known is not None:
            t.photos.refresh(known, reading.facts)
            return known
        before = t.files.only(reading.file.folder_id, reading.file.path)
        if before is not None and t.embeddings.pixels(self._space.id, before) == reading.digest:
            # Another program wrote a rating or a caption: the same photo, with all that was said of it.
            t.photos.become(before, reading.content_hash, reading.stamp.size, reading.facts)
            return before
        return t.photos.add(reading.content_hash, reading.stamp.size, reading.facts)
