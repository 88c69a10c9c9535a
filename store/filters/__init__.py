"""Filters on photos: criteria, and the sets of photo ids that meet them."""
