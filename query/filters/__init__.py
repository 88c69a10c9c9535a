"""Filters of a query as sets of photos."""

from .filters import MatchingPhotos, matching_photos

__all__ = ["MatchingPhotos", "matching_photos"]
