"""Quality of searches with captions on drawings: what wrong captions cost, and what right ones give."""

from training.caption_retrieval import BM25, FUSED, IMAGES, MOST_LOST, RANKS_BM25, RANKS_VECTORS, VECTORS


def test_wrong_captions_cost_at_most_a_fiftieth(retrieval):
    right, wrong = retrieval.precisions(0.0, draws=1), retrieval.precisions(0.6, draws=2)
    assert len(retrieval.asked) > 60
    assert wrong[IMAGES] == right[IMAGES]
    assert right[FUSED] > wrong[FUSED] >= wrong[IMAGES] - MOST_LOST
    for found in (right, wrong):
        assert max(found[name] for name in (VECTORS, BM25, RANKS_BM25, RANKS_VECTORS)) < found[FUSED]
