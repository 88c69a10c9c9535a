"""Filters of a query as sets of photos."""

from .filters import MatchingPhotos, leading_paths, matching_photos

__all__ = ["MatchingPhotos", "leading_paths", "matching_photos"]
