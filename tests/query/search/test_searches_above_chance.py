"""Searches that drop photos below the chance limit, or report that all are below it."""

import numpy as np
import pytest

from query.language import parse
from query.search import ResultPage, Searcher
from query.similarity import TextVectors
from store import Catalog, Facts, FaissIndex, MappedRows, SpaceIdentity, Stamp
from tests.fakes import vector_of
from tests.query.conftest import find
from tests.store.sqlite import empty_catalog

DIMENSION, PHOTOS = 64, 300
#: The model is never sure here, and rules out cosines below 0.08.
IDENTITY = SpaceIdentity("m", "w", "p", "float32", DIMENSION, float(np.log(10)), -10.0)


def encode_letters(texts):
    """Encode texts by their letters."""
    return np.stack([vector_of(text.encode(), DIMENSION) for text in texts])


class NoPictures:
    """Fails on every picture."""

    def vector(self, path):
        raise AssertionError(path)


@pytest.fixture
def catalog(tmp_path):
    with Catalog.open(empty_catalog(tmp_path / "catalog.db"), MappedRows(tmp_path / "index")) as made:
        yield made


@pytest.fixture
def search(catalog, tmp_path):
    """Search 300 photos: one has the vector of "needle", the others have random vectors."""
    with catalog.write() as t:
        space = t.spaces.ensure(IDENTITY)
        folder = t.folders.add(b"/photos")
        for number in range(PHOTOS):
            name = b"needle" if number == 7 else b"photo %d" % number
            photo_id = t.photos.add(name.ljust(32), 1, Facts(4, 3, "JPEG"))
            t.embeddings.put(space.id, photo_id, vector_of(name, DIMENSION))
            t.files.indexed(folder.id, name, Stamp(1, 2, 3, 4), photo_id)
    index = FaissIndex(tmp_path / "index", catalog, space)
    texts = TextVectors(catalog, space, lambda: encode_letters)
    searcher = Searcher(index, space, texts, NoPictures(), "/")
    return lambda *words, **page: find(searcher, catalog, parse(words), ResultPage(10, **page))


def test_only_the_answer_is_above_chance(search):
    assert len(search("needle").matches) == 10
    found = search("needle", above_chance=True)
    assert [match.photo_id for match in found.matches] == [8]
    assert found.threshold < found.best == pytest.approx(1, abs=1e-3)


def test_without_an_answer_the_best_is_shown_and_below_the_threshold(search):
    found = search("haystack")
    assert len(found.matches) == 10
    assert found.best == found.matches[0].cosine < found.threshold
    none = search("haystack", above_chance=True)
    assert none.matches == []
    assert none.best == found.best
    assert none.threshold == found.threshold


def test_a_higher_min_score_wins_over_the_chance_limit(search):
    assert search("needle", above_chance=True, min_score=1.01).matches == []
    assert len(search("needle", above_chance=True, min_score=-0.5).matches) == 1


def test_several_terms_have_a_threshold_only_on_request(search):
    assert search("needle", "+", "thread").threshold is None
    assert [match.photo_id for match in search("needle", "+", "thread", above_chance=True).matches] == [8]


def test_sampled_cosines_are_the_same_mapped_or_not(catalog, search):
    query = vector_of(b"needle", DIMENSION)
    with catalog.read() as t:
        before = t.embeddings.sample(1, query, 50)
    search("needle")
    with catalog.read() as t:
        count, cosines = t.embeddings.sample(1, query, 50)
        assert count == before[0] == PHOTOS
        assert len(cosines) == 50
        every_sixth = t.embeddings.get(1, t.embeddings.ids(1)[::6].tolist()).matrix @ query
    np.testing.assert_allclose(np.sort(cosines), np.sort(before[1]), atol=1e-6)
    np.testing.assert_allclose(np.sort(cosines), np.sort(every_sixth), atol=1e-6)
