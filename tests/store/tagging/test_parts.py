"""Parts of a scoring, which processes store beside each other, and their least ranks."""

import numpy as np
import pytest
from sqlalchemy import select

from store import Catalog, CatalogBusy, LabelDefinition, PhotoScores, VocabularyDefinition
from store.sql import schema as tables
from tests.store.conftest import Photographer

PAGE = 4096


def begin(t, space_id, labels=3):
    revision = t.vocabularies.put(VocabularyDefinition("v", tuple(LabelDefinition(f"l{n}", ()) for n in range(labels))))
    ids = np.array(sorted(label.id for label in revision.labels), np.int64)
    return t.scores.begin(space_id, "", revision.id, ids, np.linspace(0, 0.1, labels))


def scores_of(scoring, *photo_ids, seed=0):
    """Scores of these photos for two labels each."""
    cosines = np.random.default_rng(seed).uniform(0.1, 0.9, (len(photo_ids), 2)).astype(np.float32)
    cosines = -np.sort(-cosines, axis=1)
    return PhotoScores(np.array(photo_ids, np.int64), np.tile(scoring.label_ids[:2], (len(photo_ids), 1)), cosines)


def pages(t):
    return sorted(t.connection.execute(select(tables.least_rank.c.page)).scalars())


def test_parts_keep_the_least_ranks_of_whole_pages(catalog, photographer):
    with catalog.write() as t:
        scoring = begin(t, photographer.space.id)
    kept = scores_of(scoring, 1, 2, PAGE, PAGE + 7, 3 * PAGE)
    for photo_ids in ([1, PAGE], [2], [1, PAGE + 7, 3 * PAGE]):
        with catalog.write_beside() as t:
            t.scores.put_part(scoring, kept.of(np.isin(kept.photo_ids, photo_ids)))
    with catalog.read() as t:
        assert pages(t) == [0, 1, 3]
        found = t.scores.least_ranks(scoring)
    expected = scoring.ranks(kept).min(axis=1)
    np.testing.assert_allclose(found.of(kept.photo_ids), expected, atol=1e-6)
    assert found.photo_ids().tolist() == kept.photo_ids.tolist()


def test_a_page_that_is_not_known_is_computed_at_the_end(catalog, photographer):
    with catalog.write() as t:
        scoring = begin(t, photographer.space.id)
        kept = scores_of(scoring, 1, 2, PAGE)
        t.scores.put(scoring.id, kept.of(kept.photo_ids == 1))
    with catalog.write_beside() as t:
        t.scores.put_part(scoring, kept.of(kept.photo_ids != 1))
        assert pages(t) == [1], "a page of some photos would hide the others"
    with catalog.write() as t:
        t.scores.complete_least_ranks(scoring)
        assert pages(t) == [0, 1]
        least = t.scores.least_ranks(scoring).of(kept.photo_ids)
    np.testing.assert_allclose(least, scoring.ranks(kept).min(axis=1), atol=1e-6)


@pytest.fixture
def on_server(server):
    with server.database(server.template) as address, Catalog.open(address, patience=0.5) as opened:
        yield opened


def test_parts_are_written_side_by_side_and_nothing_else(on_server):
    space_id = Photographer(on_server).space.id
    with on_server.write() as t:
        scoring = begin(t, space_id)
    with on_server.write_beside() as one, on_server.write_beside() as other:
        one.scores.put_part(scoring, scores_of(scoring, 1, 2))
        other.scores.put_part(scoring, scores_of(scoring, PAGE, PAGE + 1))
        with pytest.raises(CatalogBusy), on_server.write():
            raise AssertionError("it excludes all others")
    with on_server.write() as t:
        assert [len(each) for each in t.scores.scan(scoring.id)] == [4]
        with pytest.raises(CatalogBusy), on_server.write_beside():
            raise AssertionError("it is excluded")


def test_two_writers_of_the_same_page_do_it_in_turn(on_server):
    space_id = Photographer(on_server).space.id
    with on_server.write() as t:
        scoring = begin(t, space_id)
    with on_server.write_beside() as one:
        one.scores.put_part(scoring, scores_of(scoring, 1, 3))
        with pytest.raises(CatalogBusy), on_server.write_beside() as other:
            other.scores.put_part(scoring, scores_of(scoring, 1, 2))
    with on_server.write_beside() as other:
        other.scores.put_part(scoring, scores_of(scoring, 1, 2))
    with on_server.read() as t:
        assert [each.photo_ids.tolist() for each in t.scores.scan(scoring.id)] == [[1, 2, 3]]
        assert t.scores.least_ranks(scoring).photo_ids().tolist() == [1, 2, 3]
