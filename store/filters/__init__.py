"""Filters on photos: criteria, and the sets of photos that match them."""
