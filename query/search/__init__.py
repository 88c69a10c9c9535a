"""Search: query vectors, ranked photos, captions beside pictures, the chance limit, groups, explanations of a rank."""

from .caption_fusion import FusedRanking, caption_cosines, fused_ranking, fused_values
from .chance_limit import ScoreDistribution, score_distribution
from .explanation import Explanation, LabelScore, TermScore, explain
from .rankings import RankedPair, Ranking, ranked_pairs, shared_photos
from .search import (
    Match,
    PictureVectors,
    Place,
    QueryResult,
    ResultPage,
    Searcher,
    Snapshots,
    Sort,
    grouped,
    query_vector,
    search_text,
    search_vector,
)

__all__ = [
    "Explanation",
    "FusedRanking",
    "LabelScore",
    "Match",
    "PictureVectors",
    "Place",
    "QueryResult",
    "RankedPair",
    "Ranking",
    "ResultPage",
    "ScoreDistribution",
    "Searcher",
    "Snapshots",
    "Sort",
    "TermScore",
    "caption_cosines",
    "explain",
    "fused_ranking",
    "fused_values",
    "grouped",
    "query_vector",
    "ranked_pairs",
    "score_distribution",
    "search_text",
    "search_vector",
    "shared_photos",
]
