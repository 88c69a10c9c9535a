"""Searches of a library."""

import sqlite3
from contextlib import closing, contextmanager

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from query.errors import BadQuery, EmptyQuery, NotInLibrary, UnknownVocabulary
from query.language import parse, parse_line
from query.search import Page, Searcher, Sort, search_text, search_vector
from query.similarity import TextVectors, logit, normalized_text, probability
from store import Stamp
from tests.fakes import CountingCatalog, vector_of
from tests.query.conftest import IDENTITY, find
from tests.strategies import QUERIES, TYPED


def search(library, text, count=10):
    return search_text(library.index, library.space, library.texts, text, count)


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
    with library.index.read() as snapshot:
        found = search_vector(snapshot, library.space, vector_of(b"dog"), 2, exclude=ids["dog"])
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


class DuringSearches:
    """An index that calls *meanwhile* with the best photo after each search, before anything else is read."""

    def __init__(self, index, meanwhile):
        self.index, self.meanwhile = index, meanwhile

    @contextmanager
    def read(self):
        with self.index.read() as snapshot:
            self.t, self.snapshot = snapshot.t, snapshot
            yield self

    def search(self, vector, count, among=None, *, exact=False):
        found = self.snapshot.search(vector, count, among, exact=exact)
        self.meanwhile(int(found.photo_ids[0]))
        return found


def delete(library, photo_id):
    with library.catalog.write() as t:
        t.files.forget([file.id for file in t.files.known(library.folder.id) if file.photo_id == photo_id])
        t.photos.delete([photo_id])


def test_a_photo_deleted_during_a_search_is_whole_in_its_answer(library):
    names = {library.add(name): name for name in "abcdefg"}
    gone = []

    def vanish(photo_id):
        delete(library, photo_id)
        gone.append(photo_id)

    meanwhile = DuringSearches(library.index, vanish)
    found = search_text(meanwhile, library.space, library.texts, "question", 3)
    assert [match.photo_id for match in found][:1] == gone
    assert [match.photo.paths for match in found] == [(b"/photos/" + names[m.photo_id].encode(),) for m in found]
    later = search(library, "question", 3)
    assert len(later) == len(found) == 3
    assert [match.photo_id for match in later][:2] == [match.photo_id for match in found][1:]


def test_hits_groups_and_threshold_are_of_one_moment(library):
    for number in range(120):
        library.add(f"photo {number}")
    page = Page(5, group=True, above_chance=True, min_score=-1.0)

    def found(index):
        searcher = Searcher(index, library.space, library.texts, NamedVectors(), "/photos")
        return find(searcher, library.catalog, parse_line("dog name:photo*"), page)

    undisturbed = found(library.index)
    assert undisturbed.matches
    added = []

    def change(photo_id):
        if not added:
            delete(library, photo_id)
            added.append(library.add("dog"))

    assert found(DuringSearches(library.index, change)) == undisturbed
    assert added[0] not in [match.photo_id for match in undisturbed.matches]
    assert search(library, "dog", 1)[0].photo_id == added[0]


def test_recalled_texts_need_no_transaction(library):
    before = library.texts.matrix(["dog", "cat"])
    library.encoder.asked.clear()
    catalog = CountingCatalog(library.catalog)
    texts = TextVectors(catalog, library.space, lambda: library.encoder.encode_text)
    with library.catalog.read() as t:
        texts.recall(t, ["Dog ", "cat", "bird"])
    np.testing.assert_array_equal(texts.matrix(["cat", "dog"]), before[::-1])
    np.testing.assert_array_equal(texts.vector(" DOG"), before[0])
    assert (catalog.begun, library.encoder.asked) == (0, [])
    np.testing.assert_array_equal(texts.matrix(["bird", "dog"])[1], before[0])
    assert (catalog.begun, library.encoder.asked) == (2, ["bird"])


class NamedVectors:
    """Picture vectors made from the letters of the paths."""

    def vector(self, path):
        return vector_of(path.encode("utf-8", "surrogatepass"))


@pytest.fixture
def ask(library):
    made = Searcher(library.index, library.space, library.texts, NamedVectors(), "/photos")
    return lambda query, page: find(made, library.catalog, query, page)


def test_scores_are_cosines_with_the_weighted_sum_of_terms(library, ask):
    names = {library.add(name): name for name in "abcdefghij"}
    found = ask(parse_line("2:dog - 0.5:./p.jpg"), Page(10)).matches
    total = 2 * vector_of(b"dog") - 0.5 * vector_of(b"./p.jpg")
    expected = {key: vector_of(name.encode()) @ total / np.linalg.norm(total) for key, name in names.items()}
    assert [match.photo_id for match in found] == sorted(expected, key=lambda key: -expected[key])
    assert [match.cosine for match in found] == pytest.approx(sorted(expected.values(), reverse=True), abs=1e-3)
    assert {match.probability for match in found} == {None}


def test_a_filter_drops_photos_and_changes_no_score(library, ask):
    for name in ("a/x.jpg", "a/y.png", "b/x.jpg", "b/z.jpg"):
        library.add(name)
    every = ask(parse_line("dog"), Page(10)).matches
    some = ask(parse_line("dog in:a -name:*.png|z*"), Page(10)).matches
    assert [(m.photo_id, m.cosine) for m in some] == [
        (m.photo_id, m.cosine) for m in every if m.photo.paths == (b"/photos/a/x.jpg",)
    ]
    assert ask(parse_line("in:./b"), Page(10)).matches[0].cosine is None


