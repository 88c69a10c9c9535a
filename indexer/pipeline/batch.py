"""The embed and store stages: pictures of a batch are encoded ahead, and stored in one transaction."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.decode import FACTS_READER
from indexer.workers.file_reader import Decoded, KnownPhoto, Reading, RefusedFile, Stated
from store import Catalog, Outcome, Transaction
from store.errors import PhotosError, StoreError

from .encode_ahead import EncodeThread
from .records import ThumbnailKeeper
from .space_embedder import ByDigest, Destination, Encoding, SpaceEmbedder
from .stated_facts import store_facts

#: Errors of an encoder and of a tagger, and those of libraries below them. The store's concern both spaces.
_OF_A_MODEL: Final = (PhotosError, RuntimeError, MemoryError, OSError)


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
    """Readings whose pictures are being encoded, in the space that answers, and in one beside it, if there is one."""

    readings: Sequence[Reading]
    encodings: Sequence[Encoding]

    @property
    def is_encoded(self) -> bool:
        """True if it can be stored without waiting for an encoder."""
        return all(each.is_ready for each in self.encodings)

    @property
    def last(self) -> Future[NDArray[np.float32]] | None:
        """The vectors that are encoded last; None if nothing is encoded."""
        return next((each.vectors for each in reversed(self.encodings) if each.vectors is not None), None)


class BatchWriter:
    """Embeds and stores readings. A photo is identified by its content, and every file gets a row.

    Photos are embedded in the space of *own*, and in that of *beside* if it is there. Batches are stored in the order
    in which they were begun, and a batch may be begun before the one before it is stored. The one exception to a row
    for every file: one that held a photo, and cannot be read for now, keeps its row.

    If the model of *beside* fails, photos go into the space of *own* alone from then on: what is tried must not stop
    what answers.
    """

    def __init__(
        self,
        catalog: Catalog,
        own: Destination,
        thread: EncodeThread,
        beside: Destination | None = None,
        thumbnails: ThumbnailKeeper | None = None,
    ) -> None:
        self._catalog = catalog
        self._thumbnails = thumbnails
        self._own = SpaceEmbedder(catalog, own, lambda reading: reading.own, thread)
        self._beside = None
        if beside is not None:
            self._beside = SpaceEmbedder(catalog, beside, lambda reading: reading.beside, thread)

    @property
    def encoder_batch(self) -> int:
        """Pictures that the encoder computes at once; 0 before there was one to encode."""
        return self._own.encoder_batch

    def begin(self, readings: Sequence[Reading]) -> Batch:
        """Look *readings* up, and begin to encode those pictures that are new."""
        encodings = [self._own.begin(readings)]
        if self._beside is not None:
            try:
                encodings.append(self._beside.begin(readings))
            except _OF_A_MODEL as error:
                self._lose_beside(self._beside, error)
        return Batch(readings, encodings)

    def store(self, batch: Batch) -> StoredBatch:
        """Store *batch*, all or nothing, when it is encoded. Raises the errors of the encoder."""
        readings = batch.readings
        needs_tags = not all(isinstance(reading, RefusedFile | Stated) for reading in readings)
        encoded = [self._finished(self._own, batch.encodings[0], needs_tags=needs_tags)]
        if self._beside is not None and len(batch.encodings) > 1:
            try:
                encoded.append(self._finished(self._beside, batch.encodings[1], needs_tags=needs_tags))
            except _OF_A_MODEL as error:
                self._lose_beside(self._beside, error)
        with self._catalog.write() as t:
            # A space that is filled beside may have been forgotten since.
            there = [each for each in encoded if t.spaces.find(each.embedder.space.id) is not None]
            to_tag: set[int] = set()
            # A folder may have been removed, or merged into another one, since the pass began.
            folders = {folder.id for folder in t.folders.all()}
            again = tuple(
                reading
                for reading in readings
                if reading.file.folder_id in folders and not self._store_one(t, reading, there, to_tag)
            )
            for embedder, encoding, _ in there:
                embedder.note_speed(t, encoding)
                if to_tag:
                    embedder.tag(t, to_tag)
        self._keep_thumbnails([reading for reading in readings if reading.file.folder_id in folders])
        own = batch.encodings[0]
        return StoredBatch(len(own.new), own.alike, again)

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

    @staticmethod
    def _finished(embedder: SpaceEmbedder, encoding: Encoding, *, needs_tags: bool) -> _Encoded:
        """The vectors of *encoding*, with the tagger prepared if it *needs_tags*."""
        encoded = _Encoded(embedder, encoding, embedder.vectors(encoding))
        if needs_tags and embedder.tagger is not None:
            embedder.tagger.prepare()
        return encoded

    def _lose_beside(self, beside: SpaceEmbedder, error: Exception) -> None:
        if isinstance(error, StoreError):
            raise error
        self._beside = None
        beside.on_lost(error)

    def _store_one(self, t: Transaction, reading: Reading, encoded: Sequence[_Encoded], to_tag: set[int]) -> bool:
        """Store one reading, and add its photo to *to_tag* if it needs tags. Returns whether it was stored."""
        if reading.file.purpose.is_facts:
            store_facts(t, reading)
            return True
        if isinstance(reading, RefusedFile):
            _store_refused(t, reading)
            return True
        assert not isinstance(reading, Stated)
        photo_id = t.photos.find(reading.content_hash)
        if isinstance(reading, Decoded):
            photo_id = self._photo_of(t, reading, photo_id)
            for embedder, _, vectors in encoded:
                embedder.put(t, photo_id, reading, vectors)
            t.miniatures.put(photo_id, reading.miniature)
            to_tag.add(photo_id)
        elif isinstance(reading, KnownPhoto):
            if photo_id is None:
                # It was pruned a moment ago, or the picture got other facts and is known by another hash.
                return False
            if not t.photos.get([photo_id])[0].paths:
                # It was away, and the vocabulary may have changed since.
                to_tag.add(photo_id)
        note = reading.note if isinstance(reading, Decoded) else None
        t.files.indexed(reading.file.folder_id, reading.file.path, reading.stamp, photo_id, note)
        return True

    def _photo_of(self, t: Transaction, reading: Decoded, known: int | None) -> int:
        if known is not None:
            t.photos.refresh(known, reading.facts, FACTS_READER)
            return known
        before = t.files.only(reading.file.folder_id, reading.file.path)
        if before is not None and t.embeddings.pixels(self._own.space.id, before) == reading.digest:
            # Another program wrote a rating or a caption: the same photo, with all its manual tags.
            t.photos.replace_content(before, reading.content_hash, reading.stamp.size, reading.facts, FACTS_READER)
            return before
        return t.photos.add(reading.content_hash, reading.stamp.size, reading.facts, FACTS_READER)


class _Encoded(NamedTuple):
    """A batch that is encoded in one space, with its vectors by digest."""

    embedder: SpaceEmbedder
    encoding: Encoding
    vectors: ByDigest


def _store_refused(t: Transaction, reading: RefusedFile) -> None:
    file = reading.file
    if reading.tried is not None:
        t.attempts.note(reading.tried, reading.reason)
    is_failed = reading.outcome is Outcome.FAILED
    known = t.files.at(file.folder_id, file.path) if is_failed else None
    if is_failed and (not os.path.lexists(file.absolute) or (known is not None and known.photo_id is not None)):
        return
    t.files.failed(file.folder_id, file.path, reading.stamp, reading.outcome, reading.reason)
