"""Descriptions by other models, and the words of captions and texts that searches find."""

from __future__ import annotations

import sqlite3
import tracemalloc
from contextlib import closing, suppress
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from store import BadVector, Catalog, DescriberSummary, Facts, StoredDescription
from store.errors import WordIndexDamaged
from store.filters.criteria import AnyOf, Fact, HasFact, Not, Worded, Wording
from store.sql import schema
from store.sql.sqlite import connect
from store.words import words_of
from tests.conftest import new_database
from tests.store.conftest import Photographer, unit
from tests.store.sql.test_upgrade import upgrade_to

NOON = datetime.fromisoformat("2026-05-01T12:00")
ALL = frozenset({"caption", "objects", "text"})


def description(caption=None, labels=(), text=None, *, origin="one@1", tasks=ALL, minutes=0):
    return StoredDescription(origin, frozenset(tasks), caption, labels, text, NOON + timedelta(minutes=minutes))


def captioned(catalog, photo_id, caption):
    with catalog.write() as t:
        t.photos.refresh(photo_id, Facts(4, 3, "JPEG", caption=caption))


def found(catalog, *criteria):
    with catalog.read() as t:
        return t.selection.matching(criteria).tolist()


def with_vectors(catalog, captions):
    with catalog.write() as t:
        t.descriptions.put_caption_vectors(1, [(key, caption, unit(key)) for key, caption in captions.items()])


def vectored(catalog):
    """Photos with the vector of a caption."""
    with catalog.read() as t:
        return [key for some in t.descriptions.caption_vectors(1) for key in some.ids.tolist()]


def with_caption(catalog, pattern):
    return found(catalog, Worded(Wording.CAPTION, pattern))


@pytest.fixture
def pair(photographer):
    """A catalog with two photos."""
    yield photographer.catalog, photographer.put(b"a", 1), photographer.put(b"b", 2)
    with photographer.catalog.write() as t:
        assert (t.photo_texts.wrong(), t.photo_texts.is_index_whole()) == ([], True)


def test_a_description_is_returned_as_it_was_given(pair):
    catalog, one, two = pair
    first = description("A dog on a beach", ("dog", "sea"), "KEEP OUT")
    second = description("Un chien", origin="other", tasks={"caption"}, minutes=1)
    with catalog.write() as t:
        t.descriptions.put(one, first)
        t.descriptions.put(one, second)
        assert t.descriptions.of([one, two]) == {one: [second, first]}
        assert t.descriptions.origins() == ["one@1", "other"]
        assert t.descriptions.summaries() == [
            DescriberSummary("other", 1, second.made_at),
            DescriberSummary("one@1", 1, first.made_at),
        ]
        assert list(t.descriptions.labels("one@1")) == [(one, ("dog", "sea"))]
        assert list(t.descriptions.labels("other")) == []
        assert t.descriptions.captions([one, two]) == {one: "Un chien"}


def test_words_of_descriptions_are_listed_and_sought(pair):
    catalog, one, two = pair
    with catalog.write() as t:
        t.descriptions.put(one, description("A Dog at 100%", ("dog", "Sea_Side")))
        t.descriptions.put(two, description(labels=("été",), origin="other"))
    mine, others = (one, "one@1", ("dog", "Sea_Side"), "A Dog at 100%"), (two, "other", ("été",), None)
    with catalog.read() as t:
        assert list(t.descriptions.words()) == [mine, others]
        assert [list(t.descriptions.words(some)) for some in ([two], [])] == [[others], []]
        # A description that is not of ASCII alone may hold any word.
        sought = (["dog"], ["0%"], ["cat", "a_s"], ["d_g"], ["%"], [])
        holding = [one in t.descriptions.holding(parts) for parts in sought]
        assert holding == [True, True, True, False, True, False]
        assert all(two in t.descriptions.holding(parts) for parts in sought)


