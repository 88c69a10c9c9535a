"""Vocabularies, label vectors, scores and tags."""
