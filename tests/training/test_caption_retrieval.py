"""Quality of searches with captions on drawings: what wrong captions cost, and what right ones give."""

import numpy as np
import pytest

from indexer.models import open_checkpoint
from photos.known_models import SHIPPED
from training.caption_retrieval import (
    BM25,
    FUSED,
    IMAGES,
    MOST_LOST,
    RANKS_BM25,
    RANKS_VECTORS,
    VECTORS,
    CaptionRetrieval,
)


@pytest.fixture(scope="module")
def retrieval(tmp_path_factory):
    folder = tmp_path_factory.mktemp("captions")
    made = CaptionRetrieval(open_checkpoint(SHIPPED["demo"], "demo"), folder, pictures=120, questions=80)
    yield made
    made.close()


def test_wrong_captions_cost_at_most_a_fiftieth(retrieval):
    right, wrong = retrieval.precisions(0.0), retrieval.precisions(0.6)
    assert len(retrieval.asked) > 60
    assert wrong[IMAGES] == right[IMAGES]
    assert wrong[FUSED] >= wrong[IMAGES] - MOST_LOST
    assert right[FUSED] > wrong[FUSED]


def test_captions_alone_and_sums_of_ranks_are_worse(retrieval):
    found = retrieval.precisions(0.3)
    assert max(found[VECTORS], found[BM25]) < min(found[RANKS_BM25], found[RANKS_VECTORS]) < found[FUSED]
    assert all(np.isfinite(list(found.values())))