def test_a_task_asked_again_replaces_its_part_alone(pair):
    catalog, one, two = pair
    with catalog.write() as t:
        t.descriptions.put(one, description("A dog", ("dog",), "KEEP OUT"))
        t.descriptions.put(one, description(text="NO ENTRY", tasks={"text"}, minutes=1))
        t.descriptions.put(two, description("A cat", tasks={"caption"}))
        (kept,) = t.descriptions.of([one])[one]
        assert kept == description("A dog", ("dog",), "NO ENTRY", minutes=1)
        assert t.descriptions.described("one@1", {"caption"}).tolist() == [one, two]
        assert t.descriptions.described("one@1", {"caption", "text"}).tolist() == [one]
        assert t.descriptions.described("other", {"caption"}).tolist() == []
        t.descriptions.put(one, description("A brown dog in a park", tasks={"detailed-caption"}, minutes=2))
        t.descriptions.put(one, description(tasks={"regions"}, minutes=3))
        (kept,) = t.descriptions.of([one])[one]
        assert (kept.caption, kept.labels, kept.text) == ("A brown dog in a park", (), "NO ENTRY")
        assert kept.tasks == {"detailed-caption", "regions", "text"}
        assert t.descriptions.described("one@1", {"caption"}).tolist() == [one, two]
        assert t.descriptions.described("one@1", {"detailed-caption"}).tolist() == [one]
        assert t.descriptions.described("one@1", {"detailed-caption", "regions"}).tolist() == [one]
    assert with_caption(catalog, "dog") == [one]
    assert found(catalog, Worded(Wording.TEXT, "keep out")) == []


def test_a_detailed_caption_is_kept_where_that_is_asked(pair):
    catalog, one, _ = pair
    with catalog.write() as t:
        t.descriptions.put(one, description("A dog in a park. It runs.", tasks={"detailed-caption"}))
        t.descriptions.put(one, description("A dog", ("dog",), tasks={"caption", "objects"}), keep_detailed=True)
        (kept,) = t.descriptions.of([one])[one]
        assert (kept.caption, kept.labels) == ("A dog in a park. It runs.", ("dog",))
        assert kept.tasks == {"detailed-caption", "objects"}
        t.descriptions.put(one, description("Dogs. Two.", tasks={"detailed-caption"}), keep_detailed=True)
        assert t.descriptions.of([one])[one][0].caption == "Dogs. Two."
        t.descriptions.put(one, description("A cat", tasks={"caption"}))
        (kept,) = t.descriptions.of([one])[one]
        assert (kept.caption, kept.tasks) == ("A cat", {"caption", "objects"})
    assert with_caption(catalog, "cat") == [one]


def test_a_task_or_an_origin_that_is_none_is_refused(pair):
    catalog, one, _ = pair
    for wrong in (description(tasks={"poem"}), description(origin="")):
        with pytest.raises(ValueError, match="not a description"), catalog.write() as t:
            t.descriptions.put(one, wrong)


def test_captions_of_files_and_of_describers_are_found(pair):
    catalog, one, two = pair
    captioned(catalog, one, "Birthday cake, with candles")
    with catalog.write() as t:
        t.descriptions.put(two, description("A Birthday cake on a table", (), "Invoice No. 7"))
    assert with_caption(catalog, "birthday cake") == [one, two]
    assert with_caption(catalog, "CÂKE") == [one, two]
    assert with_caption(catalog, "cake with") == [one]
    assert (
        with_caption(catalog, "cake table") == with_caption(catalog, "birth") == with_caption(catalog, "invoice") == []
    )
    assert with_caption(catalog, "*on a table") == [two]
    assert found(catalog, Worded(Wording.TEXT, "invoice no")) == [two]
    assert found(catalog, Worded(Wording.TEXT, "*No. ?")) == [two]
    assert found(catalog, Not(Worded(Wording.CAPTION, "candles"))) == [two]
    assert found(catalog, AnyOf((Worded(Wording.CAPTION, "candles"), Worded(Wording.TEXT, "7")))) == [one, two]
    assert found(catalog, AnyOf((Worded(Wording.CAPTION, "candles"), Worded(Wording.CAPTION, "*table")))) == [one, two]
    assert found(catalog, HasFact(Fact.CAPTION)) == [one, two]
    assert found(catalog, HasFact(Fact.DESCRIPTION)) == found(catalog, HasFact(Fact.TEXT)) == [two]


