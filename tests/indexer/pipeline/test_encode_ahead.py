"""Encoding a batch ahead: the encoder and the catalog work at the same time, in order, and end together."""

import threading
from contextlib import contextmanager

import numpy as np
import pytest

from indexer import FileDone, ThreadReaders
from indexer.pipeline.batch import BatchWriter
from indexer.pipeline.encode_ahead import EncodeThread
from store import DiskFull
from tests.fakes import FakeImageEncoder, Listener
from tests.indexer.pipeline.test_pipeline import SQUARE, Library
from tests.pictures import encoded, exif_with, scene, write

BATCH = 4
#: Seconds. Only a failing test waits so long.
PATIENCE = 20


@pytest.fixture
def library(tmp_path):
    made = Library(tmp_path)
    yield made
    made.catalog.close()
    for thread in threading.enumerate():
        if thread.name.startswith("encode-ahead"):
            thread.join(PATIENCE)
            assert not thread.is_alive()


def pictures(library, count):
    return [write(library.folder / f"{number:02}.jpg", seed=number) for number in range(count)]


class Stored(Listener):
    """Counts files that were reported as done, and waits for a number of them."""

    def __init__(self):
        super().__init__()
        self.count = 0
        self._changed = threading.Condition()

    def report(self, event):
        super().report(event)
        if isinstance(event, FileDone):
            with self._changed:
                self.count += 1
                self._changed.notify_all()

    def wait_for(self, count):
        with self._changed:
            return self._changed.wait_for(lambda: self.count >= count, PATIENCE)


class Meeting:
    """Keeps each batch with the encoder until the next one is begun, and counts commits of one during that.

    The last batch, of number *last*, waits for none. A program that encodes and stores by turns waits in vain.
    """

    def __init__(self, last):
        self._last = last
        self._changed = threading.Condition()
        self._begun = self.calls = 0
        self.is_encoding = False

    def before_batch(self, _store):
        with self._changed:
            self._begun += 1
            self._changed.notify_all()

    def encode(self):
        with self._changed:
            self.calls += 1
            self.is_encoding = True
            assert self._changed.wait_for(lambda: self._begun > min(self.calls, self._last - 1), PATIENCE)
            self._changed.notify_all()

    def encoded(self):
        with self._changed:
            self.is_encoding = False

    def wait_for_next(self, number):
        with self._changed:
            assert self._changed.wait_for(lambda: self.calls > min(number, self._last - 1), PATIENCE)


class MeetingEncoder(FakeImageEncoder):
    """Encodes when the meeting lets it, and records what was stored when it began."""

    def __init__(self, meeting, stored):
        super().__init__()
        self._meeting, self._stored = meeting, stored
        self.stored_before = []

    def encode(self, pixels):
        self.stored_before.append(self._stored.count)
        self._meeting.encode()
        vectors = super().encode(pixels)
        self._meeting.encoded()
        return vectors


class MeetingCatalog:
    """A catalog that counts its commits of batches, and those during which the encoder was busy."""

    def __init__(self, catalog, meeting):
        self._catalog, self._meeting = catalog, meeting
        self.commits = self.overlaps = 0

    def read(self):
        return self._catalog.read()

    @contextmanager
    def write(self):
        with self._catalog.write() as t:
            before = t.photos.count()
            yield t
            if t.photos.count() > before:
                self.commits += 1
                self._meeting.wait_for_next(self.commits)
                self.overlaps += self._meeting.is_encoding

    def close(self):
        self._catalog.close()


def test_a_batch_is_stored_while_the_next_one_is_encoded(library):
    pictures(library, 5 * BATCH)
    meeting, stored = Meeting(5), Stored()
    library.image_encoder = MeetingEncoder(meeting, stored)
    library.catalog = MeetingCatalog(library.catalog, meeting)
    library.index(stored, batch_size=BATCH, before_batch=meeting.before_batch)
    assert library.catalog.commits == 5
    # The last batch may be encoded sooner than the one before it is stored.
    assert library.catalog.overlaps in {3, 4}
    # No more than two batches are ever encoded and not stored.
    assert library.image_encoder.stored_before == [0, 0, BATCH, 2 * BATCH, 3 * BATCH]


def test_files_are_reported_in_the_order_of_the_folder(library):
    paths = pictures(library, 3 * BATCH)
    library.index(batch_size=BATCH)
    done = [event.path.decode() for event in library.listener.events if isinstance(event, FileDone)]
    assert done == sorted(map(str, paths))


def test_a_batch_is_stored_while_a_slow_file_is_read(library):
    pictures(library, BATCH + 1)
    stored = Stored()

    class Slow(ThreadReaders):
        def read(self, file, context):
            if file.path == b"04.jpg":
                waited.append(stored.wait_for(BATCH))
            return super().read(file, context)

    waited = []
    library.index(stored, readers=Slow(SQUARE, 2), batch_size=BATCH)
    assert waited == [True]


def test_what_is_encoded_can_be_stored_before_a_pause(library):
    pictures(library, 2 * BATCH)
    counts = []

    def pause(store):
        store()
        counts.append(len(library.findable()))

    library.index(before_batch=pause, batch_size=BATCH)
    assert counts == [0, BATCH]


