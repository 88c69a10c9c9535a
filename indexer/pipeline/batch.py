"""The embed and store stages: one pass through the image encoder and one transaction a batch."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from indexer.decode import FACTS_READER
from indexer.models.protocols import ImageEncoder
from indexer.workers.file_reader import Decoded, Known, Reading, Refused, Stated
from store import Catalog, Outcome, Space, Transaction, Vectors

from .stated_facts import store_facts

_ByDigest = dict[bytes, NDArray[np.float32]]
_ById = dict[int, NDArray[np.float32]]


class Tagger(Protocol):
    """Tags photos by their embeddings."""

    def prepare(self) -> object:
        """Do work that is slow or writes by itself. Called before a transaction in which `tag` is called."""
        ...

    def tag(self, t: Transaction, vectors: Vectors) -> None:
        """Tag the photos with these ids and vectors, within *t*."""
        ...


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """Numbers of pictures that were embedded, and of new files with exactly the pixels of another photo.

    `again` are readings that could not be stored, because the catalog changed since: their files must be read again.
    """

    embedded: int
    alike: int
    again: tuple[Reading, ...] = ()


class BatchWriter:
    """Embeds and stores readings. A photo is identified by its content, and every file gets a row.

    The one exception: a file that held a photo, and cannot be read for now, keeps its row.
    """

    def __init__(
        self, catalog: Catalog, space: Space, image_encoder: Callable[[], ImageEncoder], tagger: Tagger | None
    ) -> None:
        self._catalog = catalog
        self._space = space
        self._image_encoder = image_encoder
        self._tagger = tagger

    def store(self, readings: Sequence[Reading]) -> StoredBatch:
        """Store *readings*, all or none."""
        new, vectors = self._look_up(readings)
        vectors |= self._embed(new)
        if self._tagger is not None and not all(isinstance(reading, Refused | Stated) for reading in readings):
            self._tagger.prepare()
        with self._catalog.write() as t:
            to_tag: _ById = {}
            # A folder may have been removed, or merged into another one, since the pass began.
            folders = {folder.id for folder in t.folders.all()}
            again = tuple(
                reading
                for reading in readings
                if reading.file.folder_id in folders and not self._store_one(t, reading, vectors, to_tag)
            )
            if self._tagger is not None and to_tag:
                ids = np.array(sorted(to_tag), np.int64)
                self._tagger.tag(t, Vectors(ids, np.stack([to_tag[int(photo_id)] for photo_id in ids])))
        known = sum(isinstance(reading, Decoded) and reading.digest in vectors for reading in readings)
        return StoredBatch(len(new), known - len(new), again)

    def _look_up(self, readings: Sequence[Reading]) -> tuple[list[Decoded], _ByDigest]:
        """One reading for each picture that is new in the space, and the vectors of the others by their digests.

        The batch before may have stored one since it was read. Files that differ only in their facts share a digest.
        """
        new: dict[bytes, Decoded] = {}
        known: _ByDigest = {}
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

    def _embed(self, new: list[Decoded]) -> _ByDigest:
        if not new:
            return {}
        vectors = self._image_encoder().encode([reading.pixels for reading in new])
        return {reading.digest: vector for reading, vector in zip(new, vectors, strict=True)}

    def _store_one(self, t: Transaction, reading: Reading, vectors: _ByDigest, to_tag: _ById) -> bool:
        """Store one reading, and add its photo to *to_tag* if it needs tags. Returns whether it was stored."""
        if reading.file.purpose.is_facts:
            store_facts(t, reading)
            return True
        if isinstance(reading, Refused):
            _store_refused(t, reading)
            return True
        assert not isinstance(reading, Stated)
        photo_id = t.photos.find(reading.content_hash)
        if isinstance(reading, Decoded):
            photo_id = self._photo_of(t, reading, photo_id)
            if not t.embeddings.exists(self._space.id, photo_id):
                t.embeddings.put(self._space.id, photo_id, vectors[reading.digest], reading.digest)
            t.miniatures.put(photo_id, reading.miniature)
            # The stored vector is rounded, and tags must be those of the stored vector.
            to_tag[photo_id] = t.embeddings.get(self._space.id, [photo_id]).matrix[0]
        elif isinstance(reading, Known):
            if photo_id is None:
                # It was pruned a moment ago, or the picture got other facts and is known by another hash.
                return False
            if not t.photos.get([photo_id])[0].paths:
                # It was away, and the vocabulary may have changed since.
                stored = t.embeddings.get(self._space.id, [photo_id])
                to_tag.update({photo_id: stored.matrix[0]} if len(stored) else {})
        note = reading.note if isinstance(reading, Decoded) else None
        t.files.indexed(reading.file.folder_id, reading.file.path, reading.stamp, photo_id, note)
        return True

    def _photo_of(self, t: Transaction, reading: Decoded, known: int | None) -> int:
        if known is not None:
            t.photos.refresh(known, reading.facts, FACTS_READER)
            return known
        before = t.files.only(reading.file.folder_id, reading.file.path)
        if before is not None and t.embeddings.pixels(self._space.id, before) == reading.digest:
            # Another program wrote a rating or a caption: the same photo, with all its manual tags.
            t.photos.become(before, reading.content_hash, reading.stamp.size, reading.facts, FACTS_READER)
            return before
        return t.photos.add(reading.content_hash, reading.stamp.size, reading.facts, FACTS_READER)


def _store_refused(t: Transaction, reading: Refused) -> None:
    file = reading.file
    if reading.tried is not None:
        t.attempts.note(reading.tried, reading.reason)
    is_failed = reading.outcome is Outcome.FAILED
    if is_failed and (not os.path.lexists(file.absolute) or t.photos.at(file.absolute) is not None):
        return
    t.files.failed(file.folder_id, file.path, reading.stamp, reading.outcome, reading.reason)
