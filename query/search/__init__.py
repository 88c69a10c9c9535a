"""Search: query vectors, ranked photos, the chance limit, groups of results, and explanations of a rank."""

from .chance_limit import ScoreDistribution, score_distribution
from .explanation import Explanation, LabelScore, TermScore, explain
from .search import (
    Match,
    Page,
    PictureVectors,
    Place,
    QueryResult,
    Searcher,
    Sort,
    grouped,
    query_vector,
    search_text,
    search_vector,
)

__all__ = [
    "Explanation",
    "LabelScore",
    "Match",
    "Page",
    "PictureVectors",
    "Place",
    "QueryResult",
    "ScoreDistribution",
    "Searcher",
    "Sort",
    "TermScore",
    "explain",
    "grouped",
    "query_vector",
    "score_distribution",
    "search_text",
    "search_vector",
]
