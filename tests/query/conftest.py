import pytest

from query.similarity import TextVectors
from query.tagging import StoredTagger
from store import Catalog, Facts, MappedRows, SpaceIdentity, Stamp, Vectors, vector_index
from store.sql import schema as tables
from tests.fakes import DIMENSION, FakeEncoder, vector_of
from tests.store.sqlite import empty_catalog

#: Low scale: cosines of random vectors become probabilities of every size.
IDENTITY = SpaceIdentity("tiny", "hash", "squash-32-bilinear-1", "float32", DIMENSION, 2.3, -4.0)


def find(searcher, catalog, query, page):
    """Search in both steps, as the operation does."""
    with catalog.read() as t:
        selected = searcher.select(t, query, page)
    return searcher.rank(selected)


class Library:
    """Photos whose embeddings are those of their names."""

    def __init__(self, tmp_path, database=None):
        place = database or empty_catalog(tmp_path / "catalog.db")
        # A server keeps its index itself, and there is nothing to be read quicker than from it.
        cache = None if isinstance(place, str) else MappedRows(tmp_path / "index")
        self.catalog = Catalog.open(place, cache)
        with self.catalog.write() as t:
            self.space = t.spaces.ensure(IDENTITY)
            t.library.set_space(self.space.id)
            self.folder = t.folders.add(b"/photos")
        self.encoder = FakeEncoder()
        self.encoders_made = 0
        self.index = vector_index(self.catalog, tmp_path / "index", self.space)
        self.texts = self.new_texts()

    def new_texts(self):
        return TextVectors(self.catalog, self.space, self._make_encoder)

    def _make_encoder(self):
        self.encoders_made += 1
        return self.encoder.encode_text

    def add(self, name: str, revision=None, vector: bytes | None = None) -> int:
        tagger = revision and StoredTagger(self.catalog, self.space, revision, self.texts)
        if tagger:
            tagger.prepare()
        with self.catalog.write() as t:
            photo_id = t.photos.add(name.encode().ljust(32), 1, Facts(4, 3, "JPEG"))
            t.embeddings.put(self.space.id, photo_id, vector_of(vector or name.encode()))
            t.files.indexed(self.folder.id, name.encode(), Stamp(1, 2, 3, 4), photo_id)
            if tagger:
                kept = t.embeddings.get(self.space.id, [photo_id])
                tagger.tag(t, Vectors(kept.ids, kept.matrix))
        return photo_id

    def put(self, definition):
        with self.catalog.write() as t:
            return t.vocabularies.put(definition)

    def rows(self, slot=""):
        """Every automatic tag that is kept in the slot: photo, label, cosine."""
        with self.catalog.read() as t:
            scoring = t.scores.current(self.space.id, slot)
            return [
                (photo_id, *pair)
                for kept in (t.scores.scan(scoring.id) if scoring else ())
                for photo_id, labels, cosines in kept.rows()
                for pair in zip(labels.tolist(), cosines.tolist(), strict=True)
            ]

    def forget_scores(self):
        with self.catalog.write() as t:
            t.connection.execute(tables.photo_scores.delete())
            t.connection.execute(tables.least_rank.delete())


@pytest.fixture
def library(tmp_path):
    made = Library(tmp_path)
    yield made
    made.catalog.close()
