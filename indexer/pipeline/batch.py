"""The embed and store stages: pictures of a batch are encoded ahead, and stored in one transaction."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from indexer.decode import FACTS_READER
from indexer.models.protocols import ImageEncoder
from indexer.workers.file_reader import Decoded, Known, Reading, Refused, Stated
from store import Catalog, Outcome, Space, Transaction, Vectors

from .encode_ahead import EncodeThread
from .records import ThumbnailKeeper
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


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Readings whose pictures are being encoded.

    `new` are the pictures that are encoded for it, and `vectors` their future vectors, None if there are none. `known`
    are vectors that the catalog has, and `shared` the digests of pictures that are encoded for the batch before.
    """

    readings: Sequence[Reading]
    new: Sequence[Decoded]
    vectors: Future[NDArray[np.float32]] | None
    known: _ByDigest
    shared: frozenset[bytes]
    #: Number of readings whose pixels, but not their content, are those of another photo.
    alike: int

    @property
    def is_encoded(self) -> bool:
        """True if it can be stored without waiting for the encoder."""
        return self.vectors is None or self.vectors.done()


class BatchWriter:
    """Embeds and stores readings. A photo is identified by its content, and every file gets a row.

    Batches are stored in the order in which they were begun, and a batch may be begun before the one before it is
    stored. The one exception to a row for every file: one that held a photo, and cannot be read for now, keeps its row.
    """

    def __init__(
        self,
        catalog: Catalog,
        space: Space,
        image_encoder: Callable[[], ImageEncoder],
        tagger: Tagger | None,
        thread: EncodeThread,
        thumbnails: ThumbnailKeeper | None = None,
    ) -> None:
        self._catalog = catalog
        self._space = space
        self._image_encoder = image_encoder
        self._tagger = tagger
        self._thread = thread
        #: Pictures that the encoder computes at once; 0 before there was one to encode.
        self.encoder_batch = 0
        self._begun: dict[bytes, frozenset[bytes]] = {}
        self._last: _ByDigest = {}
        self._thumbnails = thumbnails

    def begin(self, readings: Sequence[Reading]) -> Batch:
        """Look *readings* up, and begin to encode those pictures that are new in the space."""
        new, known, shared, alike = self._look_up(readings)
        self._begun = _contents(readings, new)
        return Batch(readings, new, self._encoding(new), known, frozenset(shared), alike)

    def store(self, batch: Batch) -> StoredBatch:
        """Store *batch*, all or nothing, when it is encoded. Raises the errors of the encoder."""
        vectors = self._vectors(batch)
        readings = batch.readings
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
        self._keep_thumbnails([reading for reading in readings if reading.file.folder_id in folders])
        return StoredBatch(len(batch.new), batch.alike, again)

    def _encoding(self, new: Sequence[Decoded]) -> Future[NDArray[np.float32]] | None:
        if not new:
            return None
        encoder = self._image_encoder()
        self.encoder_batch = encoder.batch_size
        return self._thread.encode(encoder, [reading.pixels for reading in new])

    def _keep_thumbnails(self, stored: Sequence[Reading]) -> None:
        """Keep the thumbnails of photos that are in the catalog now. They are no part of it, and none is waited for."""
        if self._thumbnails is None:
            return
        made = {
            reading.content_hash: reading.thumbnail
            for reading in stored
            if isinstance(reading, Decoded) and reading.thumbnail is not None
        }
        if made:
            self._thumbnails.keep(made)

    def _vectors(self, batch: Batch) -> _ByDigest:
        own: Iterable[NDArray[np.float32]] = () if batch.vectors is None else batch.vectors.result()
        before = {digest: self._last[digest] for digest in batch.shared}
        self._last = {reading.digest: vector for reading, vector in zip(batch.new, own, strict=True)}
        return batch.known | before | self._last

    def _look_up(self, readings: Sequence[Reading]) -> tuple[list[Decoded], _ByDigest, set[bytes], int]:
        """The fields of a batch: `new`, one reading for each picture, `known`, `shared` and `alike`.

        The batch before may hold one since it was read, stored or not. Files that differ only in their facts share a
        digest.
        """
        new: dict[bytes, Decoded] = {}
        known: _ByDigest = {}
        shared: set[bytes] = set()
        alike = 0
        with self._catalog.read() as t:
            for reading in readings:
                if not isinstance(reading, Decoded) or self._is_embedded(t, reading.content_hash):
                    continue
                digest = reading.digest
                if digest in self._begun:
                    shared.add(digest)
                    alike += reading.content_hash not in self._begun[digest]
                elif (vector := t.embeddings.of_pixels(self._space.id, digest)) is not None:
                    known[digest] = vector
                    alike += 1
                else:
                    alike += digest in new
                    new.setdefault(digest, reading)
        return list(new.values()), known, shared, alike

    def _is_embedded(self, t: Transaction, content_hash: bytes) -> bool:
        photo_id = t.photos.find(content_hash)
        return photo_id is not None and t.embeddings.exists(self._space.id, photo_id)

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


def _contents(readings: Sequence[Reading], new: Sequence[Decoded]) -> dict[bytes, frozenset[bytes]]:
    """The hashes of the contents among *readings* that show each of the *new* pictures, by digest."""
    digests = {reading.digest for reading in new}
    found: dict[bytes, set[bytes]] = {digest: set() for digest in digests}
    for reading in readings:
        if isinstance(reading, Decoded) and reading.digest in digests:
            found[reading.digest].add(reading.content_hash)
    return {digest: frozenset(contents) for digest, contents in found.items()}


def _store_refused(t: Transaction, reading: Refused) -> None:
    file = reading.file
    if reading.tried is not None:
        t.attempts.note(reading.tried, reading.reason)
    is_failed = reading.outcome is Outcome.FAILED
    if is_failed and (not os.path.lexists(file.absolute) or t.photos.at(file.absolute) is not None):
        return
    t.files.failed(file.folder_id, file.path, reading.stamp, reading.outcome, reading.reason)
