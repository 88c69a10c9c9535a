import resource
from collections.abc import Iterable
from contextlib import contextmanager

import numpy as np
import pytest
from sqlalchemy import func, insert, select

from store import Catalog, Facts, SpaceIdentity, Stamp, VectorIndex, Vectors
from store.records import Neighbours
from store.sql import schema as tables
from store.sql.dialect import utc_now

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

    def __init__(self, catalog: Catalog, folder: bytes = b"/photos", identity: SpaceIdentity = IDENTITY) -> None:
        self.catalog = catalog
        with catalog.write() as t:
            self.space = t.spaces.ensure(identity)
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


def fill(photographer: Photographer, matrix: np.ndarray) -> np.ndarray:
    """Photos with files, and with the rows of *matrix* as embeddings, at once: a thousandth of the time for each."""
    with photographer.catalog.write() as t:
        first = (t.connection.execute(select(func.max(tables.photo.c.id))).scalar() or 0) + 1
        ids = np.arange(first, first + len(matrix))
        photo = {"size": 1, "width": 4, "height": 3, "format": "JPEG", "added_at": utc_now()}
        file = {"size": 1, "mtime_ns": 1, "ctime_ns": 1, "inode": 1, "outcome": "indexed"}
        t.connection.execute(
            insert(tables.photo), [{"id": n, "content_hash": n.to_bytes(32, "big"), **photo} for n in ids.tolist()]
        )
        t.connection.execute(
            insert(tables.file),
            [{"folder_id": photographer.folder.id, "path": b"%d" % n, "photo_id": n, **file} for n in ids.tolist()],
        )
        if t.connection.dialect.name == "postgresql":
            t.connection.exec_driver_sql(f"SELECT setval('photo_id_seq', {ids[-1]})")
        t.embeddings.put_all(photographer.space.id, Vectors(ids, matrix.astype(np.float32)))
    return ids


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
