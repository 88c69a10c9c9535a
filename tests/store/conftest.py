import resource
from collections.abc import Iterable
from contextlib import contextmanager

import numpy as np
import pytest

from store import Catalog, Facts, SpaceIdentity, Stamp, VectorIndex
from store.records import Neighbours

from .many import add_photos

IDENTITY = SpaceIdentity("tiny", "hash", "squash-32-bilinear-1", "float32", 8, 4.7, -16.0)


def unit(seed: int, dimension: int = 8) -> np.ndarray:
    vector = np.random.default_rng(seed).normal(size=dimension).astype(np.float32)
    return vector / np.linalg.norm(vector)


def stamp(number: int = 0) -> Stamp:
    return Stamp(100 + number, 1_000 + number, 2_000, 3)


def search(index: VectorIndex, *asked, **how) -> Neighbours:
    """Search the index as it is now; see `IndexSnapshot.search`."""
    with index.read() as snapshot:
        return snapshot.search(*asked, **how)


class Photographer:
    """Puts photos into a catalog: content is a number, and so is the embedding's seed."""

    def __init__(self, catalog: Catalog, folder: bytes = b"/photos") -> None:
        self.catalog = catalog
        with catalog.write() as t:
            self.space = t.spaces.ensure(IDENTITY)
            self.folder = t.folders.add(folder)

    def put(self, path: bytes, content: int) -> int:
        with self.catalog.write() as t:
            digest = content.to_bytes(32, "big")
            photo_id = t.photos.find(digest)
            if photo_id is None:
                photo_id = t.photos.add(digest, 100, Facts(4, 3, "JPEG"))
                t.embeddings.put(self.space.id, photo_id, unit(content))
            t.files.indexed(self.folder.id, path, stamp(), photo_id)
            return photo_id

    def remove(self, path: bytes) -> None:
        with self.catalog.write() as t:
            t.files.forget([file.id for file in t.files.known(self.folder.id) if file.path == path])


def put_many(photographer: Photographer, seeds: Iterable[int]) -> None:
    """Photos with files named by number, and embeddings of these seeds, where they are new; in one transaction."""
    with photographer.catalog.write() as t:
        hashes, paths, rows = [], [], []
        for number, seed in enumerate(seeds):
            content, path = number.to_bytes(32, "big"), b"%d" % number
            photo_id = t.photos.find(content)
            if photo_id is None:
                hashes.append(content)
                paths.append(path)
                rows.append(unit(seed))
            else:
                t.files.indexed(photographer.folder.id, path, stamp(), photo_id)
        if rows:
            add_photos(t, photographer.space.id, photographer.folder.id, hashes, paths, np.stack(rows))


@pytest.fixture
def files_that_may_not_grow():
    """A full disk, also for tests that run as root: no file can be written beyond 64 bytes."""

    @contextmanager
    def limited():
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited


@pytest.fixture
def catalog(database):
    with Catalog.open(database) as opened:
        yield opened


@pytest.fixture
def photographer(catalog):
    return Photographer(catalog)