class HaltingEncoder(FakeImageEncoder):
    """Encodes one picture at once. Waits in the first for the second batch, and in the first of that until told."""

    batch_size = 1

    def __init__(self):
        super().__init__()
        self.second, self.reached, self.go_on = threading.Event(), threading.Event(), threading.Event()

    def encode(self, pixels):
        if self.embedded == 0:
            assert self.second.wait(PATIENCE)
        elif self.embedded == BATCH:
            self.reached.set()
            assert self.go_on.wait(PATIENCE)
        return super().encode(pixels)


def test_an_error_of_the_catalog_stops_the_encoder(library):
    pictures(library, 3 * BATCH)
    encoder = library.image_encoder = HaltingEncoder()
    catalog, batches = library.catalog, iter(range(9))

    def before_batch(_store):
        if next(batches) == 1:
            encoder.second.set()

    class Full:
        """A catalog whose disk is full at the first batch, while the second one is encoded."""

        def read(self):
            return catalog.read()

        @contextmanager
        def write(self):
            with catalog.write() as t:
                yield t
                if t.photos.any():
                    assert encoder.reached.wait(PATIENCE)
                    raise DiskFull("catalog.db")

    library.catalog = Full()
    with pytest.raises(DiskFull):
        library.index(batch_size=BATCH, before_batch=before_batch)
    library.catalog = catalog
    encoder.go_on.set()
    for thread in threading.enumerate():
        if thread.name.startswith("encode-ahead"):
            thread.join(PATIENCE)
    # The picture in progress was the last.
    assert encoder.embedded == BATCH + 1
    assert library.findable() == set()


class BrokenEncoder(FakeImageEncoder):
    """Raises an error at its second batch."""

    calls = 0

    def encode(self, pixels):
        self.calls += 1
        if self.calls == 2:
            raise ZeroDivisionError
        return super().encode(pixels)


def test_an_error_of_the_encoder_ends_the_pass_after_what_is_done(library):
    pictures(library, 4 * BATCH)
    library.image_encoder = BrokenEncoder()
    with pytest.raises(ZeroDivisionError):
        library.index(batch_size=BATCH)
    assert len(library.findable()) == BATCH
    library.image_encoder = FakeImageEncoder()
    assert library.index().embedded == 3 * BATCH


def test_pictures_of_the_batch_in_progress_are_not_encoded_again(library):
    picture = scene(seed=1)
    for number in range(6):
        (library.folder / f"{number}.jpg").write_bytes(encoded(picture, exif=exif_with(Make=f"Maker {number}")))
    report = library.index(batch_size=1)
    assert (report.embedded, report.alike, library.image_encoder.embedded) == (1, 5, 1)
    photos = library.photos()
    assert len(set(photos.values())) == 6
    with library.catalog.read() as t:
        vectors = t.embeddings.get(library.space.id, list(photos.values())).matrix
    np.testing.assert_array_equal(vectors, np.repeat(vectors[:1], 6, axis=0))


def test_a_pass_gives_the_same_library_with_any_batch_size(tmp_path):
    made = []
    for size in (1, 3, 64, None):
        folder = tmp_path / str(size)
        folder.mkdir()
        library = Library(folder)
        for number in range(12):
            write(library.folder / f"{number:02}.jpg", seed=number % 7)
        report = library.index(batch_size=size)
        with library.catalog.read() as t:
            ids = sorted(set(library.photos().values()))
            made.append((library.photos(), t.embeddings.get(library.space.id, ids).matrix.tobytes(), report.embedded))
        library.catalog.close()
    assert made[1:] == made[:1] * 3


class WideEncoder(FakeImageEncoder):
    """Records the number of pictures of each call."""

    batch_size = 40

    def __init__(self):
        super().__init__()
        self.sizes = []

    def encode(self, pixels):
        self.sizes.append(len(pixels))
        return super().encode(pixels)


def test_batches_grow_with_what_the_encoder_computes_at_once(library):
    pictures(library, 100)
    library.image_encoder = WideEncoder()
    library.index(batch_size=None)
    # Nobody knows the encoder before there is something to encode.
    assert library.image_encoder.sizes == [32, 40, 28]


def test_a_batch_of_the_user_is_as_large_as_the_user_says(library):
    pictures(library, 10)
    library.image_encoder = WideEncoder()
    library.index(batch_size=5)
    assert library.image_encoder.sizes == [5, 5]


def test_vectors_of_parts_are_in_the_order_of_the_pictures():
    encoder = FakeImageEncoder()
    encoder.batch_size = 3
    pixels = np.random.default_rng(0).integers(0, 256, (8, 4, 4, 3), np.uint8)
    with EncodeThread() as thread:
        found = thread.encode(encoder, pixels).result()
    np.testing.assert_array_equal(found, FakeImageEncoder().encode(pixels))


def test_a_batch_of_rows_alone_needs_no_encoder(library):
    (library.folder / "a.jpg").write_bytes(b"")
    library.image_encoder = None
    assert sum(library.index().outcomes.values()) == 1
    with EncodeThread() as thread:
        batch = BatchWriter(library.catalog, library.space, lambda: None, None, thread).begin([])
    assert batch.is_encoded
