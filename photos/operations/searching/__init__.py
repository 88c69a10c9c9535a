"""Searching: queries, pages of results, and what is known of single photos."""
