"""Scoring photos with a vocabulary, and re-tagging."""
