"""Labels count where they stand out from their usual scores in this library."""

from pathlib import Path

import numpy as np
import pytest

from query.similarity import cosine_of
from query.tagging import is_due, minimum_of, photo_tags, retag, spread_of
from query.tagging.effective.effective_tags import FLOOR, STANDS_OUT, SURE
from query.tagging.learning.calibration import LEAST, calibrate, measure
from query.tagging.learning.label_matrix import label_matrix
from query.vocabulary import parse_vocabulary
from store import CosineSpread
from tests.query.conftest import IDENTITY


def vocabulary(text):
    return parse_vocabulary(text, "v", Path("v.txt"))


def test_outliers_hardly_move_the_median_and_its_spread():
    cosines = np.random.default_rng(0).normal(0.1, 0.02, (2000, 2)).astype(np.float32)
    cosines[:100, 1] = 0.9
    plain, with_hits = spread_of(cosines)
    assert plain == pytest.approx((0.1, 0.02), rel=0.1)
    assert with_hits == pytest.approx((0.1, 0.02), rel=0.1)
    (flat,) = spread_of(np.full((10, 1), 0.3, np.float32))
    assert flat.spread > 0


def test_a_label_counts_where_it_stands_out_within_a_floor_and_a_cap():
    floor, cap = cosine_of(FLOOR, IDENTITY), cosine_of(SURE, IDENTITY)
    middle = (floor + cap) / 2
    assert minimum_of(CosineSpread(middle - STANDS_OUT * 0.01, 0.01), IDENTITY) == pytest.approx(middle)
    assert minimum_of(CosineSpread(floor - 1, 0.01), IDENTITY) == floor
    assert minimum_of(CosineSpread(cap, 0.1), IDENTITY) == cap


def test_a_library_is_calibrated_at_its_least_size_and_when_it_doubles(library):
    revision = library.put(vocabulary("dog\ncat\n"))

    def calibrations():
        with library.catalog.read() as t:
            current = t.calibrations.current(library.space.id)
            return None if current is None else (current.id, current.photos)

    for number in range(LEAST - 1):
        library.add(f"photo{number}")
    retag(library.catalog, library.space, revision, library.texts)
    assert calibrations() is None
    library.add("one more")
    retag(library.catalog, library.space, revision, library.texts)
    assert calibrations() == (1, LEAST)
    before = library.rows()
    assert retag(library.catalog, library.space, revision, library.texts).changed == 0
    assert (calibrations(), library.rows()) == ((1, LEAST), before)
    retag(library.catalog, library.space, revision, library.texts, calibrate_anew=True)
    assert calibrations() == (2, LEAST)
    for number in range(LEAST):
        library.add(f"other{number}")
    with library.catalog.read() as t:
        assert is_due(t, library.space)


def test_with_the_snapshot_fixed_parts_give_the_tags_of_the_whole(library):
    text = "".join(f"label{number}\n" for number in range(60))
    revision = library.put(vocabulary(text))
    ids = [library.add(f"photo{number}") for number in range(40)]
    labels = label_matrix(library.catalog, library.space, revision, library.texts)
    calibrate(library.catalog, library.space, labels)
    retag(library.catalog, library.space, revision, library.texts)
    later = [library.add(f"later{number}", revision) for number in range(5)]
    parts = photo_tags(library.catalog, library.space, ids + later)
    rows = library.rows()
    library.forget_scores()
    retag(library.catalog, library.space, revision, library.texts)
    assert library.rows() == rows
    assert photo_tags(library.catalog, library.space, ids + later) == parts


def test_new_labels_are_measured_and_old_ones_stay(library):
    for number in range(30):
        library.add(f"photo{number}")
    first = library.put(vocabulary("dog\n"))
    calibrate(library.catalog, library.space, label_matrix(library.catalog, library.space, first, library.texts))
    for number in range(30):
        library.add(f"other{number}")
    second = library.put(vocabulary("dog\ncat\n"))
    retag(library.catalog, library.space, second, library.texts)
    ids = [label.id for label in second.labels]
    with library.catalog.read() as t:
        current = t.calibrations.current(library.space.id)
        stored = t.calibrations.of(current.id, ids)
    assert current.id == 1
    now = measure(library.catalog, library.space, label_matrix(library.catalog, library.space, second, library.texts))
    assert stored[ids[0]] != pytest.approx(now[ids[0]], abs=1e-4)
    assert stored[ids[1]] == pytest.approx(now[ids[1]], abs=1e-6)


def test_own_thresholds_override_the_calibration(library):
    photo_id = library.add("photo")
    for number in range(30):
        library.add(f"photo{number}")

    def minimum(text, threshold=None):
        revision = library.put(vocabulary(text))
        retag(library.catalog, library.space, revision, library.texts, calibrate_anew=True)
        tags = photo_tags(library.catalog, library.space, [photo_id], threshold=threshold)[photo_id]
        return {tag.minimum for tag in tags}

    assert minimum("dog @ 0\n") == {cosine_of(0, IDENTITY)}
    assert minimum("% threshold 0.0002\n" + "".join(f"l{n}\n" for n in range(9))) == {cosine_of(0.0002, IDENTITY)}
    both = minimum("".join(f"l{n}\n" for n in range(9)), threshold=0.0003)
    assert both == {cosine_of(0.0003, IDENTITY)}


def test_raw_and_calibrated_scores_and_the_threshold_are_shown_together(library):
    ids = [library.add(f"photo{number}") for number in range(60)]
    revision = library.put(vocabulary("".join(f"label{number}\n" for number in range(20))))
    retag(library.catalog, library.space, revision, library.texts, calibrate_anew=True)
    with library.catalog.read() as t:
        spreads = t.calibrations.of(1, [label.id for label in revision.labels])
    of_label = {label.definition.name: spreads[label.id] for label in revision.labels}
    tags = [tag for found in photo_tags(library.catalog, library.space, ids).values() for tag in found]
    assert tags
    for tag in tags:
        spread = of_label[tag.label]
        assert tag.calibrated == pytest.approx((tag.score - spread.median) / spread.spread)
        assert tag.minimum == minimum_of(spread, IDENTITY)
        assert tag.score >= tag.minimum


def test_a_calibration_during_a_retag_leaves_it_pending(library):
    revision = library.put(vocabulary("dog\ncat\n"))
    for number in range(20):
        library.add(f"photo{number}")

    def calibrate_during_it(done, total):
        calibrate(
            library.catalog,
            library.space,
            label_matrix(library.catalog, library.space, revision, library.new_texts()),
        )

    retag(library.catalog, library.space, revision, library.texts, calibrate_during_it)
    with library.catalog.read() as t:
        assert t.slots.pending() == {"": revision.id}
    retag(library.catalog, library.space, revision, library.texts)
    with library.catalog.read() as t:
        assert t.slots.pending() == {}
    rows = library.rows()
    library.forget_scores()
    retag(library.catalog, library.space, revision, library.texts)
    assert library.rows() == rows