def copied(library, photo_id, *names):
    with library.catalog.write() as t:
        for name in names:
            t.files.indexed(library.folder.id, name.encode(), Stamp(1, 2, 3, 4), photo_id)


@pytest.mark.parametrize(
    ("typed", "leads"),
    [
        ("in:backup", "backup/x.jpg"),
        ("in:./backup", "backup/x.jpg"),
        ("in:/photos/trips", "trips/y.PNG"),
        ("name:*.png", "trips/y.PNG"),
        ("name:z.jpg", "backup/z/z.jpg"),
        ("in:trips|backup/z", "backup/z/z.jpg"),
        ("in:backup name:z*", "backup/z/z.jpg"),
        ("dog in:backup", "backup/x.jpg"),
        ("dog", "a/x.jpg"),
        ("is:duplicate", "a/x.jpg"),
        ("rating:0 in:trips", "trips/y.PNG"),
    ],
)
def test_a_path_that_meets_the_filter_leads(library, ask, typed, leads):
    photo_id = library.add("a/x.jpg")
    others = ("backup/x.jpg", "backup/z/z.jpg", "trips/y.PNG")
    copied(library, photo_id, *others)
    (match,) = ask(parse_line(typed), Page(10)).matches
    assert match.photo.paths[0] == b"/photos/" + leads.encode()
    assert sorted(match.photo.paths) == sorted(b"/photos/" + each.encode() for each in ("a/x.jpg", *others))


def test_one_file_meets_all_filters_on_paths(library, ask):
    copied(library, library.add("a/x.png"), "backup/x.jpg")
    copied(library, library.add("b/y.jpg"), "backup/y.png")
    found = ask(parse_line("in:backup name:*.png"), Page(10))
    assert [match.photo.paths[0] for match in found.matches] == [b"/photos/backup/y.png"]
    assert ask(parse_line("in:a in:backup"), Page(10)).reason == "No photo meets all of the filters together"


def test_members_of_a_group_are_led_by_paths_that_meet_the_filter(library, ask):
    for number in range(2):
        copied(library, library.add(f"a/{number}.jpg", vector=b"same"), f"backup/{number}.jpg")
    found = ask(parse_line("dog in:backup"), Page(10, group=True))
    (match,) = found.matches
    paths = [match.photo.paths[0], *(each.photo.paths[0] for each in found.more[match.photo_id])]
    assert sorted(paths) == [b"/photos/backup/0.jpg", b"/photos/backup/1.jpg"]


def test_a_tiny_weight_alone_is_no_sum_of_nothing(library, ask):
    library.add("a")
    (plain,) = ask(parse_line("dog"), Page(1)).matches
    for weight in ("0.0000000001", "1000"):
        (weighted,) = ask(parse_line(f"{weight}:dog"), Page(1)).matches
        assert weighted.cosine == pytest.approx(plain.cosine, abs=1e-6)
    with pytest.raises(BadQuery, match="takes away"):
        ask(parse_line("0.0001:dog - 0.0001:dog"), Page(1))


def test_terms_that_cancel_each_other_are_an_error(library, ask):
    library.add("a")
    with pytest.raises(BadQuery, match="takes away all that it asks for"):
        ask(parse_line("dog - dog"), Page(10))


def test_a_page_has_the_same_photos_in_every_order(library, ask):
    for number in range(12):
        library.add(str(number))
    for query in ("dog", "name:*"):
        every = [match.photo_id for match in ask(parse_line(query), Page(99)).matches]
        page = ask(parse_line(query), Page(4, 5, Sort.DATE)).matches
        assert {match.photo_id for match in page} == set(every[5:9])


@pytest.mark.parametrize("is_group", [False, True])
def test_a_result_has_the_number_of_all_matches(library, ask, is_group):
    for number in range(12):
        library.add(f"{number % 3}/{number}")
    for query, total in (("dog", 12), ("name:*", 12), ("dog in:1", 4), ("in:1", 4)):
        for count in (0, 2, 4, 5, None):
            found = ask(parse_line(query), Page(count, group=is_group))
            assert found.total == total
            assert len(found.matches) == min(total, total if count is None else count)
    cosines = [match.cosine for match in ask(parse_line("dog"), Page(None)).matches]
    for count, offset in ((0, 0), (3, 0), (7, 0), (8, 0), (None, 0), (3, 2), (None, 2), (5, 20)):
        page = Page(count, offset, min_score=cosines[6], group=is_group)
        assert ask(parse_line("dog"), page).total == 7


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(QUERIES, TYPED)
def test_every_query_has_a_result_or_a_usage_error(ask, library, query, words):
    if not library.encoder.asked:
        library.add("a")
    page = Page(3)
    for made in (lambda: query, lambda: parse(words)):
        try:
            assert len(ask(made(), page).matches) <= 1
        except BadQuery as refused:
            assert "\n" not in str(refused)  # noqa: PT017 - it is what is asserted of the error that may come