def test_signs_without_words_are_found_as_a_part(pair):
    catalog, one, two = pair
    captioned(catalog, one, "🎂!")
    captioned(catalog, two, "cake!")
    assert (with_caption(catalog, "🎂"), with_caption(catalog, "!")) == ([one], [one, two])


def test_the_words_follow_the_caption_of_the_file(pair):
    catalog, one, two = pair
    captioned(catalog, one, "red")
    captioned(catalog, one, "red, and blue")
    captioned(catalog, two, "green")
    assert (with_caption(catalog, "red"), with_caption(catalog, "and blue")) == ([one], [one])
    with catalog.write() as t:
        t.photos.replace_content(two, bytes(32), 5, Facts(4, 3, "JPEG", caption="yellow"))
    captioned(catalog, one, None)
    assert (with_caption(catalog, "red"), with_caption(catalog, "green"), with_caption(catalog, "yellow")) == (
        [],
        [],
        [two],
    )


def test_a_photo_without_a_file_is_not_found_and_is_deleted_whole(photographer):
    catalog, one = photographer.catalog, photographer.put(b"a", 1)
    captioned(catalog, one, "own")
    with catalog.write() as t:
        t.descriptions.put(one, description("given", ("dog",), "read"))
        t.descriptions.put_caption_vectors(photographer.space.id, [(one, "given", unit(1))])
    everything = [
        Worded(Wording.CAPTION, "own"),
        Worded(Wording.CAPTION, "*"),
        Worded(Wording.TEXT, "*"),
        *map(HasFact, Fact),
    ]
    assert [one in found(catalog, each) for each in everything[:3]] == [True] * 3
    photographer.remove(b"a")
    assert [found(catalog, each) for each in everything] == [[]] * len(everything)
    with catalog.write() as t:
        assert list(t.descriptions.caption_vectors(photographer.space.id)) == []
        assert t.descriptions.without_caption_vector(photographer.space.id) == []
        t.photos.delete([one])
        for table in (schema.description, schema.photo_text, schema.caption_vector):
            assert t.connection.execute(select(func.count()).select_from(table)).scalar_one() == 0
        assert t.photo_texts.is_index_whole()


def test_a_forgotten_describer_leaves_nothing(pair):
    catalog, one, two = pair
    captioned(catalog, one, "own")
    with catalog.write() as t:
        t.descriptions.put(one, description("given"))
        t.descriptions.put(two, description("given", text="read"))
        t.descriptions.put(two, description("kept", origin="other"))
        assert t.descriptions.forget("one@1") == 2
        assert t.descriptions.forget("one@1") == 0
        assert t.descriptions.captions([one, two]) == {one: "own", two: "kept"}
    assert (with_caption(catalog, "given"), with_caption(catalog, "kept"), with_caption(catalog, "own")) == (
        [],
        [two],
        [one],
    )


