"""The order of searches with captions."""

from datetime import datetime

import numpy as np
import pytest

from query.language import parse
from query.search import ResultPage, Searcher, fused_ranking, fused_values
from query.search.caption_fusion import CAPTION_WEIGHT
from store import StoredDescription
from store.sql import schema
from tests.fakes import vector_of
from tests.query.conftest import find

NAMES = ("dog", "cat", "car", "boat", "tree", "house")
NOW = datetime(2026, 1, 1)  # noqa: DTZ001 - as the catalog has times


@pytest.fixture
def ids(library):
    return {name: library.add(name) for name in NAMES}


def describe(library, photo_id, caption):
    description = StoredDescription("somebody", frozenset({"caption"}), caption, (), None, NOW)
    with library.catalog.write() as t:
        t.descriptions.put(photo_id, description)
        t.descriptions.put_caption_vectors(library.space.id, [(photo_id, caption, vector_of(caption.encode()))])


def search(library, words, **page):
    searcher = Searcher(library.index, library.space, library.texts, None, "/")
    wanted = ResultPage(**{"count": None, "with_captions": True, **page})
    return find(searcher, library.catalog, parse(words), wanted)


def order(result):
    return [match.photo_id for match in result.matches]


def test_values_are_sums_of_standard_scores():
    pictures, captions = np.array([0.1, 0.2, 0.4, 0.1]), np.array([0.9, np.nan, 0.5, 0.7])
    z = (pictures - 0.2) / np.sqrt((0.01 + 0.04 + 0.01) / 4)
    of_captions = np.array([0.2, 0, -0.2, 0]) / np.sqrt(0.08 / 3)
    assert fused_values(pictures, captions) == pytest.approx(z + CAPTION_WEIGHT * of_captions)


@pytest.mark.parametrize("captions", [[np.nan] * 3, [0.5, np.nan, np.nan], [0.1 + 0.2, 0.3, np.nan]])
def test_captions_that_do_not_differ_change_nothing(captions):
    pictures = np.array([0.1, 0.3, 0.2])
    assert (fused_values(pictures, np.array(captions)) == fused_values(pictures, np.full(3, np.nan))).all()


def test_a_library_without_captions_has_the_order_of_its_pictures(library, ids):
    found, plain = search(library, ["dog"]), search(library, ["dog"], with_captions=False)
    assert order(found) == order(plain)
    assert (found.captions, plain.captions) == (0, None)
    assert all(match.fused is None for match in plain.matches)


def test_only_the_order_changes_and_scores_stay(library, ids):
    plain = search(library, ["dog"], with_captions=False)
    worst, *others = reversed(order(plain))
    describe(library, worst, "dog")
    for photo_id in others[:2]:
        describe(library, photo_id, f"something {photo_id}")
    found = search(library, ["dog"])
    assert found.captions == 3
    assert order(found).index(worst) < order(plain).index(worst)
    assert [match.fused for match in found.matches] == sorted((each.fused for each in found.matches), reverse=True)

    def scores(result):
        return {match.photo_id: (match.cosine, match.logit, match.probability) for match in result.matches}

    assert scores(found) == scores(plain)
    assert (found.best, found.threshold, found.total) == (plain.best, plain.threshold, plain.total)


def test_filters_and_least_scores_leave_out_and_reorder_nothing(library, ids):
    for name, caption in (("cat", "dog"), ("car", "a parked car"), ("tree", "leaves")):
        describe(library, ids[name], caption)
    whole = search(library, ["dog", "-", "2:cat"])
    some = search(library, ["dog", "-", "2:cat", "name:c*|t*"])
    wanted = {ids["cat"], ids["car"], ids["tree"]}
    assert order(some) == [photo_id for photo_id in order(whole) if photo_id in wanted]
    values = {match.photo_id: match.fused for match in whole.matches}
    assert {match.photo_id: match.fused for match in some.matches} == {each: values[each] for each in wanted}
    least = sorted(match.cosine for match in whole.matches)[2]
    above = search(library, ["dog", "-", "2:cat"], min_score=least)
    assert order(above) == [match.photo_id for match in whole.matches if match.cosine >= least]
    assert above.total == search(library, ["dog", "-", "2:cat"], min_score=least, count=1).total == 4
    assert search(library, ["dog", "-", "2:cat"], count=0).total == len(NAMES)
    assert order(search(library, ["dog", "-", "2:cat"], offset=2, count=2)) == order(whole)[2:4]


def test_filters_alone_have_no_fused_order(library, ids):
    describe(library, ids["cat"], "dog")
    found = search(library, ["name:*"])
    assert order(found) == order(search(library, ["name:*"], with_captions=False))
    assert (found.captions, found.matches[0].fused) == (None, None)


def test_a_group_is_led_by_its_best_with_captions(library, ids):
    twin = library.add("twin", vector=b"dog")
    describe(library, twin, "dog")
    describe(library, ids["dog"], "something else")
    found = search(library, ["dog"], group=True)
    assert found.matches[0].photo_id == twin
    assert [match.photo_id for match in found.more[twin]] == [ids["dog"]]


def test_a_place_is_found_after_the_values_moved(library, ids):
    for name in ("cat", "car", "tree"):
        describe(library, ids[name], f"a {name}")
    with library.index.read() as snapshot:
        whole = fused_ranking(snapshot, library.space, vector_of(b"dog"))
    third, value = int(whole.photo_ids[2]), float(whole.values[2])
    assert whole.after(third, value + 10).photo_ids.tolist() == whole.photo_ids[3:].tolist()
    assert whole.after(999, value).photo_ids.tolist() == whole.photo_ids[3:].tolist()


def test_damaged_vectors_of_captions_are_left_out(library, ids):
    for name in ("cat", "car", "tree", "boat"):
        describe(library, ids[name], f"a {name}")
    table = schema.caption_vector
    damage = (ids["cat"], "X''"), (ids["car"], "zeroblob(3)"), (ids["tree"], f"X'{'ff7f' * 8}'")
    with library.catalog.write() as t:
        for photo_id, blob in damage:
            t.connection.exec_driver_sql(f"UPDATE {table.name} SET vector = {blob} WHERE photo_id = {photo_id}")
    found = search(library, ["dog"])
    assert (found.captions, len(found.matches)) == (1, len(NAMES))
    assert all(np.isfinite(match.fused) for match in found.matches)
