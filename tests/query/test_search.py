"""Asking the library."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from query import (
    BadQuery,
    EmptyQuery,
    NotInLibrary,
    Page,
    Searcher,
    Sort,
    UnknownVocabulary,
    parse,
    parse_line,
    search_text,
    search_vector,
)
from query.search.scores import logit, probability
from query.search.text_vectors import plain
from tests.fakes import vector_of
from tests.strategies import QUERIES, TYPED

from .conftest import IDENTITY


def search(library, text, count=10):
    return search_text(library.catalog, library.index, library.space, library.texts, text, count)


def test_the_best_photo_comes_first_with_its_facts_and_raw_scores(library):
    ids = {name: library.add(name) for name in ("dog", "cat", "car")}
    matches = search(library, "dog")
    assert matches[0].photo_id == ids["dog"]
    assert [match.cosine for match in matches] == sorted((match.cosine for match in matches), reverse=True)
    best = matches[0]
    assert best.photo.paths == (b"/photos/dog",)
    assert best.logit == pytest.approx(logit(best.cosine, IDENTITY))
    assert best.probability == pytest.approx(probability(best.cosine, IDENTITY))
    assert len(search(library, "dog", 2)) == 2


def test_a_picture_finds_others_and_not_itself(library):
    ids = {name: library.add(name) for name in ("dog", "cat", "car")}
    found = search_vector(library.catalog, library.index, library.space, vector_of(b"dog"), 2, exclude=ids["dog"])
    assert {match.photo_id for match in found} == {ids["cat"], ids["car"]}


def test_a_text_is_encoded_once_and_never_again(library):
    library.add("dog")
    search(library, "Beach  at SUNSET")
    library.texts = library.new_texts()
    search(library, "beach at sunset")
    assert library.encoder.asked == ["beach at sunset"]
    assert library.encoders_made == 1


def test_what_was_encoded_before_an_interruption_is_kept(library):
    asked = [f"text{number}" for number in range(100)]

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        library.texts.matrix(asked, interrupt)
    library.encoder.asked.clear()
    assert library.new_texts().matrix(asked).shape == (100, 8)
    assert len(library.encoder.asked) == 36


def test_repeated_texts_are_encoded_once_and_given_for_each(library):
    matrix = library.texts.matrix(["a", "b", "a"])
    assert (matrix[0] == matrix[2]).all()
    assert library.encoder.asked == ["a", "b"]
    assert library.texts.matrix([]).shape == (0, 8)


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_a_query_without_words_is_refused(library, text):
    with pytest.raises(EmptyQuery, match="nothing to search for"):
        search(library, text)


def test_an_answer_does_not_wait_for_another_process_that_writes(library):
    library.add("dog")
    with closing(sqlite3.connect(library.catalog.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        # Waiting would end with `CatalogBusy`.
        assert search(library, "dog")
        other.execute("ROLLBACK")
    assert library.texts.unknown(["dog"]) == 1
    search(library, "dog")
    assert library.texts.unknown(["dog"]) == 0


def test_texts_are_remembered_by_what_the_model_tells_apart():
    assert plain("  Caf\u0065\u0301 \n NOIR ") == "caf\u00e9 noir"
    assert plain("bad \udcff byte") == "bad ? byte"


def test_errors_are_one_sentence():
    assert str(UnknownVocabulary("photograpic", ["photographic", "demo"])).endswith("did you mean 'photographic'?")
    assert "there are demo" in str(UnknownVocabulary("zzz", ["demo"]))
    assert str(NotInLibrary(b"a\x1b\xff")).startswith("a\\x1b\\xff is not in the library")


class Vanishing:
    """An index whose first answers hold photos that have been pruned since."""

    def __init__(self, index, vanish, times):
        self.index, self.vanish, self.times = index, vanish, times

    def search(self, vector, count, among=None, *, exact=False):
        found = self.index.search(vector, count)
        if self.times:
            self.times -= 1
            self.vanish(int(found.photo_ids[0]))
        return found


def test_photos_that_go_between_the_two_looks_are_replaced_by_others(library):
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
    """Pictures whose vectors are those of their paths."""

    def vector(self, path):
        return vector_of(path.encode("utf-8", "surrogatepass"))


@pytest.fixture
def searcher(library):
    return Searcher(library.catalog, library.index, library.space, library.texts, NamedVectors(), "/photos")


def test_a_querys_cosine_is_that_with_the_weighted_sum_of_its_terms(library, searcher):
    names = {library.add(name): name for name in "abcdefghij"}
    found = searcher.search(parse_line("2:dog - 0.5:./p.jpg"), Page(10)).matches
    total = 2 * vector_of(b"dog") - 0.5 * vector_of(b"./p.jpg")
    expected = {key: vector_of(name.encode()) @ total / np.linalg.norm(total) for key, name in names.items()}
    assert [match.photo_id for match in found] == sorted(expected, key=lambda key: -expected[key])
    assert [match.cosine for match in found] == pytest.approx(sorted(expected.values(), reverse=True), abs=1e-3)
    assert {match.probability for match in found} == {None}


def test_a_filter_leaves_out_photos_and_changes_no_score(library, searcher):
    for name in ("a/x.jpg", "a/y.png", "b/x.jpg", "b/z.jpg"):
        library.add(name)
    every = searcher.search(parse_line("dog"), Page(10)).matches
    some = searcher.search(parse_line("dog in:a -name:*.png|z*"), Page(10)).matches
    assert [(m.photo_id, m.cosine) for m in some] == [
        (m.photo_id, m.cosine) for m in every if m.photo.paths == (b"/photos/a/x.jpg",)
    ]
    assert searcher.search(parse_line("in:./b"), Page(10)).matches[0].cosine is None


def test_terms_that_cancel_each_other_are_refused(library, searcher):
    library.add("a")
    with pytest.raises(BadQuery, match="takes away all that it asks for"):
        searcher.search(parse_line("dog - dog"), Page(10))


def test_a_page_is_a_part_of_the_whole_whatever_the_order(library, searcher):
    for number in range(12):
        library.add(str(number))
    for query in ("dog", "name:*"):
        every = [match.photo_id for match in searcher.search(parse_line(query), Page(99)).matches]
        page = searcher.search(parse_line(query), Page(4, 5, Sort.DATE)).matches
        assert {match.photo_id for match in page} == set(every[5:9])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(QUERIES, TYPED)
def test_whatever_can_be_read_is_answered_or_refused(searcher, library, query, words):
    if not library.encoder.asked:
        library.add("a")
    page = Page(3)
    for ask in (lambda: query, lambda: parse(words)):
        try:
            assert len(searcher.search(ask(), page).matches) <= 1
        except BadQuery as refused:
            assert "\n" not in str(refused)  # noqa: PT017 - it is what is asserted of the error that may come