def test_captions_without_a_vector_are_listed_until_they_have_one(photographer):
    catalog, space = photographer.catalog, photographer.space.id
    one, two, three = (photographer.put(b"%d" % number, number) for number in range(3))
    captioned(catalog, one, "own")
    with catalog.write() as t:
        t.descriptions.put(two, description("given"))
        assert t.descriptions.without_caption_vector(space) == [(one, "own"), (two, "given")]
        assert t.descriptions.any_without_caption_vector(space)
        assert t.descriptions.without_caption_vector(space, [two, three, 99]) == [(two, "given")]
        t.descriptions.put_caption_vectors(
            space, [(one, "own", unit(1)), (two, "before", unit(2)), (999, "x", unit(3))]
        )
        assert t.descriptions.without_caption_vector(space) == [(two, "given")]
        assert t.descriptions.any_without_caption_vector(space)
        t.descriptions.put_caption_vectors(space, [(two, "given", unit(4))])
        t.descriptions.put_caption_vectors(space, [])
        assert not t.descriptions.any_without_caption_vector(space)
        assert t.descriptions.without_caption_vector(space) == []
        pages = list(t.descriptions.caption_vectors(space, rows=1))
        assert [page.ids.tolist() for page in pages] == [[one], [two]]
        np.testing.assert_array_equal(pages[1].matrix[0], unit(4).astype(np.float16).astype(np.float32))
        t.descriptions.put(one, description("now"))
        assert [page.ids.tolist() for page in t.descriptions.caption_vectors(space)] == [[two]]
        assert t.descriptions.without_caption_vector(space) == [(one, "now")]
        assert three not in t.descriptions.captions([one, two, three])
        for vector in (np.ones(8, np.float32), np.full(8, np.nan, np.float32), unit(1, 4)):
            with pytest.raises(BadVector):
                t.descriptions.put_caption_vectors(space, [(one, "now", vector)])


@pytest.mark.parametrize(
    ("before", "now"),
    [("Dog", "dog!"), ("\N{PARTY POPPER}", "\N{CRYING FACE}"), ("\N{PARTY POPPER}", None), ("a dog", "a cat")],
)
def test_the_vector_of_an_earlier_caption_goes_with_it(pair, before, now):
    catalog, one, two = pair
    for photo_id in (one, two):
        captioned(catalog, photo_id, before)
    with_vectors(catalog, {one: before, two: before})
    captioned(catalog, one, now)
    captioned(catalog, two, before)
    assert vectored(catalog) == [two]
    with catalog.read() as t:
        assert t.descriptions.any_without_caption_vector(1) == (now is not None)


def test_the_vector_goes_when_another_describer_is_the_newest(pair):
    catalog, one, _ = pair
    with catalog.write() as t:
        t.descriptions.put(one, description("a dog", origin="first"))
        t.descriptions.put(one, description("a cat", origin="second", minutes=1))
    with_vectors(catalog, {one: "a cat"})
    with catalog.write() as t:
        t.descriptions.put(one, description("a dog", origin="first", minutes=2))
        assert t.descriptions.captions([one]) == {one: "a dog"}
    assert vectored(catalog) == []


def test_no_vector_is_stored_for_a_caption_that_changed_meanwhile(pair):
    catalog, one, two = pair
    captioned(catalog, one, "now")
    with_vectors(catalog, {one: "before", two: "none"})
    assert vectored(catalog) == []


def test_a_space_that_is_deleted_takes_its_caption_vectors(photographer):
    catalog, one = photographer.catalog, photographer.put(b"a", 1)
    captioned(catalog, one, "own")
    with catalog.write() as t:
        other = t.spaces.ensure(replace(photographer.space.identity, weights_hash="other"))
        t.descriptions.put_caption_vectors(other.id, [(one, "own", unit(1))])
        while t.spaces.empty(other.id, 100):
            pass
        t.spaces.delete(other.id)
        assert [space.id for space in t.spaces.all()] == [photographer.space.id]


