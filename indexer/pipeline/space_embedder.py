"""Embedding of readings in one space: pictures that are new there are encoded ahead, each once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from indexer.models.protocols import ImageEncoder, Pictures
from indexer.workers.file_reader import Decoded, Pixels, Reading
from store import Catalog, Space, Transaction, Vectors

from .encode_ahead import EncodeThread

ByDigest = dict[bytes, NDArray[np.float32]]


class Tagger(Protocol):
    """Tags photos by their embeddings."""

    def prepare(self) -> object:
        """Do work that is slow or writes by itself. Called before a transaction in which `tag` is called."""
        ...

    def tag(self, t: Transaction, vectors: Vectors) -> None:
        """Tag the photos with these ids and vectors, within *t*."""
        ...


@dataclass(frozen=True, slots=True)
class Destination:
    """A space that photos are embedded in, with its image encoder, made when it is called, and its tagger.

    If it is filled beside the space that answers, *on_lost* is called with the error for which it gets no more.
    """

    space: Space
    image_encoder: Callable[[], ImageEncoder]
    tagger: Tagger | None
    on_lost: Callable[[Exception], object] = lambda _error: None


@dataclass(frozen=True, slots=True, eq=False)
class Encoding:
    """Pictures of a batch that are being encoded.

    `new` are the digests of pictures that are encoded for it, and `vectors` their future vectors, None if there are
    none. `known` are vectors that the catalog has, and `shared` the digests of pictures that are encoded for the batch
    before.
    """

    new: Sequence[bytes]
    vectors: Future[NDArray[np.float32]] | None
    known: ByDigest
    shared: frozenset[bytes]
    #: Number of readings whose pixels, but not their content, are those of another photo.
    alike: int
    #: None if nothing is encoded.
    encoder: _TimedEncoder | None

    @property
    def is_ready(self) -> bool:
        """True if it can be stored without waiting for the encoder."""
        return self.vectors is None or self.vectors.done()


class SpaceEmbedder:
    """Embeds the pictures of batches in the space of *destination*; *view* gives a reading's pixels for it, if any."""

    def __init__(
        self,
        catalog: Catalog,
        destination: Destination,
        view: Callable[[Decoded], Pixels | None],
        thread: EncodeThread,
    ) -> None:
        self.space, self.tagger, self.on_lost = destination.space, destination.tagger, destination.on_lost
        self.view = view
        self._catalog = catalog
        self._image_encoder = destination.image_encoder
        self._thread = thread
        #: Pictures that the encoder computes at once; 0 before there was one to encode.
        self.encoder_batch = 0
        self._begun: dict[bytes, frozenset[bytes]] = {}
        self._last: ByDigest = {}

    def begin(self, readings: Sequence[Reading]) -> Encoding:
        """Look *readings* up, and begin to encode those pictures that are new in the space."""
        new: dict[bytes, Pixels] = {}
        known: ByDigest = {}
        shared: set[bytes] = set()
        alike = 0
        pictures = [
            (reading, seen)
            for reading in readings
            if isinstance(reading, Decoded) and (seen := self.view(reading)) is not None
        ]
        # The batch before may hold one since it was read, stored or not. Files that differ only in their facts share a
        # digest.
        with self._catalog.read() as t:
            for reading, seen in pictures:
                if self.holds(t, reading.content_hash):
                    continue
                digest = seen.digest
                if digest in self._begun:
                    shared.add(digest)
                    alike += reading.content_hash not in self._begun[digest]
                elif (vector := t.embeddings.of_pixels(self.space.id, digest)) is not None:
                    known[digest] = vector
                    alike += 1
                else:
                    alike += digest in new
                    new.setdefault(digest, seen)
        self._begun = {
            digest: frozenset(reading.content_hash for reading, seen in pictures if seen.digest == digest)
            for digest in new
        }
        encoder = _TimedEncoder(self._image_encoder()) if new else None
        vectors = None
        if encoder is not None:
            self.encoder_batch = encoder.batch_size
            vectors = self._thread.encode(encoder, [seen.pixels for seen in new.values()])
        return Encoding(list(new), vectors, known, frozenset(shared), alike, encoder)

    def vectors(self, encoding: Encoding) -> ByDigest:
        """The vectors of the batch by digest, when they are encoded. Raises the errors of the encoder."""
        own: Iterable[NDArray[np.float32]] = () if encoding.vectors is None else encoding.vectors.result()
        before = {digest: self._last[digest] for digest in encoding.shared}
        self._last = dict(zip(encoding.new, own, strict=True))
        return encoding.known | before | self._last

    def note_speed(self, t: Transaction, encoding: Encoding) -> None:
        """Add the batch to what is known of the encoder's speed."""
        if encoding.encoder is not None:
            t.spaces.note_encoded(self.space.id, len(encoding.new), encoding.encoder.seconds)

    def put(self, t: Transaction, photo_id: int, reading: Decoded, vectors: ByDigest) -> None:
        """Store the photo's embedding, unless it has one."""
        seen = self.view(reading)
        if seen is not None and not t.embeddings.exists(self.space.id, photo_id):
            t.embeddings.put(self.space.id, photo_id, vectors[seen.digest], seen.digest)

    def tag(self, t: Transaction, photo_ids: Iterable[int]) -> None:
        """Tag these photos. The stored vectors are rounded, and tags must be those of the stored ones."""
        if self.tagger is not None:
            vectors = t.embeddings.get(self.space.id, sorted(photo_ids))
            if len(vectors):
                self.tagger.tag(t, vectors)

    def holds(self, t: Transaction, content_hash: bytes) -> bool:
        """Return whether the photo of that content has an embedding in the space."""
        photo_id = t.photos.find(content_hash)
        return photo_id is not None and t.embeddings.exists(self.space.id, photo_id)


class _TimedEncoder:
    """An encoder that adds up the seconds it takes."""

    def __init__(self, encoder: ImageEncoder) -> None:
        self._encoder = encoder
        self.seconds = 0.0

    @property
    def batch_size(self) -> int:
        """Pictures that it computes at once."""
        return self._encoder.batch_size

    def encode(self, pixels: Pictures) -> NDArray[np.float32]:
        """Unit vectors, float32 (n, d)."""
        before = time.perf_counter()
        vectors = self._encoder.encode(pixels)
        self.seconds += time.perf_counter() - before
        return vectors
