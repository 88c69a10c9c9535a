"""Units of a re-tag: any process may score them, in any order and twice, and the tags are those of one process."""

import random
from itertools import pairwise

import numpy as np
import pytest
from sqlalchemy import insert, select

from query.errors import Superseded
from query.tagging import RetagOptions, UnitScorer, retag, retag_units
from query.tagging.scoring.scorer import ExactScorer
from store import MAIN_SLOT, Vectors
from store.sql import schema as tables
from store.sql.dialect import utc_now
from tests.fakes import vector_of
from tests.query.conftest import Library
from tests.query.tagging.vocabularies import NAMES, vocabulary

#: Least ranks are kept for ranges of this many ids, which no unit divides.
RANGE = 4096


@pytest.fixture
def library(tmp_path, database):
    made = Library(tmp_path, database)
    yield made
    made.catalog.close()


def add_at(library, *photo_ids):
    """Add photos of these ids: those of a library with many photos, without the others."""
    facts = {"size": 1, "added_at": utc_now(), "width": 4, "height": 3, "format": "JPEG"}
    rows = [{"id": key, "content_hash": key.to_bytes(32, "big"), **facts} for key in photo_ids]
    with library.catalog.write() as t:
        t.connection.execute(insert(tables.photo), rows)
        t.embeddings.put_all(library.space.id, Vectors(np.array(photo_ids), vectors_of(photo_ids)))


def vectors_of(photo_ids):
    return np.stack([vector_of(b"%d" % key) for key in photo_ids])


def spread(library, ranges=5, in_each=3):
    """Add photos to each of so many ranges of ids."""
    add_at(library, *(number * RANGE + 1 + 1000 * place for number in range(ranges) for place in range(in_each)))


def begun(library, revision, **options):
    """Begin a re-tag, and return its units."""
    deferred = []

    def defer(t, units):
        deferred.extend(units)

    made = retag_units(library.catalog, library.space, revision, library.texts, defer, RetagOptions(**options))
    assert list(made.units) == deferred
    return deferred


def tagged_alone(library, revision):
    """The rows of a re-tag by one process, from scratch."""
    library.forget_scores()
    retag(library.catalog, library.space, revision, library.texts)
    return library.rows()


def kept_pages(library):
    """The ranges whose least ranks are kept."""
    with library.catalog.read() as t:
        return sorted(t.connection.execute(select(tables.least_rank.c.page)).scalars())


def agree(library):
    """Compare the least ranks with the rows."""
    with library.catalog.read() as t:
        scoring = t.scores.current(library.space.id, MAIN_SLOT)
        kept = t.scores.of(scoring.id, t.embeddings.stored_ids(library.space.id).tolist())
        least = t.scores.least_ranks(scoring).of(kept.photo_ids)
    np.testing.assert_allclose(least, scoring.ranks(kept).min(axis=1), atol=1e-6)
    return len(kept) > 0


def test_units_in_any_order_and_twice_give_the_rows_of_one_process(library):
    few, many = library.put(vocabulary("x", threshold=0.02)), library.put(vocabulary(*NAMES, threshold=0.02))
    spread(library)
    retag(library.catalog, library.space, few, library.texts)
    before = library.rows()
    units = begun(library, many)
    assert [(each.first, each.last) for each in units] == [(n * RANGE, (n + 1) * RANGE - 1) for n in range(5)]
    assert {(each.photos, each.total) for each in units} == {(3, 15)}
    one, other = UnitScorer(library.catalog, rows=2), UnitScorer(library.catalog)
    done = [scorer.score(unit) for unit in random.Random(1).sample(units, 5) for scorer in (one, other)]
    assert sorted(done) == [0] * 5 + [3] * 5
    assert library.rows() == before, "in force when all are done"
    encoders = library.encoders_made
    assert retag(library.catalog, library.space, many, library.new_texts()).changed == 15
    assert library.encoders_made == encoders
    kept = library.rows()
    assert {photo for photo, _, _ in kept} == {photo for photo, _, _ in before}
    assert kept_pages(library) == [0, 1, 2, 3, 4]
    assert agree(library)
    assert tagged_alone(library, many) == kept


def test_a_retag_scores_what_units_have_left(library):
    revision = library.put(vocabulary(*NAMES, threshold=0.02))
    spread(library, ranges=3)
    units = begun(library, revision)
    stopped = UnitScorer(library.catalog, rows=1)
    assert stopped.score(units[1], is_over=lambda: True) == 1
    add_at(library, 2)
    steps = []
    retag(library.catalog, library.space, revision, library.texts, progress=lambda *seen: steps.append(seen))
    assert steps == [(3, 9), (5, 9), (9, 9)]
    assert kept_pages(library) == [0, 1, 2]
    assert agree(library)
    kept = library.rows()
    assert tagged_alone(library, revision) == kept


def test_units_of_another_target_are_left(library):
    first, second = library.put(vocabulary(*NAMES, threshold=0.02)), library.put(vocabulary("car", threshold=0))
    spread(library, ranges=2)
    units = begun(library, first)
    scorer = UnitScorer(library.catalog)
    assert scorer.score(units[0]) == 3
    with library.catalog.write() as t:
        t.slots.set_target(MAIN_SLOT, second.id)
    with pytest.raises(Superseded, match="'mine'"):
        scorer.score(units[1])
    retag(library.catalog, library.space, second, library.texts)
    with pytest.raises(Superseded):
        UnitScorer(library.catalog).score(units[1])
    assert begun(library, first) != units, "it begins anew"


def test_a_unit_of_a_scoring_in_force_does_nothing(library):
    revision = library.put(vocabulary(*NAMES, threshold=0.02))
    spread(library, ranges=2)
    units = begun(library, revision)
    retag(library.catalog, library.space, revision, library.texts)
    held = library.rows()
    assert [UnitScorer(library.catalog).score(unit) for unit in units] == [0, 0]
    add_at(library, 7)
    assert [UnitScorer(library.catalog).score(unit) for unit in units] == [0, 0]
    assert library.rows() == held


def test_the_target_that_changes_within_a_unit_ends_it(library):
    first, second = library.put(vocabulary(*NAMES, threshold=0.02)), library.put(vocabulary("car", threshold=0))
    spread(library, ranges=1)
    (unit,) = begun(library, first)

    def change():
        with library.catalog.write() as t:
            t.slots.set_target(MAIN_SLOT, second.id)
        return False

    with pytest.raises(Superseded):
        UnitScorer(library.catalog, rows=1).score(unit, is_over=change)
    with library.catalog.read() as t:
        scoring = t.scores.begun(library.space.id, MAIN_SLOT)
        assert len(t.scores.missing(scoring)) == 2


def test_one_label_more_is_no_work_for_units(library):
    few, more = library.put(vocabulary(*NAMES, threshold=0.02)), library.put(vocabulary(*NAMES, "new", threshold=0.02))
    spread(library, ranges=2)
    retag(library.catalog, library.space, few, library.texts)
    assert begun(library, more) == []
    with library.catalog.read() as t:
        assert t.scores.begun(library.space.id, MAIN_SLOT) is None
        assert t.slots.pending() == {MAIN_SLOT: more.id}


def test_units_are_even_and_leave_no_photo_out(library):
    revision = library.put(vocabulary("x", threshold=0))
    add_at(library, *(number * RANGE + 5 for number in range(70)))
    units = begun(library, revision)
    assert len(units) == 35
    assert [one.last < other.first for one, other in pairwise(units)] == [True] * 34
    scorer = UnitScorer(library.catalog, lambda columns, photos: ExactScorer(columns))
    assert [scorer.score(unit) for unit in units] == [2] * 35
