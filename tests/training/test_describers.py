"""A describer with wrong labels beside SigLIP, on drawings that training never saw: lower limits for every change.

The limits are the figures for these pictures, which never vary, minus two or three labels in a hundred.
"""

import numpy as np
import pytest

from indexer.models import open_checkpoint
from photos.known_models import SHIPPED
from training.describers import SHARES, accuracy, agreement, drawings, oracle, removed


@pytest.fixture(scope="module")
def found():
    return drawings(open_checkpoint(SHIPPED["demo"], "demo"), 100)


def test_the_oracle_has_the_stated_share_of_wrong_labels(found):
    assert np.array_equal(oracle(found.truth, found.kinds, 0), found.truth)
    tables = [oracle(found.truth, found.kinds, share) for share in SHARES]
    for share, tags in zip(SHARES, tables, strict=True):
        assert tags.sum() == found.truth.sum()
        assert accuracy(tags, found.truth).precision == pytest.approx(1 - share, abs=0.05)
        assert np.array_equal(tags[:10], oracle(found.truth[:10], found.kinds, share))
    # A label that is replaced at a smaller share is replaced at a larger one.
    assert not (~tables[1] & found.truth & tables[2]).any()


def test_a_wrong_label_is_of_the_kind_of_a_right_one(found):
    tags = oracle(found.truth, found.kinds, 1)
    kinds = np.array(found.kinds)
    for kind in dict.fromkeys(found.kinds):
        assert np.array_equal(tags[:, kinds == kind].sum(1), found.truth[:, kinds == kind].sum(1)), kind


def test_siglips_rule_is_as_accurate_as_documented(found):
    figures = accuracy(found.siglip, found.truth)
    assert figures.precision > 0.95
    assert figures.recall > 0.88
    beside = agreement(found.siglip, found.truth)
    assert beside.overlap > 0.86
    assert beside.kappa > 0.91


@pytest.mark.parametrize(("share", "kappa", "precision"), [(0.3, 0.74, 0.92), (0.6, 0.48, 0.76)])
def test_verification_removes_wrong_labels_and_keeps_right_ones(found, share, kappa, precision):
    tags = oracle(found.truth, found.kinds, share)
    verified = found.verified(tags)
    wrong, right = removed(tags, verified, found.truth)
    assert wrong > 0.78
    assert right < 0.02
    assert accuracy(verified, found.truth).precision > precision
    assert agreement(found.siglip, verified).kappa > kappa > agreement(found.siglip, tags).kappa


def test_labels_that_siglip_tags_too_are_right(found):
    tags = oracle(found.truth, found.kinds, 0.6)
    assert accuracy(found.confirmed(tags), found.truth).precision > 0.98


def test_without_a_wrong_label_none_is_removed(found):
    assert removed(found.truth, found.verified(found.truth), found.truth)[0] is None
