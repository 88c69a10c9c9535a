"""Vectors of texts, and how similar vectors are: cosines, probabilities, near-duplicates. No tags and no queries."""

from .grouping import NEAR, group_around_leaders, group_photos, taken_at_different_times
from .near_pairs import NearPairs, near_pairs
from .scores import best_photos, cosine_of, cosines_with, library_cosines, logit, probability
from .text_vectors import EncodeTexts, TextVectors, normalized_text

__all__ = [
    "NEAR",
    "EncodeTexts",
    "NearPairs",
    "TextVectors",
    "best_photos",
    "cosine_of",
    "cosines_with",
    "group_around_leaders",
    "group_photos",
    "library_cosines",
    "logit",
    "near_pairs",
    "normalized_text",
    "probability",
    "taken_at_different_times",
]
