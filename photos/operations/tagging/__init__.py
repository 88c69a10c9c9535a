"""Tagging: tags, labels, vocabularies, re-tags, and sidecars."""
