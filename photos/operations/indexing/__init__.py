"""Indexing: passes over folders, and what they leave."""