def test_what_disagrees_is_noticed_and_mended(pair):
    catalog, one, two = pair
    captioned(catalog, one, "red wall")
    with catalog.write() as t:
        t.descriptions.put(two, description("green door", text="EXIT"))
        t.connection.exec_driver_sql("UPDATE photo_text SET words = 'x' WHERE words = 'exit'")
        t.connection.exec_driver_sql("UPDATE photo SET caption = NULL")
        assert t.photo_texts.wrong() == [one, two]
        t.photo_texts.mend([one, two])
        assert t.photo_texts.wrong() == []
        if t.connection.dialect.name == "sqlite":
            t.connection.exec_driver_sql("INSERT INTO photo_words (rowid, words) VALUES (99, 'ghost')")
            assert not t.photo_texts.is_index_whole()
        t.photo_texts.rebuild_index()
        assert t.photo_texts.is_index_whole()
    assert found(catalog, Worded(Wording.TEXT, "exit")) == [two]


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM photo_words_data",
        "UPDATE photo_words_data SET block = 'x'",
        "UPDATE photo_words_data SET block = x''",
        "DELETE FROM photo_words_config",
        "UPDATE photo_words_config SET v = 99",
    ],
)
def test_a_damaged_index_of_words_is_said_to_be_and_made_anew(tmp_path, damage):
    path = tmp_path / "catalog.db"
    with Catalog.open(path) as catalog:
        captioned(catalog, Photographer(catalog).put(b"a", 1), "red wall")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(damage)
    with Catalog.open(path) as catalog:
        with suppress(WordIndexDamaged):
            assert with_caption(catalog, "red wall") in ([], [1])
        with catalog.write() as t:
            assert not t.photo_texts.is_index_whole()
            t.photo_texts.rebuild_index()
            assert t.photo_texts.is_index_whole()
        captioned(catalog, 1, "green wall")
        assert (with_caption(catalog, "red wall"), with_caption(catalog, "green wall")) == ([], [1])


ODD = st.sampled_from(
    ['"', "'", "*", "^", "NEAR", "AND", "OR", "NOT", "(", ")", ":", "-", "+", "{a}", "\x00", "words:", "日本", "é"]
)
TEXTS = st.lists(st.text(max_size=6) | ODD, max_size=9).map(" ".join).filter(lambda text: "\ud800" not in text)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def shared(tmp_path_factory, request):
    folder = tmp_path_factory.mktemp("fuzz")
    with new_database(request, request.param, folder) as place, Catalog.open(place) as catalog:
        photographer = Photographer(catalog)
        yield catalog, photographer.put(b"a", 1), photographer.put(b"b", 2)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=30) | TEXTS, TEXTS, st.randoms(use_true_random=False))
def test_any_run_of_words_of_a_text_is_found_and_no_other(shared, text, other, picked):
    catalog, one, two = shared
    with catalog.write() as t:
        t.descriptions.put(one, description(text, text=text))
        t.descriptions.put(two, description(other))
    words, others = words_of(text), words_of(other)
    if words:
        start = picked.randrange(len(words))
        run = words[start : picked.randint(start + 1, len(words))]
        expected = [one, two] if any(others[at : at + len(run)] == run for at in range(len(others))) else [one]
        assert with_caption(catalog, " ".join(run).upper()) == expected
        assert found(catalog, Worded(Wording.TEXT, f'"{" ".join(run)}"')) == [one]
    shuffled = picked.sample(others, len(others))
    is_in = any(words[at : at + len(shuffled)] == shuffled for at in range(len(words)))
    if shuffled and not {"*", "?"} & set(" ".join(shuffled)):
        assert (one in with_caption(catalog, " ".join(shuffled))) is is_in


def test_captions_of_an_older_catalog_are_found(tmp_path):
    path = tmp_path / "catalog.db"
    upgrade_to("0024", path)
    engine = connect(path)
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(
            "INSERT INTO photo (id, content_hash, size, width, height, format, added_at, caption)"
            " WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 12000)"
            " SELECT n, randomblob(32), 1, 1, 1, 'JPEG', '2020-01-01 00:00:00',"
            " CASE WHEN n % 3 = 0 THEN 'Été no. ' || n WHEN n % 3 = 1 THEN '…' END FROM number"
        )
    engine.dispose()
    tracemalloc.start()
    with Catalog.open(path) as catalog:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert with_caption(catalog, "ete no 9000") == [9000]
        assert len(with_caption(catalog, "été")) == 4000
        with catalog.write() as t:
            assert (t.photo_texts.wrong(), t.photo_texts.is_index_whole()) == ([], True)
    assert peak < 40_000_000
