"""Filters of a query as sets of photos."""
