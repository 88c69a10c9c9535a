"""Comparison of sources of tags with each other and with the user's own decisions."""
