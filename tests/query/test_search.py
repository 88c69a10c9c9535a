"""Searches of a library."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from query.errors import BadQuery, EmptyQuery, NotInLibrary, UnknownVocabulary
from query.language import parse, parse_line
from query.search import Page, Searcher, Sort, search_text, search_vector
from query.similarity import logit, normalized_text, probability
from tests.fakes import vector_of
from tests.strategies import QUERIES, TYPED

from .conftest import IDENTITY


def search(library, text, count=10):
    return search_text(library.catalog, library.index, library.space, library.texts, text, count)


def test_the_best_photo_is_first_with_facts_and_raw_scores(library):
    ids = {name: library.add(name) for name in ("dog", "cat", "car")}
    matches = search(library, "dog")
    assert matches[0].photo_id == ids["dog"]
    assert [match.cosine for match in matches] == sorted((match.cosine for match in matches), reverse=True)
    best = matches[0]
    assert best.photo.paths == (b"/photos/dog",)
    assert best.logit == pytest.approx(logit(best.cosine, IDENTITY))
    assert best.probability == pytest.approx(probability(best.cosine, IDENTITY))
    assert len(search(library, "dog", 2)) == 2


def test_a_search_by_picture_excludes_the_picture(library):
    ids = {name: library.add(name) for name in ("dog", "cat", "car")}
    found = search_vector(library.catalog, library.index, library.space, vector_of(b"dog"), 2, exclude=ids["dog"])
    assert {match.photo_id for match in found} == {ids["cat"], ids["car"]}


def test_a_text_is_encoded_once(library):
    library.add("dog")
    search(library, "Beach  at SUNSET")
    library.texts = library.new_texts()
    search(library, "beach at sunset")
    assert library.encoder.asked == ["beach at sunset"]
    assert library.encoders_made == 1


def test_texts_encoded_before_an_interruption_stay_cached(library):
    asked = [f"text{number}" for number in range(100)]

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        library.texts.matrix(asked, interrupt)
    library.encoder.asked.clear()
    assert library.new_texts().matrix(asked).shape == (100, 8)
    assert len(library.encoder.asked) == 36


def test_repeated_texts_are_encoded_once(library):
    matrix = library.texts.matrix(["a", "b", "a"])
    assert (matrix[0] == matrix[2]).all()
    assert library.encoder.asked == ["a", "b"]
    assert library.texts.matrix([]).shape == (0, 8)


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_a_query_without_words_is_an_error(library, text):
    with pytest.raises(EmptyQuery, match="nothing to search for"):
        search(library, text)


def test_a_search_does_not_wait_for_another_writer(library):
    library.add("dog")
    with closing(sqlite3.connect(library.catalog.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        # Waiting would end with `CatalogBusy`.
        assert search(library, "dog")
        other.execute("ROLLBACK")
    assert library.texts.unknown(["dog"]) == 1
    search(library, "dog")
    assert library.texts.unknown(["dog"]) == 0


def test_texts_are_cached_by_what_the_model_distinguishes():
    assert normalized_text("  Caf\u0065\u0301 \n NOIR ") == "caf\u00e9 noir"
    assert normalized_text("bad \udcff byte") == "bad ? byte"


def test_errors_are_one_sentence():
    assert str(UnknownVocabulary("photograpic", ["photographic", "demo"])).endswith("did you mean 'photographic'?")
    assert "there are demo" in str(UnknownVocabulary("zzz", ["demo"]))
    assert str(NotInLibrary(b"a\x1b\xff")).startswith("a\\x1b\\xff is not in the library")


class Vanishing:
    """An index whose first results contain photos that are deleted before the catalog is read."""

    def __init__(self, index, vanish, times):
        self.index, self.vanish, self.times = index, vanish, times

    def search(self, vector, count, among=None, *, exact=False):
        found = self.index.search(vector, count)
        if self.times:
            self.times -= 1
            self.vanish(int(found.photo_ids[0]))
        return found


def test_photos_deleted_during_a_search_are_replaced(library):
    for name in "abcdefg":
        library.add(name)

    def vanish(photo_id):
        with library.catalog.write() as t:
            t.files.forget([file.id for file in t.files.known(library.folder.id) if file.photo_id == photo_id])
            t.photos.delete([photo_id])

    vector = vector_of(b"question")
    found = search_vector(library.catalog, Vanishing(library.index, vanish, 1), library.space, vector, 3)
    assert len(found) == 3
    found = search_vector(library.catalog, Vanishing(library.index, vanish, 9), library.space, vector, 3)
    assert len(found) == 2


class NamedVectors:
    """Picture vectors made from the letters of the paths."""

    def vector(self, path):
        return vector_of(path.encode("utf-8", "surrogatepass"))


@pytest.fixture
def searcher(library):
    return Searcher(library.catalog, library.index, library.space, library.texts, NamedVectors(), "/photos")


def test_scores_are_cosines_with_the_weighted_sum_of_terms(library, searcher):
    names = {library.add(name): name for name in "abcdefghij"}
    found = searcher.search(parse_line("2:dog - 0.5:./p.jpg"), Page(10)).matches
    total = 2 * vector_of(b"dog") - 0.5 * vector_of(b"./p.jpg")
    expected = {key: vector_of(name.encode()) @ total / np.linalg.norm(total) for key, name in names.items()}
    assert [match.photo_id for match in found] == sorted(expected, key=lambda key: -expected[key])
    assert [match.cosine for match in found] == pytest.approx(sorted(expected.values(), reverse=True), abs=1e-3)
    assert {match.probability for match in found} == {None}


def test_a_filter_drops_photos_and_changes_no_score(library, searcher):
    for name in ("a/x.jpg", "a/y.png", "b/x.jpg", "b/z.jpg"):
        library.add(name)
    every = searcher.search(parse_line("dog"), Page(10)).matches
    some = searcher.search(parse_line("dog in:a -name:*.png|z*"), Page(10)).matches
    assert [(m.photo_id, m.cosine) for m in some] == [
        (m.photo_id, m.cosine) for m in every if m.photo.paths == (b"/photos/a/x.jpg",)
    ]
    assert searcher.search(parse_line("in:./b"), Page(10)).matches[0].cosine is None


def test_terms_that_cancel_each_other_are_an_error(library, searcher):
    library.add("a")
    with pytest.raises(BadQuery, match="takes away all that it asks for"):
        searcher.search(parse_line("dog - dog"), Page(10))


def test_a_page_has_the_same_photos_in_every_order(library, searcher):
    for number in range(12):
        library.add(str(number))
    for query in ("dog", "name:*"):
        every = [match.photo_id for match in searcher.search(parse_line(query), Page(99)).matches]
        page = searcher.search(parse_line(query), Page(4, 5, Sort.DATE)).matches
        assert {match.photo_id for match in page} == set(every[5:9])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(QUERIES, TYPED)
def test_every_query_has_a_result_or_a_usage_error(searcher, library, query, words):
    if not library.encoder.asked:
        library.add("a")
    page = Page(3)
    for ask in (lambda: query, lambda: parse(words)):
        try:
            assert len(searcher.search(ask(), page).matches) <= 1
        except BadQuery as refused:
            assert "\n" not in str(refused)  # noqa: PT017 - it is what is asserted of the error that may come
