"""Embeddings read from mapped rows equal the catalog's, whatever changed since the rows were written."""

import numpy as np
import pytest

from store import Catalog, FaissIndex, MappedRows
from tests.store.conftest import Photographer, unit
from tests.store.sqlite import empty_catalog


@pytest.fixture(params=[None, 3, 9])
def photographer(request, tmp_path):
    """Nine photos; none, three or all are mapped. Then one loses its file and one changes."""
    with Catalog.open(empty_catalog(tmp_path / "catalog.db"), MappedRows(tmp_path / "index")) as catalog:
        made = Photographer(catalog)
        for content in range(1, 10):
            made.put(b"%d" % content, content)
            if content == request.param:
                FaissIndex(tmp_path / "index", catalog, made.space).refresh()
        made.remove(b"2")
        with catalog.write() as t:
            t.embeddings.put(made.space.id, 3, unit(33))
        yield made


HELD = {photo_id: unit(33 if photo_id == 3 else photo_id).astype(np.float16) for photo_id in range(1, 10)}


def test_approximate_cosines_are_of_all_photos(photographer):
    queries = np.stack([unit(50), unit(51)])
    with photographer.catalog.read() as t:
        ids, rough = t.embeddings.approximate_cosines(photographer.space.id, queries)
    assert ids.tolist() == list(HELD)
    expected = [HELD[photo_id].astype(np.float64) @ queries.T for photo_id in ids.tolist()]
    np.testing.assert_allclose(rough, expected, atol=1e-5)


def test_photos_with_a_file_are_counted_and_listed(photographer):
    with photographer.catalog.read() as t:
        ids = t.embeddings.ids(photographer.space.id)
        assert t.embeddings.count(photographer.space.id) == len(ids)
    assert ids.tolist() == [1, 3, 4, 5, 6, 7, 8, 9]


def test_a_library_without_photos_has_no_cosines(tmp_path):
    with Catalog.open(tmp_path / "catalog.db", MappedRows(tmp_path / "index")) as catalog:
        made = Photographer(catalog)
        FaissIndex(tmp_path / "index", catalog, made.space).refresh()
        with catalog.read() as t:
            ids, rough = t.embeddings.approximate_cosines(made.space.id, unit(1)[None])
    assert (ids.shape, rough.shape) == ((0,), (0, 1))


def test_a_sample_of_a_small_library_is_all_its_photos(photographer):
    with photographer.catalog.read() as t:
        count, cosines = t.embeddings.sample(photographer.space.id, unit(1), 100)
        there = t.embeddings.get(photographer.space.id, [1, 3, 4, 5, 6, 7, 8, 9])
    assert count == 8
    np.testing.assert_allclose(np.sort(cosines), np.sort(there.matrix @ unit(1)), atol=1e-6)
