"""Searches that leave out what is no more than chance, and say when all of it is."""

import numpy as np
import pytest

from query import Page, Searcher, TextVectors, parse
from store import Catalog, Facts, FaissIndex, MappedRows, SpaceIdentity, Stamp
from tests.fakes import vector_of

DIMENSION, PHOTOS = 64, 300
#: The model is never sure here, and rules out what is below 0.08.
IDENTITY = SpaceIdentity("m", "w", "p", "float32", DIMENSION, float(np.log(10)), -10.0)


class Encoder:
    """Encodes texts by their letters."""

    def encode_text(self, texts):
        return np.stack([vector_of(text.encode(), DIMENSION) for text in texts])


class NoPictures:
    """Knows none."""

    def vector(self, path):
        raise AssertionError(path)


@pytest.fixture
def catalog(tmp_path):
    with Catalog.open(tmp_path / "catalog.db", MappedRows(tmp_path / "index")) as made:
        yield made


@pytest.fixture
def search(catalog, tmp_path):
    """Searches photos of which one shows exactly what "needle" says, and the others nothing that has a name."""
    with catalog.write() as t:
        space = t.spaces.ensure(IDENTITY)
        folder = t.folders.add(b"/photos")
        for number in range(PHOTOS):
            name = b"needle" if number == 7 else b"photo %d" % number
            photo_id = t.photos.add(name.ljust(32), 1, Facts(4, 3, "JPEG"))
            t.embeddings.put(space.id, photo_id, vector_of(name, DIMENSION))
            t.files.indexed(folder.id, name, Stamp(1, 2, 3, 4), photo_id)
    index = FaissIndex(tmp_path / "index", catalog, space)
    searcher = Searcher(catalog, index, space, TextVectors(catalog, space, Encoder), NoPictures(), "/")
    return lambda *words, **page: searcher.search(parse(words), Page(10, **page))


def test_of_a_text_that_has_an_answer_only_that_stands_out(search):
    assert len(search("needle").matches) == 10
    found = search("needle", stands_out=True)
    assert [match.photo_id for match in found.matches] == [8]
    assert found.least < found.best == pytest.approx(1, abs=1e-3)


def test_of_one_that_has_none_the_best_is_shown_and_known_to_be_chance(search):
    found = search("haystack")
    assert len(found.matches) == 10
    assert found.best == found.matches[0].cosine < found.least
    none = search("haystack", stands_out=True)
    assert none.matches == []
    assert none.best == found.best
    assert none.least == found.least


def test_a_higher_score_that_is_asked_for_counts(search):
    assert search("needle", stands_out=True, min_score=1.01).matches == []
    assert len(search("needle", stands_out=True, min_score=-0.5).matches) == 1


def test_of_several_terms_nothing_is_said_unless_it_is_asked_for(search):
    assert search("needle", "+", "thread").least is None
    assert [match.photo_id for match in search("needle", "+", "thread", stands_out=True).matches] == [8]


def test_a_sample_of_the_cosines_is_the_same_whether_they_are_mapped_or_not(catalog, search):
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
